#include "tests/bench/herd/theory.h"

#include <gtest/gtest.h>

#include <cmath>

namespace herdgate::bench {
namespace {

TEST(Theory, TheWindowIsTheCostWhileTheSlotsSuffice) {
  EXPECT_DOUBLE_EQ(UnprotectedWindow(1000, 0.2, 0), 0.2);
  EXPECT_DOUBLE_EQ(UnprotectedWindow(1000, 0.2, 200), 0.2);
  EXPECT_DOUBLE_EQ(UnprotectedRecomputes(1000, 0.2, 0), 200);
}

TEST(Theory, TheWindowGrowsExponentiallyAboveThem) {
  EXPECT_NEAR(UnprotectedWindow(1000, 0.2, 100), 0.272, 0.001);
  EXPECT_NEAR(UnprotectedWindow(1000, 0.2, 50), 1.004, 0.001);
  EXPECT_NEAR(UnprotectedWindow(1000, 0.2, 30), 8.67, 0.01);
  EXPECT_NEAR(UnprotectedWindow(1000, 0.2, 20), 162, 0.1);
  EXPECT_NEAR(UnprotectedRecomputes(1000, 0.2, 30), 8670, 10);
}

TEST(Theory, EarlyRefreshCostsTheSameAtAnyLoad) {
  EXPECT_NEAR(RecomputesEarly(1), 2.718, 0.001);
  EXPECT_NEAR(RecomputesEarly(2), 1.649, 0.001);
  EXPECT_DOUBLE_EQ(RecomputesEarlyQuantile(1, 0.99), 11);
  EXPECT_DOUBLE_EQ(RecomputesEarlyQuantile(2, 0.99), 5);
}

// The figures of a simulation of 3,000 expiries each, at 1,000 readers within the cost.
TEST(Theory, FlightsInEachPodLieBetweenOneAndTheWholeFleet) {
  EXPECT_DOUBLE_EQ(RecomputesEarlyPerPod(1, 1), 1);
  EXPECT_NEAR(RecomputesEarlyPerPod(1, 2), 1.46, 0.05);
  EXPECT_NEAR(RecomputesEarlyPerPod(1, 10), 2.33, 0.05);
  EXPECT_NEAR(RecomputesEarlyPerPod(1, 50), 2.66, 0.05);
  EXPECT_NEAR(RecomputesEarlyPerPod(1, 1000000), RecomputesEarly(1), 0.001);
}

TEST(Theory, WithoutLeasesEveryPodThatIsAskedInTimeComputes) {
  EXPECT_DOUBLE_EQ(RecomputesPerPodFlight(1000, 0.2, 1), 1);
  EXPECT_NEAR(RecomputesPerPodFlight(1000, 0.2, 10), 10, 0.001);
  // 40 requests over 50 pods in the window.
  EXPECT_NEAR(RecomputesPerPodFlight(200, 0.2, 50), 1 + 49 * (1 - std::exp(-0.8)), 1e-9);
}

TEST(Theory, RefreshComesEarlierTheMoreReadersThereAre) {
  EXPECT_NEAR(RefreshGap(1000, 0.2, 2), 2.63, 0.01);
  EXPECT_GT(RefreshGap(10000, 0.2, 2), RefreshGap(1000, 0.2, 2));
}

}  // namespace
}  // namespace herdgate::bench
