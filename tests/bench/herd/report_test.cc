#include "tests/bench/herd/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace herdgate::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

// Three expiries: 1, 1 and 4 computations.
RunReport Report() {
  RunReport run;
  run.spec.name = "10 sidecars, leases";
  run.spec.is_protected = true;
  run.spec.sidecars = 10;
  run.spec.theory.recomputes = 1;
  run.spec.plan.cost = 0.2;
  for (const double recomputes : {1.0, 1.0, 4.0}) {
    run.result.recomputes.Add(recomputes);
    run.result.epochs.emplace_back();
    run.result.windows.Add(0.25);
  }
  for (int i = 1; i <= 100; ++i) run.result.latency.Add(i <= 98 ? 0.001 : 0.3);
  run.result.requests = 100;
  run.result.busy_seconds = 1.5;
  return run;
}

TEST(Report, TheTableHoldsWhatWasMeasuredAndTheTheory) {
  const std::string table = TableOf(Options{}, {Report()});
  EXPECT_THAT(table,
              testing::MatchesRegex("(.|\n)*10 sidecars, leases +2.00 +4 +4 +250 ms +1.00 ms +300 ms +300 ms +300 ms "
                                    "+2.00 % +0.00 ms +500 ms +0\n  theory +1.00\n"));
}

TEST(Report, RemarksNameOnlyWhatHappened) {
  RunReport run = Report();
  EXPECT_THAT(RemarksOf({run}), Not(HasSubstr("OLDER")));
  run.result.older_reads = 7;
  run.result.older_most = 0.012;
  EXPECT_THAT(RemarksOf({run}), HasSubstr("7 READS OF AN OLDER VALUE, 12.0 ms at most"));
}

TEST(Report, JsonHoldsTheFiguresInSeconds) {
  const auto parsed = nlohmann::json::parse(JsonOf(Options{}, {Report()}));
  const auto& run = parsed.at("runs").at(0);
  EXPECT_EQ(run.at("expiries"), 3);
  EXPECT_DOUBLE_EQ(run.at("recomputes").at("mean"), 2);
  EXPECT_DOUBLE_EQ(run.at("latency_seconds").at("p50"), 0.001);
  EXPECT_DOUBLE_EQ(run.at("slow_share"), 0.02);
  EXPECT_DOUBLE_EQ(run.at("theory").at("recomputes_mean"), 1);
}

}  // namespace
}  // namespace herdgate::bench
