// herdgate_load: puts RESP load on a server and prints what it saw as one line of JSON. See --help.
#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "tests/bench/load/options.h"
#include "tests/bench/load/worker.h"

namespace herdgate::bench {
namespace {

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') out += '\\';
    out += byte >= ' ' && byte <= '~' ? byte : '?';
  }
  return out + "\"";
}

// Thousands of connections need more than the usual soft limit of 1024 files.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

WorkerResult Merge(const std::vector<std::unique_ptr<Worker>>& workers) {
  WorkerResult all;
  for (const auto& worker : workers) {
    const WorkerResult& one = worker->result();
    all.latency.Merge(one.latency);
    all.ops += one.ops;
    all.total_ops += one.total_ops;
    all.errors += one.errors;
    all.misses += one.misses;
    all.unanswered += one.unanswered;
    if (one.busy > all.busy) all.busy = one.busy;
    if (all.first_error.empty()) all.first_error = one.first_error;
    if (all.failure.empty()) all.failure = one.failure;
  }
  return all;
}

void Print(const LoadOptions& options, const WorkerResult& all, double seconds) {
  const auto microseconds = [&](double quantile) { return static_cast<double>(all.latency.ValueAt(quantile)) / 1e3; };
  std::printf(
      "{\"mode\": \"%s\", \"ops\": %llu, \"rps\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, ",
      ModeName(options.mode), static_cast<unsigned long long>(all.ops), static_cast<double>(all.ops) / seconds,
      microseconds(0.5), microseconds(0.99), microseconds(0.999));
  std::printf(
      "\"errors\": %llu, \"misses\": %llu, \"total_ops\": %llu, \"unanswered\": %llu, \"busiest_thread\": %.2f, ",
      static_cast<unsigned long long>(all.errors), static_cast<unsigned long long>(all.misses),
      static_cast<unsigned long long>(all.total_ops), static_cast<unsigned long long>(all.unanswered), all.busy);
  std::printf("\"first_error\": %s, \"failure\": %s}\n", JsonString(all.first_error).c_str(),
              JsonString(all.failure).c_str());
}

int Run(const LoadOptions& options) {
  RaiseFileLimit();
  RunControl control(options.threads);
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::jthread> threads;
  threads.reserve(options.threads);
  for (unsigned i = 0; i < options.threads; ++i) workers.push_back(std::make_unique<Worker>(options, control, i));
  for (const auto& worker : workers) threads.emplace_back([&worker] { worker->Run(); });
  control.connected.wait();
  const uint64_t started = NowNanoseconds();
  control.measure_start = started + static_cast<uint64_t>(options.warmup_seconds * 1e9);
  control.measure_end = control.measure_start + static_cast<uint64_t>(options.seconds * 1e9);
  control.start.count_down();
  threads.clear();
  const double preload_seconds = static_cast<double>(NowNanoseconds() - started) / 1e9 - options.linger_seconds;
  const WorkerResult all = Merge(workers);
  Print(options, all, options.mode == Mode::kPreload ? preload_seconds : options.seconds);
  return all.failure.empty() ? 0 : 1;
}

}  // namespace
}  // namespace herdgate::bench

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(herdgate::bench::Usage(), stdout);
    return 0;
  }
  const auto parsed = herdgate::bench::ParseOptions(argc, argv);
  if (const std::string* error = std::get_if<std::string>(&parsed)) {
    std::fprintf(stderr, "herdgate_load: %s (--help shows the flags)\n", error->c_str());
    return 2;
  }
  return herdgate::bench::Run(std::get<herdgate::bench::LoadOptions>(parsed));
}
