// AuditLog: who changed what. Each entry goes to a ring of the newest 1,000, to the log, and, if there is one, to a
// file, which is written through to the disk before the request is answered.
//
// The log line has no parameters, as they may name keys. The file is opened for each entry, so that it may be moved
// away (logrotate). One that can't be written is told in the log and the metrics, and keeps nobody from acting: the
// other two have the entry.
// Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

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

  std::string_view result() const { return status < 400 ? "ok" : status < 500 ? "refused" : "failed"; }
  std::string Json() const;
};

class AuditLog {
 public:
  static constexpr std::size_t kKept = 1000;
  // Longer ones are left out of an entry.
  static constexpr std::size_t kMaxParameterBytes = 4096;

  // An empty path: no file.
  explicit AuditLog(std::string path) : path_(std::move(path)) {}

  void Add(AuditEntry entry);
  // Newest first, those with numbers below `before` (0: all).
  std::vector<AuditEntry> Newest(std::size_t most, std::uint64_t before) const;
  void Collect(metrics::SampleSink& sink) const;

 private:
  bool WriteFile(const std::string& line) const;

  const std::string path_;
  mutable std::mutex mutex_;  // guards the two below, and the order of the file's lines
  std::deque<AuditEntry> ring_;
  std::uint64_t last_ = 0;
  metrics::Counter ok_;
  metrics::Counter refused_;
  metrics::Counter failed_;
  metrics::Counter unwritten_;
};

}  // namespace herdgate::admin
