#include "sidecar/pipeline/fill_lifetime.h"

#include <gtest/gtest.h>

#include <limits>

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr FillWindows kWindows{.max_ttl = seconds(5), .stale_if_error = seconds(60)};

// The upstream answered at once.
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

TEST(FillLifetimeTest, TheExpiryCountsFromWhenItWasAskedForAndTheGraceFromThere) {
  FillWindows windows = kWindows;
  windows.stale_while_revalidate = seconds(10);
  const auto lifetime = LifetimeOf(Value(3000), windows, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->expires_at, kNow + milliseconds(2998));
  EXPECT_EQ(lifetime->fresh_until, lifetime->expires_at);
  EXPECT_EQ(lifetime->stale_until, lifetime->fresh_until + seconds(60)) << "the window of errors is as it was";
  EXPECT_EQ(lifetime->grace, seconds(10));
}

TEST(FillLifetimeTest, ANewsOfItsEndIsOfItsExpiryOnlyPastAllDoubt) {
  upstream::Filled fill = Value(4096, milliseconds(20));
  fill.rtt = milliseconds(15);
  const auto lifetime = LifetimeOf(fill, kWindows, kNow);
  ASSERT_TRUE(lifetime);
  const auto answered = fill.asked_at + fill.rtt;
  // PTTL's millisecond, two for a slow push, one for clocks that don't go alike.
  EXPECT_EQ(lifetime->expired_by, answered + milliseconds(4096) + milliseconds(4));
}

TEST(FillLifetimeTest, WithoutAnExpiryThereIsNoGrace) {
  FillWindows windows = kWindows;
  windows.stale_while_revalidate = seconds(10);
  upstream::Filled nil = Value(-2);
  nil.nil = true;
  for (const upstream::Filled& fill : {Value(-1), nil}) {
    const auto lifetime = LifetimeOf(fill, windows, kNow);
    ASSERT_TRUE(lifetime);
    EXPECT_EQ(lifetime->expires_at, cache::kNever);
    EXPECT_EQ(lifetime->expired_by, cache::kNever);
    EXPECT_EQ(lifetime->grace, seconds(0));
  }
}

TEST(FillLifetimeTest, AnExpiryBeyondTheClockIsNone) {
  const auto lifetime = LifetimeOf(Value(std::numeric_limits<std::int64_t>::max()), kWindows, kNow);
  ASSERT_TRUE(lifetime);
  EXPECT_EQ(lifetime->fresh_until, kNow + seconds(5));
  EXPECT_EQ(lifetime->expires_at, cache::kNever);
}

}  // namespace
}  // namespace herdgate::pipeline
