#include "sidecar/stampede/delta_estimate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

double Milliseconds(nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// A lognormal time with that median, in milliseconds, as databases have them.
double LogNormal(base::Random& random, double median) {
  const double normal = std::sqrt(-2 * std::log(1 - random.Unit())) * std::cos(2 * std::numbers::pi * random.Unit());
  return median * std::exp(0.5 * normal);
}

void Add(DeltaEstimate& estimate, double ms) {
  estimate.Add(nanoseconds(static_cast<std::int64_t>(ms * 1e6)));
}

TEST(DeltaEstimateTest, IsZeroBeforeTheFirstSample) {
  const DeltaEstimate estimate;
  EXPECT_EQ(estimate.mean(), nanoseconds(0));
  EXPECT_EQ(estimate.P95(), nanoseconds(0));
}

TEST(DeltaEstimateTest, TheFirstSampleIsTheMean) {
  DeltaEstimate estimate;
  estimate.Add(milliseconds(200));
  EXPECT_EQ(estimate.mean(), milliseconds(200));
  EXPECT_NEAR(Milliseconds(estimate.P95()), 200, 200 * 0.03);
}

TEST(DeltaEstimateTest, P95IsThatOfTheSamples) {
  base::Random random(1);
  DeltaEstimate estimate;
  std::vector<double> samples;
  for (int i = 0; i < 20'000; ++i) {
    samples.push_back(LogNormal(random, 120));
    Add(estimate, samples.back());
  }
  // The sample's own percentile; the estimate fades, so it is as wide as that of a thousand samples.
  std::nth_element(samples.begin(), samples.begin() + 19'000, samples.end());
  EXPECT_NEAR(Milliseconds(estimate.P95()) / samples[19'000], 1, 0.1);
  EXPECT_NEAR(Milliseconds(estimate.mean()), 120 * std::exp(0.125), 40);
}

TEST(DeltaEstimateTest, P95IsExactWithinItsBucketsForEverySize) {
  for (int power = 0; power < 33; ++power) {
    const double ms = std::pow(1.37, power);
    DeltaEstimate estimate;
    for (int i = 0; i < 100; ++i) Add(estimate, ms);
    EXPECT_NEAR(Milliseconds(estimate.P95()) / ms, 1, 0.026) << ms;
  }
}

TEST(DeltaEstimateTest, OneOutlierInAHundredDoesNotMoveP95) {
  DeltaEstimate estimate;
  for (int i = 0; i < 2'000; ++i) Add(estimate, i % 100 == 50 ? 9'000 : 100);
  EXPECT_NEAR(Milliseconds(estimate.P95()), 100, 3);
}

TEST(DeltaEstimateTest, FollowsADatabaseThatBecameSlower) {
  base::Random random(2);
  DeltaEstimate estimate;
  for (int i = 0; i < 50'000; ++i) Add(estimate, LogNormal(random, 20));
  for (int i = 0; i < 100; ++i) Add(estimate, 500);
  EXPECT_NEAR(Milliseconds(estimate.P95()), 500, 15) << "100 of 512 are more than one in twenty";
  EXPECT_NEAR(Milliseconds(estimate.mean()), 500, 10);
}

TEST(DeltaEstimateTest, ForgetsADatabaseThatWasSlow) {
  DeltaEstimate estimate;
  for (int i = 0; i < 50'000; ++i) Add(estimate, 5'000);
  for (int i = 0; i < 2'000; ++i) Add(estimate, 20);
  EXPECT_NEAR(Milliseconds(estimate.P95()), 20, 1);
}

TEST(DeltaEstimateTest, StaysSoundForMillionsOfSamples) {
  DeltaEstimate estimate;
  for (int i = 0; i < 2'000'000; ++i) estimate.Add(milliseconds(i % 20 < 18 ? 50 : 70));
  EXPECT_NEAR(Milliseconds(estimate.P95()), 70, 2);
}

TEST(DeltaEstimateTest, TakesWhatIsTooShortOrTooLongAtItsEnds) {
  DeltaEstimate estimate;
  estimate.Add(nanoseconds(-5));
  EXPECT_EQ(estimate.mean(), milliseconds(1));
  DeltaEstimate longest;
  longest.Add(std::chrono::hours(10));
  EXPECT_NEAR(Milliseconds(longest.P95()) / 1e3, 262, 10);
}

}  // namespace
}  // namespace herdgate::stampede
