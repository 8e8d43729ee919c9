// What becomes of values whose keys run out in Redis: kept as stale, for those who ask how long they have expired for.
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/cache/near_fixture.h"

namespace herdgate::cache {
namespace {

using ms = std::chrono::milliseconds;

class NearGraceTest : public NearFixture {
 protected:
  static constexpr ms kFresh{1000};
  static constexpr ms kExpires{3000};
  static constexpr ms kDoubt{5};
  static constexpr ms kGrace{10000};

  // Of a key that runs out kExpires from now on, known to kDoubt.
  Lifetime Expiring(ms stale = ms(60000)) const {
    Lifetime lifetime = For(kFresh, stale);
    lifetime.expires_at = now_ + kExpires;
    lifetime.expired_by = now_ + kExpires + kDoubt;
    lifetime.grace = kGrace;
    return lifetime;
  }
  void FillExpiring(std::string_view key, ms stale = ms(60000)) {
    const HashedKey hashed = cache_.Hash(key);
    ASSERT_EQ(cache_.Publish(hashed, cache_.Reserve(hashed), {.bytes = "v"}, Expiring(stale)),
              PublishResult::kPublished);
  }
  void Push(std::string_view key) { cache_.Invalidate(cache_.Hash(key), now_); }
  void WitnessNil(std::string_view key) { cache_.Witness(cache_.Hash(key), {.nil = true}, now_); }
  std::optional<ms> ExpiredFor(std::string_view key) { return Look(key).expired_for; }
};

TEST_F(NearGraceTest, APushOfAnExpiryLeavesTheValueAsStale) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  Push("k");
  const Found found = Look("k");
  EXPECT_EQ(found.freshness, Freshness::kStale);
  EXPECT_EQ(found.value.bytes(), "v");
  EXPECT_EQ(found.expired_for, kDoubt);
  EXPECT_TRUE(found.surely_expired);
  EXPECT_EQ(cache_.Stats().kept, 1U);
  EXPECT_EQ(Evicted(EvictionReason::kInvalidated), 0U);
}

TEST_F(NearGraceTest, APushThatMayBeOfADelBeforeTheExpiryRemovesTheValue) {
  FillExpiring("k");
  now_ += kExpires + kDoubt - ms(1);
  Push("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
  EXPECT_EQ(Evicted(EvictionReason::kInvalidated), 1U);
  EXPECT_EQ(cache_.Stats().kept, 0U);
}

TEST_F(NearGraceTest, APushWithinAMillisecondOfTheExpiryIsDoubtful) {
  const HashedKey key = cache_.Hash("k");
  Lifetime lifetime = Expiring();
  lifetime.expired_by += std::chrono::microseconds(1);
  cache_.Publish(key, cache_.Reserve(key), {.bytes = "v"}, lifetime);
  now_ += kExpires + kDoubt;
  Push("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent) << "expired_by is rounded up";
}

TEST_F(NearGraceTest, TheSecondPushRemovesTheValue) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  WitnessNil("k");
  Push("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale) << "a nil that was read says the same as the push after it";
  EXPECT_EQ(cache_.Stats().kept, 1U) << "one value";
  Push("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, APushOfAKeyWithoutKnownExpiryRemovesTheValue) {
  Fill("k", "v", ms(1000), ms(60000));
  now_ += ms(30000);
  ASSERT_EQ(FreshnessOf("k"), Freshness::kStale);
  EXPECT_FALSE(ExpiredFor("k"));
  Push("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, APushOfAnExpiryThatIsTooDoubtfulRemovesTheValue) {
  const HashedKey key = cache_.Hash("k");
  Lifetime lifetime = Expiring();
  lifetime.expired_by = lifetime.expires_at + ms(255);
  cache_.Publish(key, cache_.Reserve(key), {.bytes = "v"}, lifetime);
  now_ += kExpires + ms(5000);
  EXPECT_EQ(ExpiredFor("k"), ms(5000)) << "nobody said that it is gone";
  EXPECT_FALSE(Look("k").surely_expired);
  Push("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, APushRemovesTheReservationOfAKeyThatRanOut) {
  FillExpiring("k");
  const HashedKey key = cache_.Hash("k");
  now_ += kExpires + kDoubt;
  const Reservation reservation = cache_.Reserve(key);
  Push("k");
  EXPECT_EQ(cache_.Publish(key, reservation, {.bytes = "w"}, For(ms(1000), ms(0))), PublishResult::kInvalidated);
  EXPECT_EQ(Look("k").value.bytes(), "v");
}

TEST_F(NearGraceTest, AKeptValueIsNeverFreshAgain) {
  FillExpiring("k");
  const base::SteadyTime of_a_slow_loop = now_ + ms(500);
  now_ += kExpires + kDoubt;
  Push("k");
  EXPECT_EQ(cache_.Lookup(cache_.Hash("k"), of_a_slow_loop).freshness, Freshness::kStale);
}

TEST_F(NearGraceTest, ANewValueTakesTheKeptOnesPlaceAndIsFresh) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  Push("k");
  Fill("k", "w");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kFresh);
  EXPECT_EQ(Look("k").value.bytes(), "w");
  EXPECT_FALSE(ExpiredFor("k"));
}

TEST_F(NearGraceTest, AnOwnWriteRemovesTheValueExpiredOrNot) {
  for (const ms after : {ms(0), kFresh, kExpires + kDoubt, kExpires + kGrace - ms(1)}) {
    FillExpiring("k");
    now_ += after;
    cache_.Drop(cache_.Hash("k"), EvictionReason::kOwnWrite);
    EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent) << after.count();
  }
}

TEST_F(NearGraceTest, AnOwnWriteRemovesAKeptValue) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  Push("k");
  cache_.Drop(cache_.Hash("k"), EvictionReason::kOwnWrite);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, ANilReadAfterTheExpiryLeavesTheValueAsStale) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  WitnessNil("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale);
  EXPECT_EQ(ExpiredFor("k"), kDoubt);
  EXPECT_EQ(cache_.Stats().kept, 1U);
}

TEST_F(NearGraceTest, ANilReadBeforeTheExpiryRemovesTheValue) {
  FillExpiring("k");
  now_ += kExpires + kDoubt - ms(1);
  WitnessNil("k");
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
  EXPECT_EQ(Evicted(EvictionReason::kContradicted), 1U);
}

TEST_F(NearGraceTest, AnotherValueReadAfterTheExpiryRemovesTheValue) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  Push("k");
  cache_.Witness(cache_.Hash("k"), {.bytes = "v"}, now_);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kStale) << "the same value again";
  cache_.Witness(cache_.Hash("k"), {.bytes = "w"}, now_);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, DropAllRemovesAKeptValue) {
  FillExpiring("k");
  now_ += kExpires + kDoubt;
  Push("k");
  cache_.DropAll(EpochReason::kFlush);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, AfterALossAKeptValueIsStaleButHasExpiredForNobody) {
  FillExpiring("kept");
  FillExpiring("not yet");
  now_ += kExpires + kDoubt;
  Push("kept");
  cache_.NewEpoch(EpochReason::kConnectionLost);
  for (const char* key : {"kept", "not yet"}) {
    EXPECT_EQ(FreshnessOf(key), Freshness::kStale) << key;
    EXPECT_FALSE(ExpiredFor(key)) << key;
  }
}

