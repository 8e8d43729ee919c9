#include "sidecar/pipeline/fill_budget.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FillBudgetTest : public ::testing::Test {
 protected:
  int TakeAll(int asked = 10'000) {
    int taken = 0;
    for (int i = 0; i < asked; ++i) taken += budget_.Take(now_) ? 1 : 0;
    return taken;
  }

  base::SteadyTime now_{std::chrono::hours(1)};
  FillBudget budget_{{.per_second = 1000, .burst = 200, .lasts = seconds(10)}};
};

TEST_F(FillBudgetTest, LetsAllPassUntilItBegins) {
  EXPECT_EQ(TakeAll(), 10'000);
}

TEST_F(FillBudgetTest, BeginsWithItsBurstAndNoMore) {
  budget_.Begin(now_);
  EXPECT_EQ(TakeAll(), 200);
}

TEST_F(FillBudgetTest, RefillsWithTimeUpToItsBurst) {
  budget_.Begin(now_);
  TakeAll();
  now_ += milliseconds(50);
  EXPECT_EQ(TakeAll(), 50);
  now_ += seconds(5);
  EXPECT_EQ(TakeAll(), 200);
}

TEST_F(FillBudgetTest, ManyAskingOftenGetNoMoreThanTheRate) {
  budget_.Begin(now_);
  int taken = 0;
  for (int i = 0; i < 2000; ++i, now_ += milliseconds(1)) taken += TakeAll(5);
  EXPECT_GE(taken, 2190);
  EXPECT_LE(taken, 2200);
}

TEST_F(FillBudgetTest, EndsAfterItsTime) {
  budget_.Begin(now_);
  TakeAll();
  now_ += seconds(10) - milliseconds(1);
  EXPECT_LE(TakeAll(), 200);
  now_ += milliseconds(1);
  EXPECT_EQ(TakeAll(), 10'000);
}

TEST_F(FillBudgetTest, BeginsAnew) {
  budget_.Begin(now_);
  now_ += seconds(20);
  budget_.Begin(now_);
  EXPECT_EQ(TakeAll(), 200);
}

TEST_F(FillBudgetTest, AClockThatIsAMomentBehindGivesNothing) {
  budget_.Begin(now_);
  TakeAll();
  now_ -= milliseconds(5);
  EXPECT_EQ(TakeAll(), 0);
  now_ += milliseconds(6);
  EXPECT_EQ(TakeAll(), 1);
}

}  // namespace
}  // namespace herdgate::pipeline
