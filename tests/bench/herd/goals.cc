#include "tests/bench/herd/goals.h"

#include <cstdio>

namespace herdgate::bench {
namespace {

constexpr double kWithLeases = 1.02;     // recomputes of an expiry
constexpr double kWithoutLeases = 2.8;   // with early refresh
constexpr double kWakeUp = 0.005;        // seconds beyond the computation that a waiter may take
constexpr double kWaitedTooLong = 0.05;  // seconds beyond the policy's max_wait

class Judge {
 public:
  explicit Judge(const std::string& run) : run_(run) {}

  void AtMost(double value, double bound, const char* what) {
    if (value <= bound) return;
    char text[160];
    std::snprintf(text, sizeof text, "%s: %s is %.4g, more than %.4g", run_.c_str(), what, value, bound);
    missed_.emplace_back(text);
  }
  void None(std::uint64_t count, const char* what) { AtMost(static_cast<double>(count), 0, what); }
  std::vector<std::string> missed() && { return std::move(missed_); }

 private:
  const std::string& run_;
  std::vector<std::string> missed_;
};

}  // namespace

std::vector<std::string> MissedGoals(const Options& options, const RunReport& run) {
  const HerdResult& result = run.result;
  const HerdPlan& plan = run.spec.plan;
  Judge judge(run.spec.name);
  if (result.epochs.size() < plan.expiries)
    judge.None(plan.expiries - result.epochs.size(), "the number of expiries that never came");
  judge.None(result.timeouts, "the number of timeouts");
  judge.None(result.errors, "the number of errors");
  judge.None(result.older_reads, "the number of reads of an older value");
  judge.None(result.unknown_reads, "the number of reads of a value that was never stored");
  if (!run.spec.is_protected) return std::move(judge).missed();
  const double killed = plan.kill_leader ? 1 : 0;
  const double mean = result.recomputes.Mean() - killed;
  if (run.spec.leases)
    judge.AtMost(mean, kWithLeases,
                 plan.kill_leader ? "recomputes of an expiry, besides the killed one," : "recomputes of an expiry");
  if (!run.spec.leases && options.fleet.policy.beta > 0) judge.AtMost(mean, kWithoutLeases, "recomputes of an expiry");
  if (plan.cold_every > 0 && run.spec.leases) {
    judge.AtMost(result.in_epoch.Quantile(0.99), plan.cost + kWakeUp,
                 "p99 of the requests without a value, in seconds,");
  }
  if (plan.kill_leader) {
    const double wait = options.fleet.policy.max_wait_ms / 1e3;
    judge.AtMost(result.in_epoch.Max(), wait + kWaitedTooLong, "the longest wait, in seconds,");
  }
  return std::move(judge).missed();
}

}  // namespace herdgate::bench