TEST_F(NearGraceTest, WhatIsOfAnOlderEpochIsNotExemptFromPushesAndNils) {
  FillExpiring("pushed");
  FillExpiring("read");
  cache_.NewEpoch(EpochReason::kConnectionLost);
  now_ += kExpires + kDoubt;
  Push("pushed");
  WitnessNil("read");
  EXPECT_EQ(FreshnessOf("pushed"), Freshness::kAbsent);
  EXPECT_EQ(FreshnessOf("read"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, TheGraceOutlivesTheWindowOfErrorsAndIsToldApart) {
  FillExpiring("k", ms(500));
  now_ += kFresh + ms(500);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kGrace);
  EXPECT_FALSE(ExpiredFor("k")) << "before the expiry";
  now_ += kExpires - kFresh - ms(500);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kGrace);
  EXPECT_EQ(ExpiredFor("k"), ms(0));
  EXPECT_FALSE(Look("k").surely_expired);
  now_ += kGrace - ms(1);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kGrace);
  now_ += ms(1);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
  EXPECT_EQ(Evicted(EvictionReason::kExpired), 1U);
}

TEST_F(NearGraceTest, AfterALossTheGraceIsOver) {
  FillExpiring("k", ms(500));
  now_ += kFresh + ms(500);
  cache_.NewEpoch(EpochReason::kConnectionLost);
  EXPECT_EQ(FreshnessOf("k"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, PastAllItsWindowsAPushRemovesTheValue) {
  FillExpiring("k", ms(500));
  now_ += kExpires + kGrace;
  Push("k");
  EXPECT_EQ(cache_.Stats().kept, 0U);
  EXPECT_EQ(cache_.Stats().entries, 0U);
}

TEST_F(NearGraceTest, WhatIsFreshHasNotExpired) {
  FillExpiring("k");
  EXPECT_FALSE(ExpiredFor("k"));
  now_ += kFresh - ms(1);
  ASSERT_EQ(FreshnessOf("k"), Freshness::kFresh);
  EXPECT_FALSE(ExpiredFor("k"));
  EXPECT_FALSE(Look("k").surely_expired);
}

TEST_F(NearGraceTest, GracesAndExpiriesBeyondAnEntrysRangeAreCutNotWrapped) {
  const HashedKey long_grace = cache_.Hash("grace");
  Lifetime lifetime = Expiring(ms(0));
  lifetime.grace = std::chrono::hours(1000);
  cache_.Publish(long_grace, cache_.Reserve(long_grace), {.bytes = "v"}, lifetime);
  const HashedKey far = cache_.Hash("far");
  lifetime.expires_at = now_ + std::chrono::hours(24 * 60);
  lifetime.expired_by = lifetime.expires_at + kDoubt;
  cache_.Publish(far, cache_.Reserve(far), {.bytes = "v"}, lifetime);
  now_ += kFresh;
  EXPECT_EQ(FreshnessOf("far"), Freshness::kAbsent) << "as if it had no expiry";
  now_ += std::chrono::hours(37);
  EXPECT_EQ(FreshnessOf("grace"), Freshness::kGrace);
  now_ += std::chrono::hours(1);
  EXPECT_EQ(FreshnessOf("grace"), Freshness::kAbsent);
}

TEST_F(NearGraceTest, GracesAreKeptToTheirPrecisionAndNeverLonger) {
  for (const ms grace : {ms(0), ms(1), ms(4095), ms(10000), ms(123'457), ms(3'600'000)}) {
    const HashedKey key = cache_.Hash("k");
    Lifetime lifetime = Expiring(ms(0));
    lifetime.grace = grace;
    cache_.Publish(key, cache_.Reserve(key), {.bytes = "v"}, lifetime);
    const base::SteadyTime until = now_ + kExpires + grace;
    EXPECT_EQ(cache_.Lookup(key, until - grace / 2048 - ms(1)).freshness, Freshness::kGrace) << grace.count();
    EXPECT_EQ(cache_.Lookup(key, until).freshness, Freshness::kAbsent) << grace.count();
  }
}

TEST_F(NearGraceTest, ReclaimFreesWhatIsPastItsGraceAndNothingElse) {
  FillExpiring("k", ms(500));
  now_ += kExpires + kGrace - ms(1);
  cache_.Reclaim(now_, 1000);
  EXPECT_EQ(cache_.Stats().entries, 1U);
  now_ += ms(1);
  cache_.Reclaim(now_, 1000);
  EXPECT_EQ(cache_.Stats().entries, 0U);
}

}  // namespace
}  // namespace herdgate::cache
