#include "sidecar/stampede/refresh_budget.h"

#include <gtest/gtest.h>

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

constexpr base::SteadyTime kStart{std::chrono::hours(5)};

int TakeAll(RefreshBudget& budget, base::SteadyTime now) {
  int taken = 0;
  while (budget.Take(now)) ++taken;
  return taken;
}

TEST(RefreshBudgetTest, EarnsSoManyASecond) {
  RefreshBudget budget({});
  EXPECT_EQ(TakeAll(budget, kStart), 10);
  int taken = 0;
  for (int i = 1; i <= 100; ++i) taken += TakeAll(budget, kStart + i * milliseconds(100));
  EXPECT_EQ(taken, 100) << "in ten seconds";
}

TEST(RefreshBudgetTest, EarnsAShareOfTheMisses) {
  RefreshBudget budget({});
  TakeAll(budget, kStart);
  for (int i = 0; i < 400; ++i) budget.OnMiss();
  EXPECT_EQ(TakeAll(budget, kStart), 20);
}

TEST(RefreshBudgetTest, SavesNoMoreThanTheBurst) {
  RefreshBudget budget({});
  TakeAll(budget, kStart);
  EXPECT_EQ(TakeAll(budget, kStart + std::chrono::hours(1)), 50);
}

TEST(RefreshBudgetTest, WhatIsGivenBackCanBeTakenAgain) {
  RefreshBudget budget({});
  TakeAll(budget, kStart);
  budget.GiveBack();
  EXPECT_EQ(TakeAll(budget, kStart), 1);
}

TEST(RefreshBudgetTest, NothingIsEarnedWithoutTimeAndMisses) {
  RefreshBudget budget({.per_second = 0, .miss_share = 0});
  EXPECT_FALSE(budget.Take(kStart));
  EXPECT_FALSE(budget.Take(kStart + std::chrono::hours(1)));
}

}  // namespace
}  // namespace herdgate::stampede
