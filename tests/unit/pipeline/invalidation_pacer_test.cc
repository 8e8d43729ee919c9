#include "sidecar/pipeline/invalidation_pacer.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Work = InvalidationPacer::Work;

class InvalidationPacerTest : public ::testing::Test {
 protected:
  // Keys sent until `time` has passed, in batches of its own size, by a sender that never waits longer than it must.
  std::size_t SentIn(std::chrono::nanoseconds time) {
    const auto end = now_ + time;
    std::size_t sent = 0;
    while (now_ < end) {
      now_ += pacer_.DelayUntil(Work::kChange, now_);
      if (now_ >= end) break;
      const std::size_t keys = pacer_.batch();
      pacer_.Sent(Work::kChange, keys, now_);
      sent += keys;
    }
    now_ = end;
    return sent;
  }
  void Answer(int times, std::chrono::nanoseconds round_trip) {
    for (int i = 0; i < times; ++i) pacer_.Answered(Work::kChange, round_trip);
  }

  base::SteadyTime now_{seconds(1000)};
  InvalidationPacer pacer_{5000, 100000};
};

TEST_F(InvalidationPacerTest, KeepsItsRate) {
  const std::size_t sent = SentIn(seconds(10));
  EXPECT_GE(sent, 50000U);
  EXPECT_LE(sent, 50000U + 2 * InvalidationPacer::kMostChanges);
}

TEST_F(InvalidationPacerTest, TimeThatWasNotUsedIsNotMadeUpFor) {
  SentIn(seconds(1));
  now_ += seconds(3600);
  EXPECT_LE(SentIn(seconds(1)), 5000U + 2 * InvalidationPacer::kMostChanges);
}

TEST_F(InvalidationPacerTest, BatchesAreBoundedAndSmallAtSlowRates) {
  EXPECT_EQ(InvalidationPacer(1e9, 1).batch(), InvalidationPacer::kMostChanges);
  EXPECT_EQ(InvalidationPacer(5000, 1).batch(), 50U);
  EXPECT_EQ(InvalidationPacer(300, 1).batch(), 3U);
  EXPECT_EQ(InvalidationPacer(0.001, 1).batch(), 1U);
}

TEST_F(InvalidationPacerTest, PagesAreBoundedAndSmallAtSlowRates) {
  EXPECT_EQ(InvalidationPacer(1, 1e9).page(), InvalidationPacer::kMostPage);
  EXPECT_EQ(InvalidationPacer(1, 100000).page(), 25U);
  EXPECT_EQ(InvalidationPacer(1, 1).page(), 10U);
}

TEST_F(InvalidationPacerTest, ASlowAnswerHalvesTheRate) {
  Answer(10, microseconds(500));
  Answer(1, milliseconds(2));  // four times is not more than four times
  EXPECT_EQ(pacer_.rate(), 5000);
  Answer(1, microseconds(2001));
  EXPECT_EQ(pacer_.rate(), 2500);
  EXPECT_LE(SentIn(seconds(1)), 2500U + 2 * InvalidationPacer::kMostChanges);
}

TEST_F(InvalidationPacerTest, CalmAnswersGiveTheRateBack) {
  Answer(10, microseconds(500));
  Answer(1, milliseconds(50));
  Answer(15, microseconds(500));
  EXPECT_LT(pacer_.rate(), 5000);
  Answer(1, microseconds(500));
  EXPECT_EQ(pacer_.rate(), 5000);
}

TEST_F(InvalidationPacerTest, BelowAMillisecondNothingIsSlow) {
  Answer(10, microseconds(50));
  Answer(1, microseconds(999));
  EXPECT_EQ(pacer_.rate(), 5000);
}

TEST_F(InvalidationPacerTest, NothingIsSlowBeforeAMedianIsKnown) {
  Answer(1, microseconds(100));
  Answer(6, milliseconds(100));
  EXPECT_EQ(pacer_.rate(), 5000);
}

TEST_F(InvalidationPacerTest, ARedisThatStaysSlowBecomesTheMeasure) {
  Answer(31, milliseconds(1));
  Answer(16, milliseconds(100));
  const double slowest = pacer_.rate();
  EXPECT_GE(slowest, 5000.0 / 64);
  Answer(40, milliseconds(100));
  EXPECT_EQ(pacer_.rate(), 5000);
}

TEST_F(InvalidationPacerTest, ScansHaveARateOfTheirOwn) {
  pacer_.Sent(Work::kChange, 5000, now_);
  EXPECT_EQ(pacer_.DelayUntil(Work::kScan, now_).count(), 0);
  pacer_.Sent(Work::kScan, 100000, now_);
  EXPECT_GT(pacer_.DelayUntil(Work::kScan, now_), milliseconds(900));
}

}  // namespace
}  // namespace herdgate::pipeline
