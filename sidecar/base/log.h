// The log: one structured line per event, text on a terminal and JSON otherwise.
//
// An event is a fixed dotted name ("listener.started") with fields; everything that varies goes into a field, so that
// lines can be counted by event. Never pass a raw key, a value, a password or a client's bytes as a field.
// Threads: any. Cost: a syscall per line, so never once per command; use RateLimit for what traffic can cause.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"

namespace herdgate::base {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarn, kError };
enum class LogFormat : unsigned char { kAuto, kText, kJson };  // kAuto: text if stderr is a terminal

struct LogField {
  LogField(std::string_view key, std::string_view text) : name(key), value(text) {}
  LogField(std::string_view key, const char* text) : name(key), value(text) {}
  LogField(std::string_view key, const std::string& text) : name(key), value(text) {}
  LogField(std::string_view key, std::int64_t number) : name(key), value(std::to_string(number)), is_number(true) {}
  LogField(std::string_view key, std::uint64_t number) : name(key), value(std::to_string(number)), is_number(true) {}
  LogField(std::string_view key, int number) : name(key), value(std::to_string(number)), is_number(true) {}

  std::string_view name;
  std::string value;
  bool is_number = false;
};

// Sets format and least level for the process. Call before other threads log; the default is kAuto at kInfo.
void ConfigureLog(LogFormat format, LogLevel least);
// The least level that is written; to be changed at any time.
LogLevel LeastLogLevel();
void SetLeastLogLevel(LogLevel least);

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
inline void LogDebug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kDebug, event, fields);
}
inline void LogInfo(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarn(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, event, fields);
}
inline void LogError(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, event, fields);
}

// Lines logged so far at `level`, for the metrics.
std::uint64_t LogLines(LogLevel level);

// Lets one event through per `period` and counts the rest. Threads: any.
class LogRateLimit {
 public:
  explicit LogRateLimit(std::chrono::milliseconds period) : period_(period) {}
  // True if the caller may log now; `suppressed` is then the number of events dropped since the last line.
  bool Allow(SteadyTime now, std::uint64_t& suppressed);

 private:
  const std::chrono::milliseconds period_;
  std::atomic<std::int64_t> next_ns_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace herdgate::base
