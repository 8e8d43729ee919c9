#include "tests/bench/load/latency_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace herdgate::bench {
namespace {

TEST(LatencyHistogram, EmptyHasZeroPercentiles) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.ValueAt(0.5), 0u);
}

TEST(LatencyHistogram, OneValueIsEveryPercentileWithinOnePercent) {
  for (uint64_t value = 1; value < uint64_t{1} << 62; value = value * 3 + 1) {
    LatencyHistogram histogram;
    histogram.Record(value);
    for (const double quantile : {0.0, 0.5, 1.0}) {
      const double found = static_cast<double>(histogram.ValueAt(quantile));
      EXPECT_LE(std::abs(found - static_cast<double>(value)), 0.01 * static_cast<double>(value)) << value;
    }
  }
}

TEST(LatencyHistogram, PercentilesOfAUniformRangeAreWithinOnePercent) {
  LatencyHistogram histogram;
  for (uint64_t value = 1; value <= 100000; ++value) histogram.Record(value);
  EXPECT_NEAR(static_cast<double>(histogram.ValueAt(0.50)), 50000, 500);
  EXPECT_NEAR(static_cast<double>(histogram.ValueAt(0.99)), 99000, 990);
  EXPECT_NEAR(static_cast<double>(histogram.ValueAt(0.999)), 99900, 999);
}

TEST(LatencyHistogram, LargestValueHasABucket) {
  LatencyHistogram histogram;
  histogram.Record(UINT64_MAX);
  EXPECT_GT(histogram.ValueAt(1), UINT64_MAX / 100 * 99);
}

TEST(LatencyHistogram, MergeAddsTheCounts) {
  LatencyHistogram low;
  LatencyHistogram high;
  for (int i = 0; i < 9; ++i) low.Record(10);
  high.Record(50);
  low.Merge(high);
  EXPECT_EQ(low.count(), 10u);
  EXPECT_EQ(low.ValueAt(0.9), 10u);
  EXPECT_EQ(low.ValueAt(0.91), 50u);
}

}  // namespace
}  // namespace herdgate::bench
