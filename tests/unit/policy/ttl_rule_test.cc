#include "sidecar/policy/ttl_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>

namespace herdgate::policy {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

TtlOutcome Apply(const TtlRules& rules, milliseconds requested) {
  base::Random random(1);
  return ApplyTtl(rules, requested, random);
}

void ExpectOutcome(const TtlRules& rules, milliseconds requested, milliseconds applied, TtlAction action) {
  EXPECT_EQ(Apply(rules, requested).applied, applied) << requested.count();
  EXPECT_EQ(Apply(rules, requested).action, action) << requested.count();
}

constexpr milliseconds kLongest{std::numeric_limits<std::int64_t>::max()};

TEST(TtlRuleTest, WithoutRulesTheRequestStands) {
  ExpectOutcome({}, 1ms, 1ms, TtlAction::kUnchanged);
  ExpectOutcome({}, kLongest, kLongest, TtlAction::kUnchanged);
}

TEST(TtlRuleTest, TheBoundsThemselvesStand) {
  const TtlRules rules{.min = 10s, .max = 1h};
  ExpectOutcome(rules, 9'999ms, 10s, TtlAction::kClamped);
  ExpectOutcome(rules, 10s, 10s, TtlAction::kUnchanged);
  ExpectOutcome(rules, 10'001ms, 10'001ms, TtlAction::kUnchanged);
  ExpectOutcome(rules, 1h, 1h, TtlAction::kUnchanged);
  ExpectOutcome(rules, 1h + 1ms, 1h, TtlAction::kClamped);
  ExpectOutcome(rules, kLongest, 1h, TtlAction::kClamped);
  ExpectOutcome(rules, 1ms, 10s, TtlAction::kClamped);
}

TEST(TtlRuleTest, EitherBoundMayBeAlone) {
  ExpectOutcome({.min = 10s}, kLongest, kLongest, TtlAction::kUnchanged);
  ExpectOutcome({.max = 10s}, 1ms, 1ms, TtlAction::kUnchanged);
  ExpectOutcome({.min = 10s, .max = 10s}, 3s, 10s, TtlAction::kClamped);
}

TEST(TtlRuleTest, JitterOnlyShortensAndNeverToNothing) {
  base::Random random(5);
  for (const double jitter : {0.01, 0.1, 0.5, 0.999, 1.0, 7.0}) {
    for (const milliseconds requested : {1ms, 2ms, 999ms, milliseconds(60s), milliseconds(24h), kLongest}) {
      for (int i = 0; i < 1'000; ++i) {
        const TtlOutcome outcome = ApplyTtl({.jitter = jitter}, requested, random);
        ASSERT_GE(outcome.applied, 1ms);
        ASSERT_LE(outcome.applied, requested);
        const double least = static_cast<double>(requested.count()) * (1 - std::min(jitter, 1.0));
        ASSERT_GE(static_cast<double>(outcome.applied.count()), least * (1 - 1e-9));
        ASSERT_EQ(outcome.action, outcome.applied == requested ? TtlAction::kUnchanged : TtlAction::kJittered);
      }
    }
  }
}

TEST(TtlRuleTest, JitterIsUniform) {
  base::Random random(6);
  std::array<int, 10> tenths{};
  for (int i = 0; i < 100'000; ++i) {
    const auto shorter = 1'000'000ms - ApplyTtl({.jitter = 0.1}, 1'000'000ms, random).applied;
    ++tenths.at(static_cast<std::size_t>(shorter.count() / 10'000));
  }
  for (const int count : tenths) EXPECT_NEAR(count, 10'000, 500);
}

TEST(TtlRuleTest, TheBoundsComeBehindJitter) {
  base::Random random(7);
  const TtlRules rules{.min = 59min, .max = 1h, .jitter = 0.5};
  for (int i = 0; i < 1'000; ++i) {
    const TtlOutcome outcome = ApplyTtl(rules, 1h, random);
    ASSERT_GE(outcome.applied, 59min);
    ASSERT_LE(outcome.applied, 1h);
  }
  EXPECT_EQ(ApplyTtl(rules, 1min, random).applied, 59min);
}

TEST(TtlRuleTest, WithoutJitterNothingIsDrawn) {
  base::Random random(8);
  base::Random same(8);
  ApplyTtl({.min = 1s, .max = 2s}, 5s, random);
  EXPECT_EQ(random.Next(), same.Next());
}

}  // namespace
}  // namespace herdgate::policy
