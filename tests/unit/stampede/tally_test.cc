#include "sidecar/stampede/tally.h"

#include <gtest/gtest.h>

namespace herdgate::stampede {
namespace {

TEST(TallyTest, TellsTheShare) {
  Tally tally;
  EXPECT_EQ(tally.share(), 0);
  for (int i = 0; i < 60; ++i) tally.Add(i % 3 == 0 ? 1 : 0, 1);
  EXPECT_EQ(tally.all(), 60);
  EXPECT_NEAR(tally.share(), 1.0 / 3, 1e-9);
}

TEST(TallyTest, FollowsAChange) {
  Tally tally;
  for (int i = 0; i < 10'000; ++i) tally.Add(1, 1);
  for (int i = 0; i < 50; ++i) tally.Add(0, 1);
  EXPECT_LT(tally.share(), 0.8);
  for (int i = 0; i < 300; ++i) tally.Add(0, 1);
  EXPECT_LT(tally.share(), 0.1);
}

TEST(TallyTest, OneBurstIsNotAllThereIsToKnow) {
  Tally tally;
  tally.Add(90'000, 100'000);
  EXPECT_EQ(tally.all(), 50);
  EXPECT_NEAR(tally.share(), 0.9, 1e-9);
}

}  // namespace
}  // namespace herdgate::stampede
