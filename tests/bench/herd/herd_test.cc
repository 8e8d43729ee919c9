// Herds of some seconds against a redis-server of their own.
#include "tests/bench/herd/herd.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "tests/bench/herd/fleet.h"

namespace herdgate::bench {
namespace {

bool HasRedis() {
  return access("/usr/bin/redis-server", X_OK) == 0;
}

class HerdTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasRedis()) GTEST_SKIP() << "redis-server is not installed";
    ASSERT_EQ(fleet_.StartRedis(), "");
  }

  // Hundreds of requests a second, values that live for less than one.
  HerdPlan Plan() {
    HerdPlan plan;
    plan.pods = {fleet_.redis()};
    plan.arrivals.rate = 400;
    plan.cost = 0.1;
    plan.ttl = 0.3;
    plan.warmup = 1;
    plan.expiries = 3;
    plan.max_seconds = 30;
    return plan;
  }

  static void ExpectSound(const HerdResult& result) {
    EXPECT_EQ(result.errors, 0U) << result.first_error;
    EXPECT_EQ(result.timeouts, 0U);
    EXPECT_EQ(result.unknown_reads, 0U);
    EXPECT_EQ(result.older_reads, 0U);
    EXPECT_EQ(result.expired_reads, 0U);
  }

  Fleet fleet_{FleetOptions{}};
};

TEST_F(HerdTest, EveryMissOfAnUnprotectedKeyComputes) {
  const HerdResult result = Herd(Plan()).Run();
  ExpectSound(result);
  EXPECT_GE(result.epochs.size(), 3U);
  // 40 in theory; the bounds are wide enough for a machine that stalls.
  EXPECT_GT(result.recomputes.Mean(), 10);
  EXPECT_LE(result.recomputes.Sum(), static_cast<double>(result.jobs));
  // Whoever missed waited for the whole job.
  EXPECT_GE(result.in_epoch.Quantile(0.99), 0.1);
  EXPECT_GE(result.windows.Mean(), 0.1);
  EXPECT_GT(result.peak_jobs, 10U);
}

TEST_F(HerdTest, ASaturatedOriginKeepsAKeyMissingForLonger) {
  HerdPlan plan = Plan();
  plan.slots = 20;
  plan.expiries = 1;
  plan.warmup = 0;
  const HerdResult result = Herd(plan).Run();
  ExpectSound(result);
  EXPECT_GT(result.saturated_seconds, 0);
  // What was begun is finished in simulated time: jobs times the cost, 20 at a time.
  EXPECT_GE(result.busy_seconds, result.recomputes.Sum() * 0.1 / 20 * 0.99);
  EXPECT_EQ(result.latency.count(), result.requests);
}

TEST_F(HerdTest, ColdStartsAreOfNewKeysEachTime) {
  HerdPlan plan = Plan();
  plan.cold_every = 0.4;
  plan.ttl = 10;
  const HerdResult result = Herd(plan).Run();
  ExpectSound(result);
  ASSERT_GE(result.epochs.size(), 3U);
  for (const Epoch& epoch : result.epochs) EXPECT_FALSE(epoch.had_value);
}

TEST_F(HerdTest, TheOneWhoComputesFirstIsKilledOnceAnEpoch) {
  HerdPlan plan = Plan();
  plan.kill_leader = true;
  plan.pinned = true;
  plan.warmup = 0;
  const HerdResult result = Herd(plan).Run();
  ExpectSound(result);
  EXPECT_GE(result.killed, result.epochs.size());
  EXPECT_LE(result.killed, result.epochs.size() + 1);
}

TEST_F(HerdTest, SetNxStoresTheFirstValueOnly) {
  HerdPlan plan = Plan();
  plan.set_nx = true;
  const HerdResult result = Herd(plan).Run();
  ExpectSound(result);
  EXPECT_GE(result.epochs.size(), 3U);
}

TEST_F(HerdTest, ManyKeysWithOriginsOfTheirOwnDoNotSlowEachOtherDown) {
  HerdPlan plan = Plan();
  plan.arrivals.keys = 3;
  plan.arrivals.rate = 600;
  plan.own_origins = true;
  plan.slots = 1000;
  plan.expiries = 6;
  const HerdResult result = Herd(plan).Run();
  ExpectSound(result);
  EXPECT_GE(result.epochs.size(), 6U);
  EXPECT_DOUBLE_EQ(result.saturated_seconds, 0);
}

TEST_F(HerdTest, AValueThatTheHerdDidNotWriteIsNoticed) {
  HerdPlan plan = Plan();
  plan.cold_every = 100;
  plan.ttl = 60;
  plan.warmup = 0;
  plan.expiries = 1;
  ExpectSound(Herd(plan).Run());
  // The next one finds what the first has left.
  plan.expiries = 0;
  plan.max_seconds = 0.2;
  const HerdResult result = Herd(plan).Run();
  EXPECT_EQ(result.jobs, 0U);
  EXPECT_EQ(result.unknown_reads, result.requests);
  EXPECT_GT(result.requests, 0U);
}

TEST(Herd, WhatCannotBeReachedIsComputedAndCounted) {
  HerdPlan plan;
  plan.pods = {{"127.0.0.1", 1}};
  plan.arrivals.rate = 100;
  plan.cost = 0.01;
  plan.expiries = 0;
  plan.max_seconds = 0.5;
  plan.warmup = 0;
  const HerdResult result = Herd(plan).Run();
  EXPECT_GT(result.errors, 0U);
  EXPECT_GT(result.jobs, 0U);
  EXPECT_GT(result.requests, 0U);
  EXPECT_EQ(result.epochs.size(), 0U);
}

}  // namespace
}  // namespace herdgate::bench
