#include "sidecar/stampede/hot_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace herdgate::stampede {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class HotSketchTest : public testing::Test {
 protected:
  void Touch(std::string_view key, int times = 1, const HotLookup& lookup = {.hit = true}) {
    for (int i = 0; i < times; ++i) sketch_.Touch(cache::Hashed(key, 1), lookup, now_);
  }
  void Fill(std::size_t keys, int times) {
    for (std::size_t i = 0; i < keys; ++i) Touch("fill:" + std::to_string(i), times);
  }
  std::optional<HotSketch::Count> CountOf(std::string_view key) {
    const std::uint64_t hash = cache::Hashed(key, 1).hash;
    for (const HotSketch::Count& count : sketch_.CountsAt(now_).keys) {
      if (count.hash == hash) return count;
    }
    return std::nullopt;
  }
  std::optional<HotSketch::Detail> DetailOf(std::string_view key) {
    return sketch_.Details({cache::Hashed(key, 1).hash}, now_).at(0);
  }

  base::SteadyTime now_ = base::SteadyTime(minutes(1000));
  HotSketch sketch_;
};

TEST_F(HotSketchTest, KnowsNothingAtFirst) {
  EXPECT_TRUE(sketch_.CountsAt(now_).keys.empty());
  EXPECT_FALSE(DetailOf("a"));
  sketch_.ForgetPolicies();
}

TEST_F(HotSketchTest, CountsExactlyWhileThereIsRoom) {
  Fill(HotSketch::kKeys - 1, 2);
  Touch("a", 7);
  EXPECT_EQ(CountOf("a")->count, 7U);
  EXPECT_EQ(CountOf("a")->sure, 7U);
  EXPECT_EQ(sketch_.CountsAt(now_).lookups, 2 * (HotSketch::kKeys - 1) + 7);
}

TEST_F(HotSketchTest, AKeyThatIsNotInMayHaveWhatTheLeastCountedHas) {
  Fill(HotSketch::kKeys - 1, 3);
  EXPECT_EQ(sketch_.CountsAt(now_).absent, 0U) << "there is room: nobody was sent away";
  Touch("a", 2);
  EXPECT_EQ(sketch_.CountsAt(now_).absent, 2U);
}

TEST_F(HotSketchTest, ANewKeyTakesThePlaceOfTheLeastCountedAndItsCountAsError) {
  Fill(HotSketch::kKeys - 1, 5);
  Touch("least", 3);
  Touch("new", 2);
  EXPECT_FALSE(CountOf("least"));
  EXPECT_EQ(CountOf("new")->count, 5U);
  EXPECT_EQ(CountOf("new")->sure, 2U);
}

TEST_F(HotSketchTest, TheRateIsThatOfThePresentMinuteOnceItIsOldEnough) {
  now_ += seconds(20);
  Touch("a", 400);
  EXPECT_DOUBLE_EQ(sketch_.RateOf(cache::Hashed("a", 1).hash, now_), 20);
  EXPECT_DOUBLE_EQ(sketch_.RateOf(cache::Hashed("b", 1).hash, now_), 0);
}

TEST_F(HotSketchTest, TheRateIsThatOfTheMinuteBeforeWhereThisOneHasJustBegun) {
  Touch("a", 1200);
  now_ += minutes(1);
  EXPECT_DOUBLE_EQ(sketch_.RateOf(cache::Hashed("a", 1).hash, now_), 20);
  now_ += minutes(2);
  EXPECT_DOUBLE_EQ(sketch_.RateOf(cache::Hashed("a", 1).hash, now_), 0);
}

TEST_F(HotSketchTest, WhoLeavesAndComesAgainStartsAnew) {
  Fill(HotSketch::kKeys - 1, 5);
  Touch("a", 3);
  Touch("b", 3);
  Touch("a");
  EXPECT_EQ(DetailOf("a")->hits, 1U);
  EXPECT_EQ(DetailOf("a")->minutes.back(), 1U);
}

TEST_F(HotSketchTest, ASampleCountsForAllThatItStandsFor) {
  Touch("a", 2, {.hit = true, .weight = 4});
  EXPECT_EQ(CountOf("a")->count, 8U);
  EXPECT_EQ(sketch_.CountsAt(now_).lookups, 8U);
  EXPECT_EQ(DetailOf("a")->minutes.back(), 8U);
}

