#include "tests/bench/herd/sample.h"

#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

TEST(Sample, QuantilesAreValuesThatWereGiven) {
  Sample sample;
  for (int i = 100; i >= 1; --i) sample.Add(i);
  EXPECT_DOUBLE_EQ(sample.Quantile(0), 1);
  EXPECT_DOUBLE_EQ(sample.Quantile(0.5), 50);
  EXPECT_DOUBLE_EQ(sample.Quantile(0.99), 99);
  EXPECT_DOUBLE_EQ(sample.Quantile(0.999), 100);
  EXPECT_DOUBLE_EQ(sample.Quantile(1), 100);
  EXPECT_DOUBLE_EQ(sample.Mean(), 50.5);
  EXPECT_DOUBLE_EQ(sample.Max(), 100);
  EXPECT_EQ(sample.count(), 100U);
}

TEST(Sample, ValuesMayFollowAQuestion) {
  Sample sample;
  sample.Add(5);
  EXPECT_DOUBLE_EQ(sample.Quantile(0.5), 5);
  sample.Add(1);
  sample.Add(1);
  EXPECT_DOUBLE_EQ(sample.Quantile(0.5), 1);
}

TEST(Sample, TheShareFromABoundCountsTheBound) {
  Sample sample;
  for (const double value : {1.0, 2.0, 3.0, 4.0}) sample.Add(value);
  EXPECT_DOUBLE_EQ(sample.ShareFrom(3), 0.5);
  EXPECT_DOUBLE_EQ(sample.ShareFrom(5), 0);
}

TEST(Sample, AnEmptyOneIsZero) {
  const Sample sample;
  EXPECT_DOUBLE_EQ(sample.Mean(), 0);
  EXPECT_DOUBLE_EQ(sample.Max(), 0);
  EXPECT_DOUBLE_EQ(sample.Quantile(0.5), 0);
  EXPECT_DOUBLE_EQ(sample.ShareFrom(0), 0);
}

}  // namespace
}  // namespace herdgate::bench
