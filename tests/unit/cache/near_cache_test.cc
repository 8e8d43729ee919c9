#include "sidecar/cache/near_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/cache/near_fixture.h"

namespace herdgate::cache {
namespace {

using NearCacheTest = NearFixture;
using ms = std::chrono::milliseconds;

TEST_F(NearCacheTest, APublishedValueIsFoundFresh) {
  EXPECT_EQ(Fill("user:1", "Ada"), PublishResult::kPublished);
  now_ += ms(1200);
  const Found found = Look("user:1");
  EXPECT_EQ(found.freshness, Freshness::kFresh);
  EXPECT_EQ(found.value.bytes(), "Ada");
  EXPECT_FALSE(found.value.nil());
  EXPECT_EQ(found.age, ms(1200));
  EXPECT_EQ(found.fresh_for, ms(3800));
}

TEST_F(NearCacheTest, OtherKeysAreAbsent) {
  Fill("user:1", "Ada");
  const Found found = Look("user:2");
  EXPECT_EQ(found.freshness, Freshness::kAbsent);
  EXPECT_FALSE(found.value);
}

TEST_F(NearCacheTest, NilEmptyAndPersistentValuesDiffer) {
  const HashedKey nil = cache_.Hash("nil");
  const HashedKey empty = cache_.Hash("");
  cache_.Publish(nil, cache_.Reserve(nil), {.nil = true}, For(ms(1000), ms(0)));
  cache_.Publish(empty, cache_.Reserve(empty), {.persistent = true}, For(ms(1000), ms(0)));
  EXPECT_TRUE(Look("nil").value.nil());
  EXPECT_FALSE(Look("nil").value.persistent());
  EXPECT_FALSE(Look("").value.nil());
  EXPECT_TRUE(Look("").value.persistent());
  EXPECT_EQ(Look("").value.bytes(), "");
}

TEST_F(NearCacheTest, ValuesMayHoldAnyByte) {
  const std::string value("\0\r\n\xff", 4);
  Fill(std::string_view("k\0y", 3), value);
  EXPECT_EQ(Look(std::string_view("k\0y", 3)).value.bytes(), value);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearCacheTest, PastItsFirstDeadlineAValueIsStaleAndPastItsSecondGone) {
  Fill("k", "v", ms(5000), ms(1000));
  now_ += ms(4999);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kFresh);
  now_ += ms(1);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale);
  now_ += ms(999);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale);
  now_ += ms(1);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
  EXPECT_EQ(Evicted(EvictionReason::kExpired), 1U);
  EXPECT_EQ(cache_.Stats().entries, 0U);
}

TEST_F(NearCacheTest, DeadlinesAreNeverRoundedUp) {
  const HashedKey key = cache_.Hash("k");
  const auto until = now_ + std::chrono::microseconds(5900);
  cache_.Publish(key, cache_.Reserve(key), {.bytes = "v"}, {now_, until, until});
  EXPECT_EQ(cache_.Lookup(key, now_ + std::chrono::microseconds(4999)).freshness, Freshness::kFresh);
  EXPECT_EQ(cache_.Lookup(key, until).freshness, Freshness::kAbsent);
}

TEST_F(NearCacheTest, AnExpiredFillIsNotPublished) {
  EXPECT_EQ(Fill("k", "v", ms(0)), PublishResult::kExpired);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearCacheTest, ASecondFillOfAKeyIsRefusedUntilTheFirstEnds) {
  const HashedKey key = cache_.Hash("k");
  const Reservation first = cache_.Reserve(key);
  EXPECT_TRUE(first);
  EXPECT_FALSE(cache_.Reserve(key));
  EXPECT_TRUE(cache_.Reserve(cache_.Hash("other")));
  cache_.Cancel(key, first);
  EXPECT_TRUE(cache_.Reserve(key));
}

TEST_F(NearCacheTest, OnlyTheHolderEndsAReservation) {
  const HashedKey key = cache_.Hash("k");
  const Reservation gone = cache_.Reserve(key);
  cache_.Drop(key, EvictionReason::kOwnWrite);
  const Reservation standing = cache_.Reserve(key);
  cache_.Cancel(key, gone);
  EXPECT_EQ(cache_.Publish(key, gone, {.bytes = "old"}, For(ms(1000), ms(0))), PublishResult::kInvalidated);
  EXPECT_FALSE(cache_.Reserve(key)) << "the later reservation still stands";
  EXPECT_EQ(cache_.Publish(key, standing, {.bytes = "new"}, For(ms(1000), ms(0))), PublishResult::kPublished);
  EXPECT_EQ(Look("k").value.bytes(), "new");
}

