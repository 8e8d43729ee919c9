#include "tests/bench/herd/processor_sharing.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/bench/herd/theory.h"

namespace herdgate::bench {
namespace {

TEST(ProcessorSharing, AnUnhinderedJobTakesItsCost) {
  ProcessorSharing origin(2);
  origin.Start(1, 7, 0.5);
  ASSERT_TRUE(origin.NextEnd());
  EXPECT_DOUBLE_EQ(*origin.NextEnd(), 1.5);
  EXPECT_TRUE(origin.TakeEnded(1.49).empty());
  const auto ended = origin.TakeEnded(2);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].id, 7U);
  EXPECT_DOUBLE_EQ(ended[0].at, 1.5);
  EXPECT_FALSE(origin.NextEnd());
}

TEST(ProcessorSharing, JobsInExcessOfTheSlotsSlowAllDown) {
  ProcessorSharing origin(1);
  origin.Start(0, 1, 1);
  origin.Start(0.5, 2, 1);
  // The first has half its work left, at half the speed; the second then runs alone with half of its own.
  const auto ended = origin.TakeEnded(10);
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_DOUBLE_EQ(ended[0].at, 1.5);
  EXPECT_DOUBLE_EQ(ended[1].at, 2.0);
  EXPECT_EQ(origin.peak(), 2U);
}

TEST(ProcessorSharing, WithoutALimitAllRunAtFullSpeed) {
  ProcessorSharing origin(0);
  for (std::uint64_t i = 0; i < 100; ++i) origin.Start(0, i, 1);
  const auto ended = origin.TakeEnded(1);
  EXPECT_EQ(ended.size(), 100U);
  EXPECT_EQ(ended[99].id, 99U);
}

TEST(ProcessorSharing, AShortJobOvertakesALongOne) {
  ProcessorSharing origin(1);
  origin.Start(0, 1, 10);
  origin.Start(0, 2, 1);
  const auto ended = origin.TakeEnded(20);
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].id, 2U);
  EXPECT_DOUBLE_EQ(ended[0].at, 2);
  EXPECT_DOUBLE_EQ(ended[1].at, 11);
}

TEST(ProcessorSharing, CountsTheSecondsOfWork) {
  ProcessorSharing origin(1);
  origin.Start(1, 1, 1);
  origin.Start(1, 2, 1);
  origin.TakeEnded(10);
  origin.Start(20, 3, 1);
  origin.TakeEnded(30);
  EXPECT_DOUBLE_EQ(origin.SecondsAbove(0, 0), 3);
  EXPECT_DOUBLE_EQ(origin.SecondsAbove(1, 0), 2);
  EXPECT_DOUBLE_EQ(origin.SecondsAbove(0, 2), 2);
  EXPECT_DOUBLE_EQ(origin.SecondsAbove(0, 25), 0);
}

TEST(ProcessorSharing, NoWorkIsLostOrMade) {
  ProcessorSharing origin(3);
  std::mt19937 random(1);
  double now = 0, work = 0, done = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    now += std::uniform_real_distribution<>(0, 0.1)(random);
    const double cost = std::uniform_real_distribution<>(0.01, 0.3)(random);
    origin.Start(now, i, cost);
    work += cost;
  }
  origin.TakeEnded(now + 1e6);
  const auto& steps = origin.steps();
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    done += (steps[i + 1].at - steps[i].at) * std::min(3.0, static_cast<double>(steps[i].jobs));
  }
  EXPECT_NEAR(done, work, work * 1e-9);
}

// What the herd shows with Redis, in simulated time: arrivals at even distances until the first job ends.
TEST(ProcessorSharing, ReachesTheCliffOfTheTheory) {
  for (const double slots : {50.0, 40.0, 30.0}) {
    ProcessorSharing origin(slots);
    double now = 0;
    std::uint64_t jobs = 0;
    while (origin.TakeEnded(now).empty()) {
      origin.Start(now, jobs++, 0.2);
      now += 0.001;
    }
    EXPECT_NEAR(now, UnprotectedWindow(1000, 0.2, slots), 0.03 * now) << slots << " slots";
  }
}

}  // namespace
}  // namespace herdgate::bench
