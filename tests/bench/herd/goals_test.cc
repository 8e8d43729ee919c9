#include "tests/bench/herd/goals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunReport Report(bool is_protected, bool leases, double recomputes) {
  RunReport run;
  run.spec.name = "run";
  run.spec.is_protected = is_protected;
  run.spec.leases = leases;
  run.spec.plan.expiries = 1;
  run.result.epochs.resize(1);
  run.result.recomputes.Add(recomputes);
  return run;
}

TEST(Goals, OneComputationWithLeasesMeetsThem) {
  EXPECT_THAT(MissedGoals({}, Report(true, true, 1)), IsEmpty());
}

TEST(Goals, TwoComputationsWithLeasesMissThem) {
  EXPECT_THAT(MissedGoals({}, Report(true, true, 2)), ElementsAre(HasSubstr("is 2, more than 1.02")));
}

TEST(Goals, AnUnprotectedRunMayComputeAsOftenAsItLikes) {
  EXPECT_THAT(MissedGoals({}, Report(false, false, 200)), IsEmpty());
}

TEST(Goals, WithoutLeasesThereIsAGoalForEarlyRefreshOnly) {
  Options options;
  EXPECT_THAT(MissedGoals(options, Report(true, false, 9)), IsEmpty());
  options.fleet.policy.beta = 1;
  EXPECT_THAT(MissedGoals(options, Report(true, false, 9)), ElementsAre(HasSubstr("more than 2.8")));
}

TEST(Goals, AKilledLeaderMayCostOneMoreAndAWaitWithinTheLimit) {
  RunReport run = Report(true, true, 2);
  run.spec.plan.kill_leader = true;
  run.result.in_epoch.Add(0.4);
  EXPECT_THAT(MissedGoals({}, run), IsEmpty());
  run.result.in_epoch.Add(0.5);
  EXPECT_THAT(MissedGoals({}, run), ElementsAre(HasSubstr("longest wait")));
}

TEST(Goals, AColdStartMayTakeLittleMoreThanTheComputation) {
  RunReport run = Report(true, true, 1);
  run.spec.plan.cold_every = 2;
  run.result.in_epoch.Add(0.204);
  EXPECT_THAT(MissedGoals({}, run), IsEmpty());
  run.result.in_epoch.Add(0.206);
  EXPECT_THAT(MissedGoals({}, run), ElementsAre(HasSubstr("p99")));
}

TEST(Goals, WhatMustNeverHappenIsMissedByAnyRun) {
  RunReport run = Report(false, false, 200);
  run.result.timeouts = run.result.errors = run.result.older_reads = run.result.unknown_reads = 1;
  EXPECT_EQ(MissedGoals({}, run).size(), 4U);
}

TEST(Goals, AnExpiryThatNeverCameIsMissed) {
  RunReport run = Report(true, true, 1);
  run.spec.plan.expiries = 10;
  EXPECT_THAT(MissedGoals({}, run), ElementsAre(HasSubstr("never came is 9")));
}

}  // namespace
}  // namespace herdgate::bench