TEST_F(HotSketchTest, TellsHitsFromMissesAndThePolicyOfTheLastLookup) {
  Touch("a", 3, {.policy = 4, .hit = true});
  Touch("a", 2, {.policy = 5, .hit = false});
  EXPECT_EQ(DetailOf("a")->hits, 3U);
  EXPECT_EQ(DetailOf("a")->misses, 2U);
  EXPECT_EQ(DetailOf("a")->policy, 5);
  sketch_.ForgetPolicies();
  EXPECT_EQ(DetailOf("a")->policy, HotSketch::kNoPolicy);
}

TEST_F(HotSketchTest, LongKeysAreCut) {
  const std::string whole(HotSketch::kMaxKeyBytes, 'k');
  Touch(whole);
  EXPECT_EQ(DetailOf(whole)->key, whole);
  EXPECT_FALSE(DetailOf(whole)->key_cut);
  Touch(whole + "x", 2);
  EXPECT_EQ(DetailOf(whole + "x")->key, whole);
  EXPECT_TRUE(DetailOf(whole + "x")->key_cut);
  EXPECT_EQ(CountOf(whole)->count, 1U) << "another key all the same";
}

TEST_F(HotSketchTest, KeysMayHoldAnyBytes) {
  const std::string key("a\0b", 3);
  Touch(key);
  EXPECT_EQ(DetailOf(key)->key, key);
}

// ---- time

TEST_F(HotSketchTest, EachMinuteIsCountedApart) {
  for (int minute = 0; minute < 20; ++minute) {
    Touch("a", minute + 1);
    now_ += minutes(1);
  }
  now_ -= seconds(1);
  const HotSketch::Minutes seen = DetailOf("a")->minutes;
  for (std::size_t i = 0; i < HotSketch::kMinutes; ++i) EXPECT_EQ(seen[i], 6 + i);
}

TEST_F(HotSketchTest, QuietMinutesAreEmpty) {
  Touch("a", 3);
  now_ += minutes(4);
  Touch("a", 1);
  now_ += minutes(2);
  HotSketch::Minutes expected{};
  expected[8] = 3;
  expected[12] = 1;
  EXPECT_EQ(DetailOf("a")->minutes, expected);
  now_ += minutes(7);
  expected = {};
  expected[1] = 3;
  expected[5] = 1;
  EXPECT_EQ(DetailOf("a")->minutes, expected);
  now_ += minutes(100);
  EXPECT_EQ(DetailOf("a")->minutes, HotSketch::Minutes{});
}

TEST_F(HotSketchTest, CountsAreHalvedEveryFiveMinutesAndMinutesAreNot) {
  Touch("a", 40, {.hit = true});
  Touch("a", 10, {.hit = false});
  now_ += minutes(5);
  EXPECT_EQ(CountOf("a")->count, 25U);
  EXPECT_EQ(DetailOf("a")->hits, 20U);
  EXPECT_EQ(DetailOf("a")->misses, 5U);
  EXPECT_EQ(sketch_.CountsAt(now_).lookups, 25U);
  now_ += minutes(10);
  EXPECT_EQ(CountOf("a")->count, 7U) << "rounded up, to stay a bound";
  EXPECT_EQ(DetailOf("a")->misses, 1U) << "rounded down: what is sure";
  const auto seen = DetailOf("a")->minutes;
  EXPECT_EQ(std::accumulate(seen.begin(), seen.end(), 0U), 0U);
}

TEST_F(HotSketchTest, WhatWasHotOnceMakesRoom) {
  Fill(HotSketch::kKeys, 1000);
  now_ += std::chrono::hours(10);
  Touch("a", 2);
  EXPECT_EQ(CountOf("a")->count, 3U);
  EXPECT_LE(sketch_.CountsAt(now_).absent, 1U);
}

TEST_F(HotSketchTest, AClockThatStartsLateHalvesNothing) {
  now_ = base::SteadyTime(minutes(10'000'000));
  Touch("a", 3);
  EXPECT_EQ(CountOf("a")->count, 3U);
}

}  // namespace
}  // namespace herdgate::stampede
