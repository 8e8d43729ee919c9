#include "sidecar/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>

#include "sidecar/base/log_line.h"

namespace herdgate::base {
namespace {

struct Sink {
  Sink() : logger("herdgate", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    // Lines arrive finished: the level filter, the time and the escaping are ours.
    logger.set_level(spdlog::level::trace);
    logger.set_pattern("%v");
    format = Resolve(LogFormat::kAuto);
  }

  static LogFormat Resolve(LogFormat format) {
    if (format != LogFormat::kAuto) return format;
    return isatty(STDERR_FILENO) != 0 ? LogFormat::kText : LogFormat::kJson;
  }

  spdlog::logger logger;
  std::atomic<LogFormat> format{LogFormat::kJson};
  std::atomic<LogLevel> least{LogLevel::kInfo};
  std::array<std::atomic<std::uint64_t>, 4> lines{};
};

// Never destroyed: a thread or a static destructor may log until the very end.
Sink& TheSink() {
  static Sink* const sink = new Sink;
  return *sink;
}

}  // namespace

void ConfigureLog(LogFormat format, LogLevel least) {
  TheSink().format = Sink::Resolve(format);
  TheSink().least = least;
}

LogLevel LeastLogLevel() {
  return TheSink().least;
}

void SetLeastLogLevel(LogLevel least) {
  TheSink().least = least;
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  Sink& sink = TheSink();
  if (level < sink.least.load(std::memory_order_relaxed)) return;
  sink.lines[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
  const std::string line = FormatLogLine(sink.format.load(std::memory_order_relaxed), level, SystemClock().Wall(),
                                         event, std::span(fields.begin(), fields.size()));
  sink.logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

std::uint64_t LogLines(LogLevel level) {
  return TheSink().lines[static_cast<std::size_t>(level)].load(std::memory_order_relaxed);
}

bool LogRateLimit::Allow(SteadyTime now, std::uint64_t& suppressed) {
  const std::int64_t now_ns = std::chrono::nanoseconds(now.time_since_epoch()).count();
  std::int64_t next_ns = next_ns_.load(std::memory_order_relaxed);
  const std::int64_t period_ns = std::chrono::nanoseconds(period_).count();
  // Of several threads that arrive at once, the one whose exchange succeeds logs; the others count as suppressed.
  if (now_ns < next_ns || !next_ns_.compare_exchange_strong(next_ns, now_ns + period_ns, std::memory_order_relaxed)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  suppressed = dropped_.exchange(0, std::memory_order_relaxed);
  return true;
}

}  // namespace herdgate::base
