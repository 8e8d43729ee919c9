// The near cache as an operator empties it: by key, and by a choice of keys.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/cache/near_fixture.h"

namespace herdgate::cache {
namespace {

using NearRemovalTest = NearFixture;
using ms = std::chrono::milliseconds;
using Removal = NearCache::Removal;

TEST_F(NearRemovalTest, AStaleKeyIsNeverFreshAgainButStillThere) {
  Fill("k", "v", ms(5000), ms(1000));
  cache_.MakeStale(cache_.Hash("k"));
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale);
  EXPECT_EQ(Look("k").value.bytes(), "v");
  EXPECT_FALSE(Look("k").expired_for);
  now_ += ms(6000);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearRemovalTest, AStaleKeyIsFreshOnceItIsFilledAnew) {
  Fill("k", "old", ms(5000), ms(1000));
  cache_.MakeStale(cache_.Hash("k"));
  EXPECT_EQ(Fill("k", "new", ms(5000), ms(1000)), PublishResult::kPublished);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kFresh);
  EXPECT_EQ(Look("k").value.bytes(), "new");
}

TEST_F(NearRemovalTest, APushRemovesAStaleKey) {
  Fill("k", "v", ms(5000), ms(1000));
  cache_.MakeStale(cache_.Hash("k"));
  cache_.Invalidate(cache_.Hash("k"), now_);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearRemovalTest, AFillThatWasUnderWayIsNotPublished) {
  const HashedKey one = cache_.Hash("one");
  const HashedKey two = cache_.Hash("two");
  const Reservation first = cache_.Reserve(one);
  const Reservation second = cache_.Reserve(two);
  cache_.MakeStale(one);
  EXPECT_EQ(cache_.Publish(one, first, {.bytes = "v"}, For(ms(1000), ms(0))), PublishResult::kInvalidated);
  cache_.RemoveWhere([](std::string_view) { return false; }, Removal::kDrop);
  EXPECT_EQ(cache_.Publish(two, second, {.bytes = "v"}, For(ms(1000), ms(0))), PublishResult::kInvalidated);
}

TEST_F(NearRemovalTest, OnlyChosenKeysGo) {
  for (int i = 0; i < 100; ++i) Fill((i % 2 == 0 ? "even:" : "odd:") + std::to_string(i), "v", ms(5000), ms(1000));
  const auto even = [](std::string_view key) { return key.starts_with("even:"); };
  const auto odd = [](std::string_view key) { return key.starts_with("odd:"); };
  EXPECT_EQ(cache_.RemoveWhere(even, Removal::kDrop), 50U);
  EXPECT_EQ(cache_.Stats().entries, 50U);
  EXPECT_EQ(FreshnessOf("even:2"), Freshness::kAbsent);
  EXPECT_EQ(FreshnessOf("odd:3"), Freshness::kFresh);
  EXPECT_EQ(cache_.RemoveWhere(odd, Removal::kStale), 50U);
  EXPECT_EQ(cache_.Stats().entries, 50U);
  EXPECT_EQ(FreshnessOf("odd:3"), Freshness::kStale);
  EXPECT_EQ(Evicted(EvictionReason::kInvalidated), 50U);
}

}  // namespace
}  // namespace herdgate::cache