TEST_F(NearCacheTest, AReservationPublishesOnce) {
  const HashedKey key = cache_.Hash("k");
  const Reservation reservation = cache_.Reserve(key);
  EXPECT_EQ(cache_.Publish(key, reservation, {.bytes = "1"}, For(ms(1000), ms(0))), PublishResult::kPublished);
  EXPECT_EQ(cache_.Publish(key, reservation, {.bytes = "2"}, For(ms(1000), ms(0))), PublishResult::kInvalidated);
  EXPECT_EQ(Look("k").value.bytes(), "1");
}

TEST_F(NearCacheTest, ReservationsAreBounded) {
  NearCache cache({.max_bytes = 1U << 20U, .max_value_bytes = 4096, .shards = 1, .max_reservations = 3});
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(cache.Reserve(cache.Hash(key)));
  EXPECT_FALSE(cache.Reserve(cache.Hash("d")));
  EXPECT_EQ(cache.Stats().refusals[static_cast<std::size_t>(Refusal::kFull)], 1U);
  cache.NewEpoch(EpochReason::kOperator);
  EXPECT_TRUE(cache.Reserve(cache.Hash("d")));
}

TEST_F(NearCacheTest, DropRemovesTheEntryStaleOrFresh) {
  Fill("fresh", "v");
  Fill("stale", "v", ms(1), ms(5000));
  now_ += ms(10);
  ASSERT_EQ(FreshnessOf("stale"), Freshness::kStale);
  Drop("fresh");
  Drop("stale");
  Drop("absent");
  EXPECT_EQ(FreshnessOf("fresh"), Freshness::kAbsent);
  EXPECT_EQ(FreshnessOf("stale"), Freshness::kAbsent);
  EXPECT_EQ(Evicted(EvictionReason::kInvalidated), 2U);
}

TEST_F(NearCacheTest, DropRemovesTheReservation) {
  const HashedKey key = cache_.Hash("k");
  const Reservation reservation = cache_.Reserve(key);
  Drop("k");
  EXPECT_EQ(cache_.Publish(key, reservation, {.bytes = "old"}, For(ms(1000), ms(0))), PublishResult::kInvalidated);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearCacheTest, ANewEpochMakesAllStale) {
  Fill("k", "v", ms(1000), ms(1000));
  cache_.NewEpoch(EpochReason::kConnectionLost);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale);
  EXPECT_EQ(Look("k").fresh_for, ms(0));
  EXPECT_EQ(Fill("k", "w"), PublishResult::kPublished);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kFresh);
  EXPECT_EQ(Look("k").value.bytes(), "w");
}

TEST_F(NearCacheTest, ANewEpochRemovesReservations) {
  const HashedKey key = cache_.Hash("k");
  const Reservation reservation = cache_.Reserve(key);
  cache_.NewEpoch(EpochReason::kTimeout);
  EXPECT_TRUE(cache_.Reserve(key));
  EXPECT_EQ(cache_.Publish(key, reservation, {.bytes = "old"}, For(ms(1000), ms(0))), PublishResult::kEpochChanged);
  EXPECT_FALSE(cache_.Reserve(key)) << "the reservation of the new epoch still stands";
}

TEST_F(NearCacheTest, AfterDropAllNothingIsLeftEvenAsStale) {
  Fill("k", "v");
  const HashedKey other = cache_.Hash("other");
  const Reservation reservation = cache_.Reserve(other);
  cache_.DropAll(EpochReason::kFlush);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
  EXPECT_EQ(cache_.Publish(other, reservation, {.bytes = "v"}, For(ms(1), ms(0))), PublishResult::kEpochChanged);
  EXPECT_EQ(Evicted(EvictionReason::kEpoch), 1U);
  cache_.NewEpoch(EpochReason::kOperator);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearCacheTest, LargeValuesAndLongKeysAreNotKept) {
  EXPECT_EQ(Fill("k", std::string(4096, 'x')), PublishResult::kPublished);
  EXPECT_EQ(Fill("l", std::string(4097, 'x')), PublishResult::kTooLarge);
  EXPECT_EQ(FreshnessOf("l"), Freshness::kAbsent);
  EXPECT_FALSE(cache_.Reserve(cache_.Hash(std::string(65536, 'k'))));
}

