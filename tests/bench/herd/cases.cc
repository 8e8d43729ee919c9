#include "tests/bench/herd/cases.h"

#include <algorithm>

#include "tests/bench/herd/theory.h"

namespace herdgate::bench {
namespace {

struct Case {
  const char* name;
  const char* what;
  double rate;
  double slots;
  std::uint32_t expiries;
  std::uint32_t unprotected_expiries;
  std::uint32_t quick_unprotected_expiries;
};

// S3 without protection keeps the origin busy for a minute each time.
constexpr Case kCases[] = {
    {"S1", "an expiry of a hot key, an origin without limits", 1000, 0, 200, 20, 5},
    {"S2", "the same, 50 slots: misses come four times as fast as they are computed", 1000, 50, 200, 20, 3},
    {"S3", "the same, 30 slots: the cliff", 1000, 30, 200, 3, 1},
    {"S4", "cold start: keys that were never there, all requests at once", 1000, 0, 200, 20, 5},
    {"S5", "whoever computes first loses its connection half-way", 1000, 0, 200, 20, 5},
    {"S6", "1, 10 and 50 sidecars, with and without leases, at a low rate", 200, 0, 20, 20, 5},
};
constexpr double kQuickTtl = 2;
constexpr std::uint32_t kQuickExpiries = 10;
constexpr double kColdEvery = 2;
constexpr double kPushDelay = 0.05;

const Case& FindCase(const std::string& name) {
  const auto* const found =
      std::find_if(std::begin(kCases), std::end(kCases), [&](const Case& c) { return name == c.name; });
  return found == std::end(kCases) ? kCases[0] : *found;
}

// Requests a second for one key.
double KeyRate(const HerdPlan& plan) {
  return plan.arrivals.rate / plan.arrivals.keys;
}

Expectation Unprotected(const Options& options) {
  const HerdPlan& plan = options.plan;
  Expectation theory;
  theory.window = UnprotectedWindow(KeyRate(plan), plan.cost, plan.slots);
  theory.recomputes = UnprotectedRecomputes(KeyRate(plan), plan.cost, plan.slots);
  return theory;
}

// With leases one computes; without them one in each pod that is asked in time.
Expectation Protected(const Options& options, unsigned sidecars, bool leases) {
  const HerdPlan& plan = options.plan;
  const double beta = options.fleet.policy.beta;
  const double rate = KeyRate(plan);
  Expectation theory;
  theory.window = plan.cost;
  theory.recomputes = 1;
  theory.recomputes_p99 = leases ? 1 : 0;
  if (!leases) {
    theory.recomputes =
        beta > 0 ? RecomputesEarlyPerPod(beta, sidecars) : RecomputesPerPodFlight(rate, plan.cost, sidecars);
  }
  if (!leases && beta > 0) theory.recomputes_p99 = RecomputesEarlyQuantile(beta, 0.99);
  if (beta > 0) {
    theory.gap = RefreshGap(rate, plan.cost, beta);
    theory.slow_share = theory.recomputes / (rate * std::max(plan.cost, plan.ttl - theory.gap));
  } else {
    theory.in_epoch_p99 = 0.99 * plan.cost;
  }
  if (plan.kill_leader) {
    theory.recomputes += 1;
    theory.recomputes_p99 += leases ? 1 : 0;
    theory.window = 1.5 * plan.cost;
    theory.in_epoch_p99 = 0.99 * theory.window;
  }
  return theory;
}

std::string RunName(unsigned sidecars, bool leases) {
  return std::to_string(sidecars) + (sidecars == 1 ? " sidecar, " : " sidecars, ") + (leases ? "leases" : "no leases");
}

}  // namespace

std::string CaseList() {
  std::string out = "Cases:\n";
  for (const Case& c : kCases) out += std::string("  ") + c.name + "  " + c.what + "\n";
  return out + "\nExit codes: 0 done, 1 a run failed or missed a goal (--check), 2 a wrong flag.";
}

Options DefaultsOf(const Options& chosen) {
  const Case& defaults = FindCase(chosen.case_name);
  Options options;
  options.case_name = chosen.case_name;
  options.quick = chosen.quick;
  HerdPlan& plan = options.plan;
  plan.arrivals.rate = defaults.rate;
  plan.slots = defaults.slots;
  plan.expiries = chosen.quick ? kQuickExpiries : defaults.expiries;
  options.unprotected_expiries = chosen.quick ? defaults.quick_unprotected_expiries : defaults.unprotected_expiries;
  // Early refresh needs the room: it begins seconds before the end.
  if (chosen.quick && chosen.fleet.policy.beta <= 0) plan.ttl = kQuickTtl;
  // A near cache learns of a write elsewhere by a push.
  if (chosen.fleet.policy.near) plan.older_allowed = kPushDelay;
  const std::string name = defaults.name;
  if (name == "S4") plan.cold_every = kColdEvery;
  if (name == "S5") plan.kill_leader = plan.pinned = true;
  if (name == "S6") {
    options.sidecars = {1, 10, 50};
    options.leases = {true, false};
  }
  return options;
}

std::vector<RunSpec> RunsOf(const Options& options) {
  std::vector<RunSpec> runs;
  if (options.unprotected_run) {
    RunSpec run;
    run.name = "unprotected";
    run.plan = options.plan;
    run.plan.expiries = std::min(options.unprotected_expiries, options.plan.expiries);
    // There is nothing that would have to learn.
    run.plan.warmup = 0;
    run.theory = Unprotected(options);
    runs.push_back(std::move(run));
  }
  if (!options.protected_run) return runs;
  for (const unsigned sidecars : options.sidecars) {
    for (const bool leases : options.leases) {
      runs.push_back(
          {RunName(sidecars, leases), true, sidecars, leases, options.plan, Protected(options, sidecars, leases)});
    }
  }
  return runs;
}

}  // namespace herdgate::bench
