#include "tests/bench/herd/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace herdgate::bench {
namespace {

using nlohmann::json;

// Above this the figures say more about this program than about what it measures.
constexpr double kTooLate = 0.02;

std::string Number(double value, int digits) {
  std::string text(64, '\0');
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Three digits that matter, no exponent.
std::string Short(double value) {
  if (value >= 100) return Number(value, 0);
  return Number(value, value >= 10 ? 1 : 2);
}

std::string Time(double seconds) {
  if (seconds > 0 && seconds < 1e-5) return Short(seconds * 1e6) + " us";
  return seconds < 1 ? Short(seconds * 1e3) + " ms" : Short(seconds) + " s";
}

std::string Percent(double share) {
  return Number(share * 100, share < 0.1 ? 2 : 1) + " %";
}

std::string Known(double value, std::string (*text)(double)) {
  return value > 0 ? text(value) : "";
}

double PerEpoch(const HerdResult& result, double value) {
  return result.epochs.empty() ? 0 : value / static_cast<double>(result.epochs.size());
}

// Requests that took at least half as long as a computation.
double SlowShare(const RunReport& run) {
  return run.result.latency.ShareFrom(run.spec.plan.cost / 2);
}

constexpr const char* kHead[] = {"",      "recomputes", "p99",  "most",        "first value", "request p50", "p99",
                                 "p99.9", "longest",    "slow", "missing p99", "busy",        "most jobs"};
using Row = std::vector<std::string>;

Row Measured(const RunReport& run) {
  const HerdResult& result = run.result;
  const Sample& latency = result.latency;
  return {run.spec.name,
          Short(result.recomputes.Mean()),
          Number(result.recomputes.Quantile(0.99), 0),
          Number(result.recomputes.Max(), 0),
          Time(result.windows.Mean()),
          Time(latency.Quantile(0.5)),
          Time(latency.Quantile(0.99)),
          Time(latency.Quantile(0.999)),
          Time(latency.Max()),
          Percent(SlowShare(run)),
          Time(result.in_epoch.Quantile(0.99)),
          Time(PerEpoch(result, result.busy_seconds)),
          std::to_string(result.peak_jobs)};
}

Row Theory(const RunReport& run) {
  const Expectation& theory = run.spec.theory;
  const double whole = run.spec.plan.slots > 0 ? theory.recomputes * run.spec.plan.cost / run.spec.plan.slots : 0;
  // Without a limit jobs overlap for twice the cost; with one the work is done slot by slot.
  const double window = run.spec.is_protected ? theory.window : std::max(whole, 2 * theory.window);
  const double peak = run.spec.is_protected ? 0 : theory.recomputes;
  return {"  theory",
          Known(theory.recomputes, Short),
          theory.recomputes_p99 > 0 ? Number(theory.recomputes_p99, 0) : "",
          "",
          Known(theory.window, Time),
          "",
          "",
          "",
          "",
          Known(theory.slow_share, Percent),
          Known(theory.in_epoch_p99, Time),
          run.spec.is_protected ? "" : Time(window),
          Known(peak, Short)};
}

std::string Layout(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(std::size(kHead), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string Conditions(const Options& options) {
  const HerdPlan& plan = options.plan;
  std::string out = options.case_name + ": " + Short(plan.arrivals.rate) + " requests/s on " +
                    std::to_string(plan.arrivals.keys) + (plan.arrivals.keys == 1 ? " key" : " keys") + ", cost " +
                    Time(plan.cost) + ", " + (plan.slots > 0 ? Short(plan.slots) + " slots" : "no limit of slots");
  if (plan.arrivals.keys > 1) out += plan.own_origins ? " for each key" : " for all keys";
  out += plan.cold_every > 0 ? ", new keys every " + Time(plan.cold_every) : ", time to live " + Time(plan.ttl);
  if (options.fleet.policy.beta > 0) out += ", early refresh with beta " + Short(options.fleet.policy.beta);
  if (plan.pinned) out += ", a connection for each thread";
  return out + ", seed " + std::to_string(plan.arrivals.seed);
}

json SampleJson(const Sample& sample) {
  return {{"count", sample.count()},      {"mean", sample.Mean()},          {"p50", sample.Quantile(0.5)},
          {"p99", sample.Quantile(0.99)}, {"p999", sample.Quantile(0.999)}, {"max", sample.Max()}};
}

json TheoryJson(const Expectation& theory) {
  return {{"recomputes_mean", theory.recomputes}, {"recomputes_p99", theory.recomputes_p99},
          {"window_seconds", theory.window},      {"gap_seconds", theory.gap},
          {"slow_share", theory.slow_share},      {"in_epoch_p99_seconds", theory.in_epoch_p99}};
}

json EpochsJson(const std::vector<Epoch>& epochs) {
  json out = json::array();
  for (const Epoch& epoch : epochs) {
    out.push_back({{"opened", epoch.opened}, {"closed", epoch.closed}, {"recomputes", epoch.recomputes}});
  }
  return out;
}

json OriginJson(const HerdResult& result) {
  return {{"busy_seconds", result.busy_seconds},
          {"saturated_seconds", result.saturated_seconds},
          {"peak_jobs", result.peak_jobs},
          {"jobs", result.jobs}};
}

json ReadsJson(const HerdResult& result) {
  return {{"expired", result.expired_reads},
          {"expired_most_seconds", result.expired_most},
          {"older", result.older_reads},
          {"older_most_seconds", result.older_most},
          {"unknown", result.unknown_reads}};
}

json RunJson(const RunReport& run) {
  const HerdResult& result = run.result;
  return {{"name", run.spec.name},
          {"protected", run.spec.is_protected},
          {"sidecars", run.spec.sidecars},
          {"leases", run.spec.leases},
          {"theory", TheoryJson(run.spec.theory)},
          {"seconds", result.seconds},
          {"requests", result.requests},
          {"expiries", result.epochs.size()},
          {"recomputes", SampleJson(result.recomputes)},
          {"window_seconds", SampleJson(result.windows)},
          {"refresh_gap_seconds", SampleJson(result.gaps)},
          {"latency_seconds", SampleJson(result.latency)},
          {"in_epoch_latency_seconds", SampleJson(result.in_epoch)},
          {"slow_share", SlowShare(run)},
          {"origin", OriginJson(result)},
          {"reads", ReadsJson(result)},
          {"timeouts", result.timeouts},
          {"errors", result.errors},
          {"first_error", result.first_error},
          {"killed", result.killed},
          {"connections", result.connections},
          {"lateness_seconds", result.lateness},
          {"epochs", EpochsJson(result.epochs)}};
}

std::string Remarks(const RunReport& run) {
  const HerdResult& result = run.result;
  std::vector<std::string> parts;
  const auto add = [&](std::uint64_t count, const std::string& what) {
    if (count > 0) parts.push_back(std::to_string(count) + " " + what);
  };
  parts.push_back(std::to_string(result.epochs.size()) + " expiries in " + Time(result.seconds));
  parts.push_back(std::to_string(result.requests) + " requests");
  parts.push_back(std::to_string(result.connections) + " connections");
  if (result.gaps.count() > 0) {
    std::string text = std::to_string(result.gaps.count()) + " refreshed early, " + Time(result.gaps.Mean());
    if (run.spec.theory.gap > 0) text += " (theory " + Time(run.spec.theory.gap) + ")";
    parts.push_back(text + " on average");
  }
  add(result.killed, "killed");
  add(result.timeouts, "TIMEOUTS");
  add(result.errors, "ERRORS (" + result.first_error + ")");
  add(result.expired_reads, "reads past the value's end, " + Time(result.expired_most) + " at most");
  add(result.older_reads, "READS OF AN OLDER VALUE, " + Time(result.older_most) + " at most");
  add(result.unknown_reads, "READS OF A VALUE THAT WAS NEVER STORED THERE");
  if (result.lateness > kTooLate) parts.push_back("the herd itself was " + Time(result.lateness) + " late at most");
  std::string out = run.spec.name + ": ";
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : ", ") + parts[i];
  return out + "\n";
}

}  // namespace

std::string TableOf(const Options& options, const std::vector<RunReport>& runs) {
  std::vector<Row> rows = {Row(std::begin(kHead), std::end(kHead))};
  for (const RunReport& run : runs) {
    rows.push_back(Measured(run));
    rows.push_back(Theory(run));
  }
  return Conditions(options) + "\n\n" + Layout(rows);
}

std::string RemarksOf(const std::vector<RunReport>& runs) {
  std::string out;
  for (const RunReport& run : runs) out += Remarks(run);
  return out;
}

std::string JsonOf(const Options& options, const std::vector<RunReport>& runs) {
  const HerdPlan& plan = options.plan;
  json out = {{"case", options.case_name},
              {"rate", plan.arrivals.rate},
              {"keys", plan.arrivals.keys},
              {"cost_seconds", plan.cost},
              {"slots", plan.slots},
              {"own_origins", plan.own_origins},
              {"ttl_seconds", plan.ttl},
              {"cold_every_seconds", plan.cold_every},
              {"beta", options.fleet.policy.beta},
              {"seed", plan.arrivals.seed},
              {"runs", json::array()}};
  for (const RunReport& run : runs) out["runs"].push_back(RunJson(run));
  return out.dump(2) + "\n";
}

}  // namespace herdgate::bench
