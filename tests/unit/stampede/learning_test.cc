#include "sidecar/stampede/learning.h"

#include <gtest/gtest.h>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using Coalesce = LearningOptions::Coalesce;
using Kind = OpenMisses::Fill::Kind;
using Standing = Learning::Standing;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::uint64_t KeyOf(std::uint64_t number) {
  return base::Random(number).Next();
}

class LearningTest : public ::testing::Test {
 protected:
  void Miss(std::uint64_t key, std::uint64_t session = 1) { learning_.OnNil(KeyOf(key), session, now_); }
  Learning::SetReport Set(std::uint64_t key, Learning::SetSeen set = {.session = 1, .lifetime = minutes(5)}) {
    return learning_.OnSet(KeyOf(key), set, now_);
  }
  Learning::SetReport Fill(std::uint64_t key, nanoseconds delta = milliseconds(20)) {
    Miss(key);
    now_ += delta;
    return Set(key);
  }
  void FillMany(std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t key = from; key < from + count; ++key) Fill(key);
  }

  base::SteadyTime now_{std::chrono::hours(5)};
  KeyHistory history_;
  Learning learning_{{}, history_};
};

TEST_F(LearningTest, BecomesEligibleAfterFiftyMissesWithTheirSets) {
  FillMany(1, 49);
  EXPECT_FALSE(learning_.eligible());
  Fill(50);
  EXPECT_TRUE(learning_.eligible());
  const auto change = learning_.Advance(now_);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->to, Standing::kEligible);
  EXPECT_FALSE(learning_.Advance(now_)) << "told once";
}

TEST_F(LearningTest, OneStampedeOfFiftyIsEnough) {
  for (std::uint64_t session = 1; session <= 50; ++session) Miss(1, session);
  now_ += milliseconds(200);
  for (std::uint64_t session = 1; session <= 50; ++session) Set(1, {.session = session});
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, NinetyOfAHundredMustBeFilled) {
  for (std::uint64_t key = 1; key <= 200; ++key) key % 9 == 0 ? Miss(key) : void(Fill(key));
  now_ += seconds(10);
  learning_.Advance(now_);
  EXPECT_FALSE(learning_.eligible());
  EXPECT_EQ(learning_.stats().misses, 200U);
  EXPECT_EQ(learning_.stats().misses_without_set, 22U);
}

TEST_F(LearningTest, TheFilledOnesDoNotCountBeforeTheOthers) {
  Miss(1000);
  FillMany(1, 60);
  for (std::uint64_t key = 2000; key < 2060; ++key) Miss(key);
  EXPECT_FALSE(learning_.eligible());
}

TEST_F(LearningTest, IsEligibleNoMoreWhenTheSetsStayOut) {
  FillMany(1, 100);
  ASSERT_TRUE(learning_.eligible());
  learning_.Advance(now_);
  for (std::uint64_t key = 1000; key < 1060; ++key) Miss(key);
  now_ += seconds(10);
  const auto change = learning_.Advance(now_);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->to, Standing::kLearning);
  EXPECT_EQ(change->why, Evidence::kNoSet);
  FillMany(2000, 200);
  EXPECT_TRUE(learning_.eligible()) << "it may come back";
}

TEST_F(LearningTest, EvidenceDemotesUntilReset) {
  FillMany(1, 100);
  learning_.Advance(now_);
  learning_.OnEvidence(Evidence::kCounter);
  EXPECT_FALSE(learning_.eligible());
  const auto change = learning_.Advance(now_);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, Standing::kEligible);
  EXPECT_EQ(change->to, Standing::kDemoted);
  EXPECT_EQ(change->why, Evidence::kCounter);
  FillMany(1000, 500);
  EXPECT_FALSE(learning_.eligible());
  learning_.Reset();
  FillMany(3000, 60);
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, SetIfAbsentWithoutAMissIsALock) {
  FillMany(1, 100);
  Set(1000, {.session = 1, .only_if_absent = true});
  EXPECT_FALSE(learning_.eligible());
  EXPECT_EQ(learning_.stats().evidence[static_cast<std::size_t>(Evidence::kLock)], 1U);
}

TEST_F(LearningTest, SetIfAbsentAfterAMissIsAFill) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Miss(key);
    now_ += milliseconds(20);
    EXPECT_EQ(Set(key, {.session = 1, .only_if_absent = true}).kind, Kind::kFill);
  }
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, TransactionsProveNothing) {
  for (std::uint64_t key = 1; key <= 200; ++key) {
    Miss(key);
    Set(key, {.session = 1, .in_transaction = true});
  }
  EXPECT_FALSE(learning_.eligible());
  EXPECT_FALSE(learning_.IsUncacheable(KeyOf(1), now_)) << "but the keys are filled";
}

