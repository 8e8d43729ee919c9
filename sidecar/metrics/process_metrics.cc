#include "sidecar/metrics/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::metrics {
namespace {

constexpr CounterFamily kCpuSeconds{"process_cpu_seconds_total", "User and system CPU time spent, in seconds."};
constexpr GaugeFamily kResidentMemory{"process_resident_memory_bytes", "Resident memory size in bytes."};
constexpr GaugeFamily kVirtualMemory{"process_virtual_memory_bytes", "Virtual memory size in bytes."};
constexpr GaugeFamily kOpenFds{"process_open_fds", "Number of open file descriptors."};
constexpr GaugeFamily kMaxFds{"process_max_fds", "Maximum number of open file descriptors."};
constexpr GaugeFamily kStartTime{"process_start_time_seconds",
                                 "Start time of the process since the Unix epoch, in seconds."};
constexpr GaugeFamily kBuildInfo{"herdgate_build_info", "Always 1; the labels say which build runs."};
constexpr CounterFamily kLogMessages{"herdgate_log_messages_total", "Log lines written, by level."};

std::optional<std::string> ReadSmallFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string text;
  std::array<char, 4096> chunk{};
  ssize_t got = 0;
  while ((got = read(fd, chunk.data(), chunk.size())) > 0 && text.size() < 65'536) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  if (got < 0) return std::nullopt;
  return text;
}

// The `index`-th blank-separated number of `text`, from 0.
std::optional<std::uint64_t> NumberAt(std::string_view text, int index) {
  for (; index >= 0; --index) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    if (word.empty()) return std::nullopt;
    if (index > 0) {
      text.remove_prefix(word.size());
      continue;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

// When the machine booted, in seconds since the Unix epoch.
std::optional<std::uint64_t> BootTime(const std::string& proc_root) {
  const std::optional<std::string> stat = ReadSmallFile(proc_root + "/stat");
  if (!stat) return std::nullopt;
  const std::size_t line = stat->find("\nbtime ");
  if (line == std::string::npos) return std::nullopt;
  return NumberAt(std::string_view(*stat).substr(line + 1), 1);
}

// proc(5): fields of /proc/self/stat from the third one on; the second, the name, may hold blanks and brackets.
void CollectStat(SampleSink& sink, const std::string& proc_root) {
  const std::optional<std::string> stat = ReadSmallFile(proc_root + "/self/stat");
  if (!stat) return;
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos) return;
  const std::string_view fields = std::string_view(*stat).substr(name_end + 1);
  constexpr int kFirst = 3;
  const auto user = NumberAt(fields, 14 - kFirst);
  const auto system = NumberAt(fields, 15 - kFirst);
  const auto start = NumberAt(fields, 22 - kFirst);
  const auto virtual_bytes = NumberAt(fields, 23 - kFirst);
  const auto resident_pages = NumberAt(fields, 24 - kFirst);

  const auto hertz = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (user && system) sink.Add(kCpuSeconds, {}, static_cast<double>(*user + *system) / hertz);
  if (virtual_bytes) sink.Add(kVirtualMemory, {}, *virtual_bytes);
  if (resident_pages)
    sink.Add(kResidentMemory, {}, *resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  if (const auto boot = BootTime(proc_root); boot && start) {
    sink.Add(kStartTime, {}, static_cast<double>(*boot) + static_cast<double>(*start) / hertz);
  }
}

void CollectFds(SampleSink& sink, const std::string& proc_root) {
  if (DIR* const dir = opendir((proc_root + "/self/fd").c_str())) {
    std::int64_t open = 0;
    while (const dirent* entry = readdir(dir)) open += entry->d_name[0] != '.' ? 1 : 0;
    closedir(dir);
    sink.Add(kOpenFds, {}, open - 1);  // one of them was the directory being read
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) sink.Add(kMaxFds, {}, limit.rlim_cur);
}

void CollectLog(SampleSink& sink) {
  using base::LogLevel;
  constexpr std::array<std::pair<LogLevel, std::string_view>, 4> kLevels{
      {{LogLevel::kDebug, "debug"}, {LogLevel::kInfo, "info"}, {LogLevel::kWarn, "warn"}, {LogLevel::kError, "error"}}};
  for (const auto& [level, name] : kLevels) sink.Add(kLogMessages, {{"level", name}}, base::LogLines(level));
}

}  // namespace

ProcessMetrics::ProcessMetrics(Registry& registry, BuildInfo build, std::string proc_root)
    : build_(std::move(build)),
      proc_root_(std::move(proc_root)),
      registration_(registry.Register([this](SampleSink& sink) { Collect(sink); })) {}

void ProcessMetrics::Collect(SampleSink& sink) const {
  CollectStat(sink, proc_root_);
  CollectFds(sink, proc_root_);
  sink.Add(kBuildInfo, {{"version", build_.version}, {"revision", build_.revision}}, 1);
  CollectLog(sink);
}

}  // namespace herdgate::metrics
