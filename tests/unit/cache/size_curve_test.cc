#include "sidecar/cache/size_curve.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

constexpr Tick kLong = 1'000'000;
constexpr std::size_t kRoom = 1000;

// A near cache of eight keys: of one at an eighth of its size, of 64 at eight times.
class SizeCurveTest : public testing::Test {
 protected:
  static std::uint64_t HashOf(std::uint64_t key) { return base::Random(key).Next(); }
  void Miss(std::uint64_t key, Tick fresh_for = kLong) {
    curve_.LookedUp(0, HashOf(key), 0, fresh_for, now_);
    curve_.Published(HashOf(key), kRoom, fresh_for, now_);
  }
  void Hit(std::uint64_t key) { curve_.LookedUp(0, HashOf(key), kRoom, kLong, now_); }
  double missed(std::size_t size) const { return curve_.misses(0).tried[size]; }

  SizeCurve curve_{1000, 8 * kRoom, 32};
  Tick now_ = 1;
};

TEST_F(SizeCurveTest, TheFirstLookUpMissesInAllSizes) {
  Miss(1);
  for (std::size_t i = 0; i < kSizes; ++i) EXPECT_DOUBLE_EQ(missed(i), 1) << i;
  EXPECT_DOUBLE_EQ(curve_.misses(0).real, 1);
}

TEST_F(SizeCurveTest, WhatSmallerOnesHadNoRoomForOnlyTheyMiss) {
  for (std::uint64_t key = 0; key < 8; ++key) Miss(key);
  for (std::uint64_t key = 0; key < 8; ++key) Hit(key);
  EXPECT_GT(missed(0), 12);
  EXPECT_DOUBLE_EQ(missed(3), 8);
  EXPECT_DOUBLE_EQ(missed(6), 8);
}

TEST_F(SizeCurveTest, LargerOnesHaveWhatTheRealOneLost) {
  for (std::uint64_t key = 0; key < 64; ++key) Miss(key);
  for (std::uint64_t key = 0; key < 64; ++key) Miss(key);
  EXPECT_DOUBLE_EQ(missed(6), 64);
  EXPECT_GT(missed(3), 100);
  EXPECT_DOUBLE_EQ(curve_.misses(0).real, 128);
}

TEST_F(SizeCurveTest, WhatIsNotAdmittedIsKeptNowhere) {
  for (int i = 0; i < 5; ++i) curve_.LookedUp(0, HashOf(1), 0, kLong, now_);
  EXPECT_DOUBLE_EQ(missed(6), 5);
}

TEST_F(SizeCurveTest, ADroppedKeyMissesInAllSizes) {
  Miss(1);
  curve_.Dropped(HashOf(1));
  Miss(1);
  EXPECT_DOUBLE_EQ(missed(6), 2);
  curve_.Clear();
  Miss(1);
  EXPECT_DOUBLE_EQ(missed(6), 3);
}

TEST_F(SizeCurveTest, AValueIsFreshForItsTime) {
  Miss(1, 10);
  now_ += 9;
  Hit(1);
  EXPECT_DOUBLE_EQ(missed(6), 1);
  now_ += 1;
  Miss(1);
  EXPECT_DOUBLE_EQ(missed(6), 2);
}

TEST_F(SizeCurveTest, PoliciesShareTheRoom) {
  for (std::uint64_t key = 0; key < 4; ++key) Miss(key);
  for (std::uint64_t key = 100; key < 200; ++key) {
    curve_.LookedUp(1, HashOf(key), 0, kLong, now_);
    curve_.Published(HashOf(key), kRoom, kLong, now_);
  }
  for (std::uint64_t key = 0; key < 4; ++key) Miss(key);
  EXPECT_DOUBLE_EQ(missed(6), 8) << "they left for the other's";
  EXPECT_DOUBLE_EQ(curve_.misses(1).tried[6], 100);
}

TEST_F(SizeCurveTest, MissesCountForAllThatAKeyStandsFor) {
  for (std::uint64_t key = 0; key < 50'000; ++key) Miss(key);
  EXPECT_GT(0x1.0p32 / curve_.threshold(0), 2);
  for (std::size_t i = 0; i < kSizes; ++i) EXPECT_NEAR(missed(i), 50'000, 10'000);
}

TEST_F(SizeCurveTest, KeysOfNoUseMakeRoomBeforeAnyAreGivenUp) {
  for (std::uint64_t key = 0; key < 5000; ++key) {
    curve_.LookedUp(0, HashOf(key), 0, kLong, now_);
    now_ += 1;
  }
  EXPECT_EQ(curve_.threshold(0), KeySample<SizedKey>::kAll);
}

TEST_F(SizeCurveTest, ASmallPolicyIsSeenWholeBesideALargeOne) {
  for (std::uint64_t key = 0; key < 20; ++key) curve_.LookedUp(1, HashOf(key), kRoom / 100, kLong, now_);
  for (std::uint64_t key = 1000; key < 100'000; ++key) {
    curve_.LookedUp(0, HashOf(key), kRoom / 100, kLong, now_);
    now_ += 1;
  }
  EXPECT_EQ(curve_.threshold(1), KeySample<SizedKey>::kAll);
  EXPECT_LT(curve_.threshold(0), KeySample<SizedKey>::kAll);
}

TEST_F(SizeCurveTest, RestartForgetsThePolicysKeysOnly) {
  Miss(1);
  curve_.LookedUp(1, HashOf(2), kRoom, kLong, now_);
  curve_.Restart(0);
  EXPECT_EQ(curve_.keys(0), 0U);
  EXPECT_EQ(curve_.keys(1), 1U);
}

TEST(MissEstimatesTest, ASampleThatMissesLessThanAllIsCorrected) {
  const MissEstimates<2> misses{.tried = {50, 20}, .real = 40};
  EXPECT_EQ(misses.HitRatios(200, 40), (std::array<double, 2>{0.75, 0.9}));
  EXPECT_EQ(misses.HitRatios(200, 60), (std::array<double, 2>{0.625, 0.85}));
  EXPECT_EQ(misses.HitRatios(200, 8000), (std::array<double, 2>{0.5, 0.8})) << "no more than by two";
  EXPECT_EQ(misses.HitRatios(10, 40), (std::array<double, 2>{0, 0})) << "no ratio is below 0";
}

}  // namespace
}  // namespace herdgate::cache
