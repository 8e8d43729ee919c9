#include "sidecar/pipeline/fill_lifetime.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr FillWindows kWindows{.max_ttl = seconds(5), .stale_if_error = seconds(60)};

upstream::Filled Value(std::int64_t pttl_ms, milliseconds ago = milliseconds(2)) {
  upstream::Filled fill;
  fill.value = "v";
  fill.pttl_ms = pttl_ms;
  fill.asked_at = kNow - ago;
  return fill;
}

TEST(FillLifetimeTest, FreshForMaxTtlThenStaleForItsWindow) {
  const auto lifetime = LifetimeOf(Value(-1), kWindows, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->now, kNow);
  EXPECT_EQ(lifetime->fresh_until, kNow + seconds(5));
  EXPECT_EQ(lifetime->stale_until, kNow + seconds(65));
}

TEST(FillLifetimeTest, NeverFreshBeyondTheExpiryOfTheKey) {
  const auto lifetime = LifetimeOf(Value(400), kWindows, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->fresh_until, kNow + milliseconds(398)) << "counted from when it was asked";
  EXPECT_FALSE(LifetimeOf(Value(400, milliseconds(400)), kWindows, kNow)) << "it ran out on the way";
}

TEST(FillLifetimeTest, ANilIsKeptForASecondAndNeverStale) {
  upstream::Filled fill = Value(-2);
  fill.nil = true;
  auto lifetime = LifetimeOf(fill, kWindows, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->fresh_until, kNow + seconds(1));
  EXPECT_EQ(lifetime->stale_until, lifetime->fresh_until);
  lifetime = LifetimeOf(fill, {.max_ttl = milliseconds(300), .stale_if_error = seconds(60)}, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->fresh_until, kNow + milliseconds(300));
}

TEST(FillLifetimeTest, AValueWhoseKeyWasGoneByPttlIsNotKept) {
  EXPECT_FALSE(LifetimeOf(Value(-2), kWindows, kNow));
}

TEST(FillLifetimeTest, WhatNobodyAskedForIsNotKept) {
  EXPECT_FALSE(LifetimeOf(Value(-1), {}, kNow));
}

TEST(FillLifetimeTest, WithoutAWindowNothingIsEverStale) {
  const auto lifetime = LifetimeOf(Value(-1), {.max_ttl = seconds(5), .stale_if_error = seconds(0)}, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->stale_until, lifetime->fresh_until);
}

}  // namespace
}  // namespace herdgate::pipeline
