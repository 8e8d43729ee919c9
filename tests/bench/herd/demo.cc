#include "tests/bench/herd/demo.h"

#include <cstdio>
#include <ctime>
#include <limits>
#include <memory>

#include "tests/bench/herd/theory.h"

namespace herdgate::bench {
namespace {

constexpr double kRate = 200;
constexpr std::uint32_t kHotKeys = 3;
constexpr double kOtherShare = 0.2;
constexpr std::uint32_t kOtherKeys = 2000;
constexpr int kHeadEvery = 20;
constexpr int kStartTries = 100;  // of 100 ms

HerdPlan DemoPlan(const Options& options) {
  HerdPlan plan;
  plan.pods = {options.target};
  plan.arrivals = {kRate, kHotKeys, kOtherKeys, kOtherShare, 1, options.plan.arrivals.seed};
  plan.slots = 0;
  plan.expiries = 0;
  // Nothing is kept of what a demo does: it may run for days.
  plan.warmup = std::numeric_limits<std::uint32_t>::max();
  plan.timeout = 2;
  return plan;
}

// What one second was, and all of them together.
class Screen {
 public:
  void Print(const Herd::Second& second, double per_expiry) {
    if (lines_++ % kHeadEvery == 0) {
      std::printf("%-8s  %8s  %10s  %16s  %9s  %s\n", "", "requests", "recomputes", "without Herdgate", "worst",
                  "since the start");
    }
    recomputes_ += second.jobs;
    without_ += static_cast<double>(second.epochs) * per_expiry;
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    char clock[16];
    std::strftime(clock, sizeof clock, "%H:%M:%S", &local);
    std::printf("%-8s  %8llu  %10llu  %16.0f  %6.1f ms  %llu recomputes instead of %.0f", clock,
                static_cast<unsigned long long>(second.requests), static_cast<unsigned long long>(second.jobs),
                static_cast<double>(second.epochs) * per_expiry, second.worst * 1e3,
                static_cast<unsigned long long>(recomputes_), without_);
    if (second.errors > 0) std::printf("  %llu errors", static_cast<unsigned long long>(second.errors));
    std::printf("\n");
    std::fflush(stdout);
  }

 private:
  int lines_ = 0;
  std::uint64_t recomputes_ = 0;
  double without_ = 0;
};

}  // namespace

int RunDemo(const Options& options, const std::function<bool()>& stopped) {
  bool answers = false;
  for (int i = 0; i < kStartTries && !answers && !stopped(); ++i) answers = Answers(options.target, 0.1);
  if (!answers) {
    if (stopped()) return 0;
    std::fprintf(stderr, "herdgate-herd: nothing answers on %s:%u\n", options.target.host.c_str(), options.target.port);
    return 1;
  }
  HerdPlan plan = DemoPlan(options);
  const double key_rate = kRate * (1 - kOtherShare) / kHotKeys;
  const double per_expiry = UnprotectedRecomputes(key_rate, plan.cost, plan.slots);
  std::printf("an app behind %s:%u: %.0f requests/s, %u hot keys that live %.0f s and take %.0f ms to compute\n",
              options.target.host.c_str(), options.target.port, kRate, kHotKeys, plan.ttl, plan.cost * 1e3);
  Screen screen;
  std::unique_ptr<Herd> herd;
  plan.stopped = stopped;
  plan.each_second = [&](double seconds) {
    screen.Print(herd->second(), per_expiry);
    return options.seconds <= 0 || seconds < options.seconds;
  };
  herd = std::make_unique<Herd>(std::move(plan));
  herd->Run();
  return 0;
}

}  // namespace herdgate::bench
