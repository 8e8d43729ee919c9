#include "sidecar/cache/hot_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

constexpr std::uint32_t kNever = 0xffff'ffff;

HotKeys::Estimate Touch(HotKeys& hot, const std::string& name, int times = 1) {
  HotKeys::Estimate estimate;
  for (int i = 0; i < times; ++i) estimate = hot.Touch(Hashed(name, 1));
  return estimate;
}

TEST(HotKeysTest, CountsExactlyWhileAllKeysFit) {
  HotKeys hot(kNever);
  for (int i = 0; i < 256; ++i)
    EXPECT_EQ(Touch(hot, std::to_string(i), i + 1).count, static_cast<std::uint32_t>(i + 1));
  const auto top = hot.Top(3);
  ASSERT_EQ(top.size(), 3U);
  EXPECT_EQ(top[0].key, "255");
  EXPECT_EQ(top[0].estimate.count, 256U);
  EXPECT_EQ(top[0].estimate.error, 0U);
  EXPECT_EQ(top[2].key, "253");
}

TEST(HotKeysTest, ANewKeyTakesThePlaceAndTheCountOfTheLeastCounted) {
  HotKeys hot(kNever);
  for (int i = 0; i < 256; ++i) Touch(hot, std::to_string(i), i == 77 ? 3 : 5);
  const HotKeys::Estimate estimate = Touch(hot, "new");
  EXPECT_EQ(estimate.count, 4U);
  EXPECT_EQ(estimate.error, 3U);
  EXPECT_EQ(estimate.at_least(), 1U);
  EXPECT_EQ(Touch(hot, "77").error, 4U) << "it was the one that left, and \"new\" is the least now";
}

// The law of Space-Saving, on a skewed stream with a long tail: no count is below the truth, none is further above it
// than its error, no error exceeds touches / slots, and every key with more touches than that is counted.
TEST(HotKeysTest, EstimatesHoldTheTruthWithinTheirError) {
  HotKeys hot(kNever);
  base::Random random(3);
  std::map<std::string, std::uint32_t> truth;
  constexpr std::uint32_t kTouches = 200'000;
  for (std::uint32_t i = 0; i < kTouches; ++i) {
    const std::string name = std::to_string(static_cast<std::int64_t>(std::pow(random.Unit(), -1.5)));
    const std::uint32_t now = ++truth[name];
    const HotKeys::Estimate estimate = Touch(hot, name);
    ASSERT_GE(estimate.count, now);
    ASSERT_LE(estimate.at_least(), now);
    ASSERT_LE(estimate.error, i / HotKeys::kSlots + 1);
  }
  const auto top = hot.Top(HotKeys::kSlots);
  std::map<std::string, HotKeys::Estimate> counted;
  for (const HotKeys::Row& row : top) counted[row.key] = row.estimate;
  ASSERT_GT(truth.size(), 10 * HotKeys::kSlots);
  for (const auto& [name, touches] : truth) {
    if (touches <= kTouches / HotKeys::kSlots) continue;
    ASSERT_TRUE(counted.contains(name)) << name;
    EXPECT_GE(counted[name].count, touches);
    EXPECT_LE(counted[name].at_least(), touches);
  }
}

TEST(HotKeysTest, HalvingKeepsTheOrderAndTheLaw) {
  HotKeys hot(kNever);
  for (int i = 0; i < 300; ++i) Touch(hot, std::to_string(i), 1 + i % 7);
  const auto before = hot.Top(HotKeys::kSlots);
  hot.Halve();
  const auto after = hot.Top(HotKeys::kSlots);
  ASSERT_EQ(after.size(), before.size());
  std::map<std::string, HotKeys::Estimate> halved;
  for (const HotKeys::Row& row : after) halved[row.key] = row.estimate;
  for (const HotKeys::Row& row : before) {
    EXPECT_EQ(halved[row.key].count, row.estimate.count / 2);
    EXPECT_LE(halved[row.key].at_least(), row.estimate.at_least() / 2);
  }
  EXPECT_TRUE(std::is_sorted(after.begin(), after.end(),
                             [](const auto& a, const auto& b) { return a.estimate.count > b.estimate.count; }));
}

TEST(HotKeysTest, HalvesByItselfAfterItsWindow) {
  HotKeys hot(100);
  EXPECT_EQ(Touch(hot, "k", 99).count, 99U);
  EXPECT_EQ(Touch(hot, "k").count, 50U);
}

TEST(HotKeysTest, SurvivesManyHalvingsOfAnyMix) {
  HotKeys hot(500);
  base::Random random(9);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t spread = 1 + random.Below(2000);
    const HotKeys::Estimate estimate = Touch(hot, std::to_string(random.Below(spread)));
    ASSERT_GE(estimate.count, 1U);
    ASSERT_LE(estimate.error, estimate.count);
    ASSERT_LE(estimate.count, 1000U) << "half of what was, and what came since";
  }
  EXPECT_LE(hot.Top(1000).size(), HotKeys::kSlots);
}

TEST(HotKeysTest, LongKeysAreShownCut) {
  HotKeys hot;
  Touch(hot, std::string(1000, 'k'), 2);
  ASSERT_EQ(hot.Top(1).size(), 1U);
  EXPECT_EQ(hot.Top(1)[0].key, std::string(HotKeys::kMaxTextBytes, 'k'));
}

}  // namespace
}  // namespace herdgate::cache
