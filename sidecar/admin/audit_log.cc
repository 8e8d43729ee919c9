#include "sidecar/admin/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "sidecar/admin/json_writer.h"
#include "sidecar/base/log.h"

namespace herdgate::admin {
namespace {

constexpr metrics::CounterFamily kWrites{"herdgate_admin_writes_total",
                                         "Requests to change something by the admin API, by result."};
constexpr metrics::CounterFamily kUnwritten{"herdgate_admin_audit_file_errors_total",
                                            "Entries of the audit log that could not be written to its file."};

}  // namespace

std::string AuditEntry::Json() const {
  JsonWriter json;
  json.Object().Add("number", number).Add("time", TimeText(time.time_since_epoch().count()));
  json.Add("request_id", request_id).Add("by", by).Add("remote", remote).Add("action", action);
  json.Raw("parameters", parameters).Add("result", result()).Add("status", status).Add("detail", detail);
  json.Add("seconds", std::chrono::duration<double>(duration).count());
  return json.Raw("before", before).Raw("after", after).End().Take();
}

void AuditLog::Add(AuditEntry entry) {
  const std::lock_guard lock(mutex_);
  entry.number = ++last_;
  if (entry.parameters.size() > kMaxParameterBytes) entry.parameters = R"({"left_out":"too long"})";
  const std::string_view result = entry.result();
  (result == "ok" ? ok_ : result == "refused" ? refused_ : failed_).Add();
  base::LogInfo("admin.audit", {{"number", entry.number},
                                {"by", entry.by},
                                {"remote", entry.remote},
                                {"action", entry.action},
                                {"result", result},
                                {"status", entry.status},
                                {"request_id", entry.request_id},
                                {"microseconds", static_cast<std::int64_t>(entry.duration.count())}});
  if (!path_.empty() && !WriteFile(entry.Json() + "\n")) {
    unwritten_.Add();
    base::LogError("admin.audit_unwritten", {{"file", path_}, {"number", entry.number}});
  }
  ring_.push_back(std::move(entry));
  if (ring_.size() > kKept) ring_.pop_front();
}

bool AuditLog::WriteFile(const std::string& line) const {
  const int fd = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && fsync(fd) == 0;
  return close(fd) == 0 && written;
}

std::vector<AuditEntry> AuditLog::Newest(std::size_t most, std::uint64_t before) const {
  const std::lock_guard lock(mutex_);
  std::vector<AuditEntry> entries;
  for (auto entry = ring_.rbegin(); entry != ring_.rend() && entries.size() < most; ++entry) {
    if (before == 0 || entry->number < before) entries.push_back(*entry);
  }
  return entries;
}

void AuditLog::Collect(metrics::SampleSink& sink) const {
  sink.Add(kWrites, {{"result", "ok"}}, ok_);
  sink.Add(kWrites, {{"result", "refused"}}, refused_);
  sink.Add(kWrites, {{"result", "failed"}}, failed_);
  sink.Add(kUnwritten, {}, unwritten_);
}

}  // namespace herdgate::admin