TEST_F(LearningTest, APolicyWhoseValuesAreRewrittenIsNoCache) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    Set(key);
    Set(key);
  }
  EXPECT_FALSE(learning_.eligible());
}

TEST_F(LearningTest, APolicyWhoseValuesAreProlongedIsNoCache) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    now_ += seconds(1);
    learning_.OnTouch(KeyOf(key), now_);
  }
  EXPECT_FALSE(learning_.eligible());
}

TEST_F(LearningTest, AnExpiryRightBehindTheSetIsPartOfIt) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    learning_.OnTouch(KeyOf(key), now_);
  }
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, ASetOfAKeyWhoseLifeIsOverRewritesNothing) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    now_ += minutes(5);
    Set(key);
  }
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, TwoKeysForOneMissAreACache) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    Set(10'000 + key);
  }
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, ValuesThatTheirMakerTakesAwayAreLocks) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    learning_.OnRemove(KeyOf(key), 1);
  }
  learning_.Advance(now_);
  EXPECT_FALSE(learning_.eligible());
}

TEST_F(LearningTest, ValuesThatOthersInvalidateAreACache) {
  for (std::uint64_t key = 1; key <= 60; ++key) {
    Fill(key);
    learning_.OnRemove(KeyOf(key), 2);
  }
  EXPECT_TRUE(learning_.eligible());
}

TEST_F(LearningTest, OnIsEligibleWhateverIsSeen) {
  Learning on({.coalesce = Coalesce::kOn}, history_);
  EXPECT_TRUE(on.eligible());
  EXPECT_TRUE(on.MayRefresh(now_));
  on.OnEvidence(Evidence::kCounter);
  EXPECT_TRUE(on.eligible());
  EXPECT_EQ(on.stats().evidence[static_cast<std::size_t>(Evidence::kCounter)], 1U) << "but counted";
}

TEST_F(LearningTest, OffNeverIs) {
  Learning off({.coalesce = Coalesce::kOff}, history_);
  for (std::uint64_t key = 1; key <= 100; ++key) {
    off.OnNil(KeyOf(key), 1, now_);
    off.OnSet(KeyOf(key), {.session = 1}, now_);
  }
  EXPECT_FALSE(off.eligible());
  EXPECT_FALSE(off.MayRefresh(now_));
}

TEST_F(LearningTest, SyntheticMissesComeHalfAMinuteLater) {
  FillMany(1, 60);
  ASSERT_TRUE(learning_.eligible());
  EXPECT_FALSE(learning_.MayRefresh(now_ + seconds(29)));
  EXPECT_TRUE(learning_.MayRefresh(now_ + seconds(30)));
}

TEST_F(LearningTest, ThreeMissesWithoutSetMakeAKeyUncacheableForTwoMinutes) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(learning_.IsUncacheable(KeyOf(1), now_));
    Miss(1);
    now_ += seconds(10);
    learning_.Advance(now_);
  }
  EXPECT_TRUE(learning_.IsUncacheable(KeyOf(1), now_ + seconds(119)));
  EXPECT_FALSE(learning_.IsUncacheable(KeyOf(2), now_));
  EXPECT_EQ(learning_.stats().uncacheable_marks, 1U);
  EXPECT_FALSE(learning_.IsUncacheable(KeyOf(1), now_ + seconds(120)));
}

TEST_F(LearningTest, AFlightThatEndsWithoutSetIsCountedOnce) {
  for (int i = 0; i < 2; ++i) {
    Miss(1);
    now_ += seconds(1);
    EXPECT_FALSE(learning_.OnUnfilled(KeyOf(1), now_));
  }
  now_ += seconds(10);
  learning_.Advance(now_);
  EXPECT_FALSE(learning_.IsUncacheable(KeyOf(1), now_)) << "two flights, not four";
  Miss(1);
  EXPECT_TRUE(learning_.OnUnfilled(KeyOf(1), now_));
  EXPECT_TRUE(learning_.IsUncacheable(KeyOf(1), now_));
}

TEST_F(LearningTest, ASetEndsTheRowAndTheMark) {
  for (int i = 0; i < 2; ++i) learning_.OnUnfilled(KeyOf(1), now_);
  Set(1);
  EXPECT_FALSE(learning_.OnUnfilled(KeyOf(1), now_));
  learning_.OnUnfilled(KeyOf(1), now_);
  learning_.OnUnfilled(KeyOf(1), now_);
  ASSERT_TRUE(learning_.IsUncacheable(KeyOf(1), now_));
  Set(1);
  EXPECT_FALSE(learning_.IsUncacheable(KeyOf(1), now_));
}

