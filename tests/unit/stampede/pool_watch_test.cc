#include "sidecar/stampede/pool_watch.h"

#include <gtest/gtest.h>

namespace herdgate::stampede {
namespace {

using std::chrono::minutes;

class PoolWatchTest : public ::testing::Test {
 protected:
  base::SteadyTime now_{std::chrono::hours(1)};
  PoolWatch watch_;
};

TEST_F(PoolWatchTest, AllMayWaitUntilSetsWereHeldUpTwice) {
  EXPECT_TRUE(watch_.MayWait(7, now_));
  EXPECT_FALSE(watch_.OnHeldUp(8, now_));
  EXPECT_TRUE(watch_.MayWait(7, now_));
  EXPECT_TRUE(watch_.OnHeldUp(8, now_ + minutes(1)));
  EXPECT_FALSE(watch_.MayWait(7, now_ + minutes(1)));
}

TEST_F(PoolWatchTest, TwoThatAreFarApartMeanNothing) {
  EXPECT_FALSE(watch_.OnHeldUp(8, now_));
  EXPECT_FALSE(watch_.OnHeldUp(8, now_ + PoolWatch::kTwiceWithin + minutes(1)));
  EXPECT_FALSE(watch_.small(now_ + PoolWatch::kTwiceWithin + minutes(1)));
}

TEST_F(PoolWatchTest, ThreeQuartersOfTheConnectionsWaitWhereThePoolIsSmall) {
  (void)watch_.OnHeldUp(8, now_);
  (void)watch_.OnHeldUp(8, now_);
  EXPECT_TRUE(watch_.MayWait(5, now_));
  EXPECT_FALSE(watch_.MayWait(6, now_));
}

TEST_F(PoolWatchTest, OneOfTwoConnectionsMayWait) {
  (void)watch_.OnHeldUp(2, now_);
  (void)watch_.OnHeldUp(2, now_);
  EXPECT_TRUE(watch_.MayWait(0, now_));
  EXPECT_FALSE(watch_.MayWait(1, now_));
}

TEST_F(PoolWatchTest, ItForgetsAnHourAfterTheLastOne) {
  (void)watch_.OnHeldUp(8, now_);
  EXPECT_TRUE(watch_.OnHeldUp(8, now_));
  EXPECT_FALSE(watch_.OnHeldUp(8, now_ + minutes(50)));  // known
  EXPECT_TRUE(watch_.small(now_ + minutes(109)));
  EXPECT_FALSE(watch_.small(now_ + minutes(111)));
}

TEST_F(PoolWatchTest, ACrowdIsThreeQuartersOfSeveralConnections) {
  EXPECT_TRUE(PoolWatch::Crowded(7, 8));
  EXPECT_TRUE(PoolWatch::Crowded(5, 8));
  EXPECT_FALSE(PoolWatch::Crowded(4, 8));
  EXPECT_FALSE(PoolWatch::Crowded(0, 1));
}

}  // namespace
}  // namespace herdgate::stampede
