#include "sidecar/cache/ttl_curve.h"

#include <gtest/gtest.h>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

constexpr Tick kLife = 1600;

class TtlCurveTest : public testing::Test {
 protected:
  using Counts = std::array<double, kLives>;

  void At(Tick after_start) { now_ = 1 + after_start; }
  void Found() { curve_.LookedUp(0, kKey, true, kLife, now_); }
  void NotFound() { curve_.LookedUp(0, kKey, false, kLife, now_); }
  void Written(Tick life = kLife) { curve_.Written(kKey, life, kLife, now_); }
  const Counts& missed() const { return curve_.misses(0).tried; }

  static constexpr std::uint64_t kKey = 0x1234;
  TtlCurve curve_{1000, 600};
  Tick now_ = 1;
};

TEST_F(TtlCurveTest, AFilledKeyLivesInEachWorldForItsShare) {
  NotFound();
  Written();
  At(kLife / 4 - 1);
  Found();
  EXPECT_EQ(missed(), (Counts{1, 1, 1, 1, 1}));
  At(kLife * 3 / 4);
  Found();
  EXPECT_EQ(missed(), (Counts{2, 2, 1, 1, 1}));
  At(kLife + 1);
  NotFound();
  EXPECT_EQ(missed(), (Counts{3, 2, 2, 1, 1})) << "at a half it was written anew at three quarters";
}

TEST_F(TtlCurveTest, AFillIsNoWriteWhereTheValueLives) {
  NotFound();
  Written();
  At(kLife + 1);
  NotFound();
  Written();
  At(kLife * 2 + 1);
  NotFound();
  EXPECT_EQ(missed(), (Counts{3, 3, 3, 2, 1}));
}

TEST_F(TtlCurveTest, AWriteWithoutAMissLengthensAllLives) {
  NotFound();
  Written();
  At(kLife - 200);
  Written();
  At(kLife * 2 - 400);
  Found();
  EXPECT_EQ(missed(), (Counts{2, 2, 1, 1, 1}));
}

TEST_F(TtlCurveTest, ARemovedKeyIsGoneInAllWorlds) {
  NotFound();
  Written();
  curve_.Removed(kKey);
  NotFound();
  EXPECT_EQ(missed(), (Counts{2, 2, 2, 2, 2}));
}

TEST_F(TtlCurveTest, AKeyGoneInMidLifeWasRemovedByAnother) {
  NotFound();
  Written();
  At(kLife / 2);
  NotFound();
  EXPECT_EQ(missed(), (Counts{2, 2, 2, 2, 2}));
}

TEST_F(TtlCurveTest, AKeyThereAfterItsLifeWasWrittenByAnother) {
  NotFound();
  Written();
  At(kLife * 5);
  Found();
  EXPECT_EQ(missed(), (Counts{2, 2, 1, 1, 1}));
}

TEST_F(TtlCurveTest, NearItsEndNothingFollows) {
  NotFound();
  Written();
  At(kLife - 10);  // jitter let it go
  NotFound();
  EXPECT_EQ(missed(), (Counts{2, 2, 2, 1, 1}));
  Written();
  At(kLife * 2 - 5);  // the upstream is a little behind
  Found();
  EXPECT_EQ(missed(), (Counts{3, 3, 2, 1, 1}));
}

TEST_F(TtlCurveTest, AllWhoWaitForAValueMissIt) {
  NotFound();
  NotFound();
  Written();
  Found();
  EXPECT_EQ(missed(), (Counts{2, 2, 2, 2, 2}));
}

TEST_F(TtlCurveTest, ALifeIsThatOfTheLastWrite) {
  NotFound();
  Written(2 * kLife);
  At(kLife + 1);
  Found();
  EXPECT_EQ(missed(), (Counts{2, 2, 1, 1, 1})) << "a half of it is over";
}

TEST_F(TtlCurveTest, TheRealWorldIsTheOneOfWholeLives) {
  base::Random random(3);
  double not_found = 0;
  for (int i = 0; i < 10'000; ++i) {
    now_ += static_cast<Tick>(random.Below(500));
    if (random.Below(3) > 0) {
      Found();
    } else {
      NotFound();
      ++not_found;
    }
    if (random.Below(4) == 0) Written();
  }
  EXPECT_DOUBLE_EQ(missed()[2], not_found);
  EXPECT_DOUBLE_EQ(curve_.misses(0).real, not_found);
}

TEST_F(TtlCurveTest, AFullSampleGivesUpDeadKeysFirst) {
  for (std::uint64_t key = 0; key < 5000; ++key) {
    curve_.LookedUp(0, base::Random(key).Next(), false, kLife, now_);
    now_ += 2;
  }
  EXPECT_EQ(curve_.threshold(0), KeySample<SampledKey>::kAll);
  for (std::uint64_t key = 0; key < 5000; ++key) {
    curve_.LookedUp(0, base::Random(key).Next(), true, kLife, now_);
    now_ += 2;
  }
  EXPECT_LT(curve_.threshold(0), KeySample<SampledKey>::kAll);
  EXPECT_NEAR(missed()[0], 10'000, 2000);
}

}  // namespace
}  // namespace herdgate::cache
