#include "sidecar/admin/audit_log.h"

#include <utility>

#include "sidecar/admin/json_writer.h"
#include "sidecar/admin/text_codec.h"
#include "sidecar/base/log.h"

namespace herdgate::admin {
namespace {

constexpr metrics::CounterFamily kWrites{"herdgate_admin_writes_total",
                                         "Requests to change something by the admin API, by result."};
constexpr metrics::CounterFamily kUnwritten{"herdgate_admin_audit_file_errors_total",
                                            "Entries of the audit log that could not be written to its file."};

void Bound(AuditEntry& entry) {
  for (std::string* const json : {&entry.parameters, &entry.before, &entry.after}) {
    if (json->size() > AuditLog::kMaxJsonBytes) *json = R"({"left_out":"too long"})";
  }
  if (entry.detail.size() <= AuditLog::kMaxDetailBytes) return;
  entry.detail.resize(Utf8Prefix(std::string_view(entry.detail).substr(0, AuditLog::kMaxDetailBytes)));
}

void Log(const AuditEntry& entry) {
  base::LogInfo("admin.audit", {{"number", entry.number},
                                {"by", entry.by},
                                {"remote", entry.remote},
                                {"action", entry.action},
                                {"result", entry.result()},
                                {"status", entry.status},
                                {"request_id", entry.request_id},
                                {"microseconds", static_cast<std::int64_t>(entry.duration.count())}});
}

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
  Bound(entry);
  const std::lock_guard adding(adding_);
  const std::string_view result = entry.result();
  if (entry.is_request) (result == "ok" ? ok_ : result == "refused" ? refused_ : failed_).Add();
  entry.number = ++last_;
  Log(entry);
  if (!path_.empty() && !append_(path_, entry.Json() + "\n")) {
    unwritten_.Add();
    base::LogError("admin.audit_unwritten", {{"file", path_}, {"number", entry.number}});
  }
  const std::lock_guard lock(mutex_);
  ring_.push_back(std::move(entry));
  if (ring_.size() > kKept) ring_.pop_front();
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