TEST_F(LearningTest, MarksAreBounded) {
  for (std::uint64_t key = 1; key <= 10'000; ++key) learning_.OnUnfilled(KeyOf(key), now_);
  EXPECT_EQ(learning_.stats().keys_marked, 4096U);
}

TEST_F(LearningTest, MeasuresHowLongARecomputationTakes) {
  for (std::uint64_t key = 1; key <= 100; ++key) Fill(key, milliseconds(200));
  EXPECT_EQ(learning_.delta(), milliseconds(200));
  EXPECT_NEAR(std::chrono::duration<double>(learning_.p95()).count(), 0.2, 0.006);
  Fill(7, milliseconds(900));
  EXPECT_EQ(learning_.DeltaOf(KeyOf(7)), milliseconds(900)) << "the key's own last one";
  EXPECT_EQ(learning_.DeltaOf(KeyOf(12'345)), learning_.delta()) << "else the policy's mean";
}

TEST_F(LearningTest, ATaintedFillIsNoSample) {
  Miss(1);
  learning_.OnChange(KeyOf(1));
  now_ += milliseconds(200);
  const Learning::SetReport report = Set(1);
  EXPECT_TRUE(report.tainted);
  EXPECT_EQ(report.delta, nanoseconds(0));
  Miss(2);
  learning_.OnRemove(KeyOf(2), 5);
  Set(2);
  Miss(3);
  learning_.OnFlush();
  Set(3);
  EXPECT_EQ(learning_.stats().delta_samples, 0U);
}

TEST_F(LearningTest, AnOrphanIsNoSample) {
  Set(1);
  EXPECT_EQ(learning_.stats().delta_samples, 0U);
  EXPECT_EQ(learning_.stats().orphan_sets, 1U);
}

TEST_F(LearningTest, WhatTakesLongerThanALeaseIsNoSample) {
  Miss(1);
  now_ += seconds(30) + milliseconds(1);
  EXPECT_EQ(Set(1).delta, nanoseconds(0));
  EXPECT_EQ(learning_.stats().delta_samples, 0U);
}

TEST_F(LearningTest, OfAStampedeOnlyTheFirstSetIsASample) {
  for (std::uint64_t session = 1; session <= 20; ++session) Miss(1, session);
  now_ += milliseconds(200);
  for (std::uint64_t session = 1; session <= 20; ++session) {
    Set(1, {.session = session});
    now_ += milliseconds(10);
  }
  EXPECT_EQ(learning_.stats().delta_samples, 1U);
}

TEST_F(LearningTest, AKeysDeltaIsAtMostAQuarterOfItsLife) {
  Miss(1);
  now_ += seconds(2);
  EXPECT_EQ(Set(1, {.session = 1, .lifetime = seconds(4)}).delta, seconds(1));
  EXPECT_EQ(learning_.DeltaOf(KeyOf(1)), seconds(1));
  EXPECT_EQ(learning_.delta(), seconds(2)) << "leases need the truth";
}

TEST_F(LearningTest, TellsTheHistoryWhatItSaw) {
  Fill(1);
  EXPECT_EQ(history_.Find(KeyOf(1))->lifetime, minutes(5));
  learning_.OnRemove(KeyOf(1), 1);
  EXPECT_TRUE(history_.Find(KeyOf(1))->deleted);
}

TEST_F(LearningTest, ANewMindOfTheOperatorHoldsAtOnce) {
  FillMany(1, 20);
  learning_.SetCoalesce(LearningOptions::Coalesce::kOn);
  EXPECT_TRUE(learning_.eligible());
  EXPECT_TRUE(learning_.MayRefresh(now_));
  learning_.SetCoalesce(LearningOptions::Coalesce::kAuto);
  EXPECT_FALSE(learning_.eligible());
  EXPECT_FALSE(learning_.Advance(now_)) << "the operator knows";
}

TEST_F(LearningTest, WhatWasSeenIsKeptWhenTheOperatorChangesHisMind) {
  learning_.SetCoalesce(LearningOptions::Coalesce::kOn);
  FillMany(1, 100);
  learning_.SetCoalesce(LearningOptions::Coalesce::kAuto);
  learning_.Advance(now_);
  EXPECT_TRUE(learning_.eligible());
  learning_.SetCoalesce(LearningOptions::Coalesce::kOn);
  learning_.OnEvidence(Evidence::kQueue);
  EXPECT_TRUE(learning_.eligible());
  learning_.SetCoalesce(LearningOptions::Coalesce::kAuto);
  learning_.Advance(now_);
  EXPECT_EQ(learning_.stats().standing, Standing::kDemoted);
}

TEST_F(LearningTest, TheSameMindAgainChangesNothing) {
  FillMany(1, 100);
  ASSERT_TRUE(learning_.eligible());
  learning_.SetCoalesce(LearningOptions::Coalesce::kAuto);
  EXPECT_TRUE(learning_.eligible());
}

}  // namespace
}  // namespace herdgate::stampede
