#include "sidecar/stampede/hot_list.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace herdgate::stampede {
namespace {

using std::chrono::minutes;

class HotListTest : public testing::Test, private base::Clock {
 protected:
  void Touch(std::size_t loop, std::string_view key, int times, const HotLookup& lookup = {.hit = true}) {
    for (int i = 0; i < times; ++i) list_.Touch(loop, cache::Hashed(key, 1), lookup, now_);
  }
  std::vector<HotKey> Top(std::size_t n = HotList::kTop) const { return list_.Top(n, now_); }
  std::map<std::string, double> Scrape() {
    metrics::Registry registry;
    const auto registration = registry.Register([this](metrics::SampleSink& sink) { list_.Collect(sink); });
    std::map<std::string, double> values;
    for (const metrics::FamilySamples& family : registry.Collect()) {
      if (!family.family.name.starts_with("herdgate_hot_")) continue;
      for (const metrics::Series& series : family.series) {
        std::string name(family.family.name);
        for (const auto& label : series.labels) name += "{" + label.second + "}";
        values[name] = series.value;
      }
    }
    return values;
  }

  base::SteadyTime Now() const override { return now_; }
  base::WallTime Wall() const override { return {}; }

  base::SteadyTime now_ = base::SteadyTime(minutes(1000));
  HotList list_{3, *this};
};

TEST_F(HotListTest, KnowsNothingAtFirst) {
  EXPECT_TRUE(Top().empty());
}

TEST_F(HotListTest, AddsUpWhatLoopsSaw) {
  Touch(0, "a", 3, {.policy = 7, .hit = true});
  Touch(1, "a", 2, {.policy = 7, .hit = false});
  Touch(2, "b", 4);
  const auto top = Top();
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].key, "a");
  EXPECT_EQ(top[0].hash, cache::Hashed("a", 1).hash);
  EXPECT_EQ(top[0].policy, 7U);
  EXPECT_EQ(top[0].count, 5U);
  EXPECT_EQ(top[0].error, 0U);
  EXPECT_EQ(top[0].hits, 3U);
  EXPECT_EQ(top[0].misses, 2U);
  EXPECT_EQ(top[0].minutes.back(), 5U);
  EXPECT_EQ(top[1].key, "b");
}

TEST_F(HotListTest, ALoopThatDoesNotKnowAKeyMayHaveSeenIt) {
  Touch(0, "a", 50);
  for (std::size_t i = 0; i < HotSketch::kKeys; ++i) Touch(1, "fill:" + std::to_string(i), 3);
  const auto top = Top(1);
  ASSERT_EQ(top.size(), 1U);
  EXPECT_EQ(top[0].key, "a");
  EXPECT_EQ(top[0].count, 53U);
  EXPECT_EQ(top[0].error, 3U);
  EXPECT_EQ(top[0].hits, 50U);
}

TEST_F(HotListTest, TheSurestComeFirst) {
  for (std::size_t i = 0; i < HotSketch::kKeys - 1; ++i) Touch(0, "fill:" + std::to_string(i), 30);
  Touch(0, "least", 29);
  Touch(0, "new", 5);  // 34, of which 29 may be none
  EXPECT_EQ(Top(HotSketch::kKeys).back().key, "new");
}

TEST_F(HotListTest, ShowsAsManyAsAsked) {
  for (int i = 0; i < 300; ++i) Touch(0, "k" + std::to_string(i), 1 + i);
  const auto top = Top();
  ASSERT_EQ(top.size(), 100U);
  for (std::size_t i = 0; i < top.size(); ++i) EXPECT_EQ(top[i].key, "k" + std::to_string(299 - i));
  EXPECT_TRUE(Top(0).empty());
}

TEST_F(HotListTest, MinutesOfLoopsAreAddedUp) {
  Touch(0, "a", 2);
  now_ += minutes(1);
  Touch(1, "a", 3);
  Touch(0, "a", 1);
  const auto top = Top();
  EXPECT_EQ(top.at(0).minutes[HotSketch::kMinutes - 2], 2U);
  EXPECT_EQ(top.at(0).minutes[HotSketch::kMinutes - 1], 4U);
}

TEST_F(HotListTest, WhatIsAskedForNoMoreIsGone) {
  Touch(0, "a", 1000);
  now_ += std::chrono::hours(2);
  EXPECT_TRUE(Top().empty());
}

TEST_F(HotListTest, APolicyOfBeforeAReloadIsNoPolicy) {
  Touch(0, "a", 1, {.policy = 3});
  list_.ForgetPolicies();
  EXPECT_EQ(Top().at(0).policy, HotSketch::kNoPolicy);
  Touch(1, "a", 1, {.policy = 2});
  EXPECT_EQ(Top().at(0).policy, 2U) << "whichever loop knows it";
}

TEST_F(HotListTest, AScrapeShowsTheShareOfTheTopAndNoKey) {
  for (int i = 0; i < 100; ++i) Touch(0, "hot" + std::to_string(i), 10);
  for (int i = 0; i < 50; ++i) Touch(1, "cold" + std::to_string(i), 2);
  const std::map<std::string, double> expected = {{"herdgate_hot_keys", 150},
                                                  {"herdgate_hot_key_lookups{first}", 10},
                                                  {"herdgate_hot_key_lookups{next_9}", 90},
                                                  {"herdgate_hot_key_lookups{next_90}", 900},
                                                  {"herdgate_hot_key_lookups{other}", 100}};
  EXPECT_EQ(Scrape(), expected);
}

// For ThreadSanitizer.
TEST_F(HotListTest, CanBeAskedWhileLoopsCount) {
  constexpr int kTouches = 20'000;
  std::atomic<int> running{3};
  std::vector<std::thread> loops;
  for (std::size_t loop = 0; loop < 3; ++loop) {
    loops.emplace_back([&, loop] {
      for (int i = 0; i < kTouches; ++i) {
        Touch(loop, "k" + std::to_string(i % 1500 * (i % 2)), 1, {.policy = 1, .hit = i % 3 == 0});
      }
      --running;
    });
  }
  while (running.load() > 0) {
    for (const HotKey& key : Top()) ASSERT_EQ(key.count, key.hits + key.misses + key.error);
    Scrape();
    list_.ForgetPolicies();
  }
  for (std::thread& loop : loops) loop.join();
  EXPECT_EQ(Top(1).at(0).key, "k0");
  EXPECT_GE(Top(1).at(0).count, 3U * kTouches / 2);
}

}  // namespace
}  // namespace herdgate::stampede