TEST_F(NearCacheTest, AWitnessOfAnotherValueRemovesTheEntry) {
  Fill("same", "v");
  Fill("differs", "v");
  Fill("vanished", "");
  cache_.Witness(cache_.Hash("same"), {.bytes = "v"}, now_);
  cache_.Witness(cache_.Hash("differs"), {.bytes = "w"}, now_);
  cache_.Witness(cache_.Hash("vanished"), {.nil = true}, now_);
  EXPECT_EQ(FreshnessOf("same"), Freshness::kFresh);
  EXPECT_EQ(FreshnessOf("differs"), Freshness::kAbsent);
  EXPECT_EQ(FreshnessOf("vanished"), Freshness::kAbsent);
  EXPECT_EQ(Evicted(EvictionReason::kContradicted), 2U);
}

TEST_F(NearCacheTest, AFillThatAWitnessContradictsIsDiscarded) {
  const auto fill = [this](std::initializer_list<std::string_view> witnessed) {
    const HashedKey key = cache_.Hash("k");
    const Reservation reservation = cache_.Reserve(key);
    for (const std::string_view value : witnessed) cache_.Witness(key, {.bytes = value}, now_);
    return cache_.Publish(key, reservation, {.bytes = "v"}, For(ms(1000), ms(0)));
  };
  EXPECT_EQ(fill({"w"}), PublishResult::kContradicted);
  EXPECT_EQ(fill({"w", "v"}), PublishResult::kContradicted);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
  EXPECT_EQ(fill({"v", "v"}), PublishResult::kPublished);
}

TEST_F(NearCacheTest, AReaderMayHoldAValueAfterItsEviction) {
  const std::string value(2000, 'v');
  Fill("k", value);
  const Found held = Look("k");
  Drop("k");
  for (int i = 0; i < 1000; ++i) Fill("other:" + std::to_string(i), std::string(2000, 'o'));
  const ValueRef copy = held.value;
  EXPECT_EQ(copy.bytes(), value);
}

TEST_F(NearCacheTest, ReclaimFreesWhatIsDead) {
  for (int i = 0; i < 500; ++i) Fill("short:" + std::to_string(i), "v", ms(10), ms(10));
  for (int i = 0; i < 500; ++i) Fill("long:" + std::to_string(i), "v");
  now_ += ms(20);
  cache_.Reclaim(now_, 100);
  EXPECT_GT(cache_.Stats().entries, 500U) << "a part at a time";
  for (int i = 0; i < 20; ++i) cache_.Reclaim(now_, 1000);
  EXPECT_EQ(cache_.Stats().entries, 500U);
  EXPECT_EQ(Evicted(EvictionReason::kExpired), 500U);
  cache_.DropAll(EpochReason::kFlush);
  for (int i = 0; i < 20; ++i) cache_.Reclaim(now_, 1000);
  EXPECT_EQ(cache_.Stats().entries, 0U);
  EXPECT_EQ(Evicted(EvictionReason::kEpoch), 500U);
}

TEST_F(NearCacheTest, WhatWasDroppedMakesRoomFirst) {
  NearCache cache({.max_bytes = 64U << 10U, .max_value_bytes = 1024, .shards = 1});
  const auto fill = [&](const std::string& name) {
    const HashedKey key = cache.Hash(name);
    cache.Publish(key, cache.Reserve(key), {.bytes = std::string(100, 'v')}, For(ms(5000), ms(0)));
  };
  for (int i = 0; i < 1000; ++i) fill("old:" + std::to_string(i));
  for (int n = 0; n < 3; ++n) {
    for (int i = 0; i < 1000; ++i) cache.Lookup(cache.Hash("old:" + std::to_string(i)), now_);
  }
  cache.DropAll(EpochReason::kFlush);
  for (int i = 0; i < 100; ++i) fill("new:" + std::to_string(i));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(cache.Lookup(cache.Hash("new:" + std::to_string(i)), now_).freshness, Freshness::kFresh) << i;
  }
}

TEST_F(NearCacheTest, SmallCachesHaveFewerShards) {
  EXPECT_EQ(NearCache({}).shards(), 16U);
  EXPECT_EQ(NearCache({.max_bytes = 2U << 20U}).shards(), 4U);
  EXPECT_EQ(NearCache({.max_bytes = 0}).shards(), 1U);
  EXPECT_EQ(NearCache({.shards = 5}).shards(), 4U);
}

}  // namespace
}  // namespace herdgate::cache
