// AuditLog: who changed what. Each entry goes to a ring of the newest 1,000, to the log, and, if there is one, to a
// file, which is written through to the disk before the request is answered.
//
// The log line has no parameters, as they may name keys. What may be a file: audit_file.h. One that can't be written is
// told in the log and the metrics, and keeps nobody from acting: the other two have the entry.
// Threads: any. Add waits for the disk, and for others that Add; Newest and Collect wait for neither. Loops of the data
// path call none of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/audit_file.h"
#include "sidecar/base/clock.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::admin {

struct AuditEntry {
  std::uint64_t number = 0;  // set by Add: from 1, no gaps
  base::WallTime time{};
  std::string request_id{};
  std::string by{};               // the token's name; "-" without one
  std::string remote{};           // address and port
  std::string action{};           // the operation's id
  std::string parameters = "{}";  // JSON
  int status = 0;
  std::string detail{};  // of a problem
  std::chrono::microseconds duration{0};
  std::string before = "null";  // JSON
  std::string after = "null";   // JSON
  bool is_request = true;       // false: what an earlier one came to; not counted as another

  std::string_view result() const { return status < 400 ? "ok" : status < 500 ? "refused" : "failed"; }
  std::string Json() const;
};

class AuditLog {
 public:
  static constexpr std::size_t kKept = 1000;
  // Longer parameters, and states before and after, are left out of an entry; longer details are cut. So all that is
  // kept is bounded.
  static constexpr std::size_t kMaxJsonBytes = 4096;
  static constexpr std::size_t kMaxDetailBytes = 1024;

  // Writes a line to the end of the file; as AppendLine.
  using Append = std::function<bool(const std::string& path, std::string_view line)>;

  // An empty path: no file.
  explicit AuditLog(std::string path, Append append = AppendLine)
      : path_(std::move(path)), append_(std::move(append)) {}

  void Add(AuditEntry entry);
  // Newest first, those with numbers below `before` (0: all).
  std::vector<AuditEntry> Newest(std::size_t most, std::uint64_t before) const;
  void Collect(metrics::SampleSink& sink) const;

 private:
  const std::string path_;
  const Append append_;
  std::mutex adding_;  // guards last_, and the order of the entries everywhere; taken before mutex_
  std::uint64_t last_ = 0;
  mutable std::mutex mutex_;  // guards ring_; never held over I/O
  std::deque<AuditEntry> ring_;
  metrics::Counter ok_;
  metrics::Counter refused_;
  metrics::Counter failed_;
  metrics::Counter unwritten_;
};

}  // namespace herdgate::admin
