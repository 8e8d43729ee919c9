#include "sidecar/metrics/cell.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

namespace herdgate::metrics {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(CounterTest, AddsUpFromZero) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0U);
  counter.Add();
  counter.Add(41);
  EXPECT_EQ(counter.value(), 42U);
}

TEST(GaugeTest, MayBeNegativeOnOneLoopSoThatTheSumOfLoopsIsRight) {
  Gauge accepted_here;
  Gauge closed_here;
  accepted_here.Add(3);
  closed_here.Sub(2);
  EXPECT_EQ(closed_here.value(), -2);
  EXPECT_EQ(accepted_here.value() + closed_here.value(), 1);
}

TEST(GaugeTest, SetReplacesTheValue) {
  Gauge gauge;
  gauge.Add(5);
  gauge.Set(2);
  EXPECT_EQ(gauge.value(), 2);
}

TEST(HistogramTest, ABoundBelongsToItsOwnBucket) {
  Histogram histogram(kCommandDurationBuckets);
  histogram.Record(microseconds(50));
  histogram.Record(microseconds(50) + nanoseconds(1));
  const HistogramSnapshot snapshot = histogram.Snapshot();
  EXPECT_EQ(snapshot.counts[0], 1U);
  EXPECT_EQ(snapshot.counts[1], 1U);
}

TEST(HistogramTest, WhatIsAboveTheLastBoundIsCountedAsInfinite) {
  Histogram histogram(kCommandDurationBuckets);
  histogram.Record(seconds(3600));
  EXPECT_EQ(histogram.Snapshot().counts[kCommandDurationBuckets.size()], 1U);
}

TEST(HistogramTest, ANegativeDurationCountsAsZero) {
  Histogram histogram(kCommandDurationBuckets);
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.Snapshot().counts[0], 1U);
  EXPECT_EQ(histogram.Snapshot().sum, 0U);
}

TEST(HistogramTest, SumIsExactInNanoseconds) {
  Histogram histogram(kCommandDurationBuckets);
  histogram.Record(nanoseconds(1));
  histogram.Record(milliseconds(2), 3);
  EXPECT_EQ(histogram.Snapshot().sum, 6'000'001U);
  EXPECT_EQ(histogram.Snapshot().Count(), 4U);
}

TEST(HistogramTest, PlainUnitsAreObservedAsTheyAre) {
  Histogram histogram(kDepthBuckets);
  histogram.Observe(3);
  EXPECT_EQ(histogram.Snapshot().counts[2], 1U);  // bounds 1, 2, 4
  EXPECT_EQ(histogram.Snapshot().sum, 3U);
}

TEST(HistogramTest, MergedSnapshotsAddUp) {
  Histogram a(kCommandDurationBuckets);
  Histogram b(kCommandDurationBuckets);
  a.Record(milliseconds(1));
  b.Record(milliseconds(1));
  b.Record(seconds(2));
  HistogramSnapshot sum = a.Snapshot();
  sum.Merge(b.Snapshot());
  EXPECT_EQ(sum.Count(), 3U);
  EXPECT_EQ(sum.sum, 2'002'000'000U);
}

// What a reader sees of a counter never goes back, and in the end nothing is lost. Run under TSan, this is also the
// proof that reading while the owner counts is no data race.
TEST(CellTest, ReaderOnAnotherThreadSeesOnlyGrowth) {
  constexpr std::uint64_t kRounds = 200'000;
  Counter counter;
  Histogram histogram(kCommandDurationBuckets);
  std::atomic<bool> done{false};
  bool went_back = false;
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!done.load()) {
      const std::uint64_t now = counter.value();
      went_back = went_back || now < last || histogram.Snapshot().Count() > kRounds;
      last = now;
    }
  });
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    counter.Add();
    histogram.Record(nanoseconds(static_cast<std::int64_t>(i)));
  }
  done = true;
  reader.join();
  EXPECT_FALSE(went_back);
  EXPECT_EQ(counter.value(), kRounds);
  EXPECT_EQ(histogram.Snapshot().Count(), kRounds);
}

}  // namespace
}  // namespace herdgate::metrics
