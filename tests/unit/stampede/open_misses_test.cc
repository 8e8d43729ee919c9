#include "sidecar/stampede/open_misses.h"

#include <gtest/gtest.h>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using Kind = OpenMisses::Fill::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kOther = 99;

std::uint64_t KeyOf(std::uint64_t number) {
  return base::Random(number).Next();
}

class OpenMissesTest : public ::testing::Test {
 protected:
  void Open(std::uint64_t session, std::uint64_t key = 1) { open_.Open(KeyOf(key), session, now_); }
  OpenMisses::Fill Close(std::uint64_t session, std::uint64_t key = 1, bool proof = true) {
    return open_.Close(KeyOf(key), session, proof, now_);
  }

  base::SteadyTime now_{std::chrono::hours(5)};
  OpenMisses open_;
};

TEST_F(OpenMissesTest, MeasuresFromTheMissToItsSet) {
  Open(1);
  now_ += milliseconds(200);
  const OpenMisses::Fill fill = Close(1);
  EXPECT_EQ(fill.kind, Kind::kFill);
  EXPECT_TRUE(fill.same_session);
  EXPECT_EQ(fill.delta, milliseconds(200));
}

TEST_F(OpenMissesTest, ASetByAnotherConnectionOfThePoolIsTheFill) {
  Open(1);
  now_ += milliseconds(200);
  const OpenMisses::Fill fill = Close(kOther);
  EXPECT_EQ(fill.kind, Kind::kFill);
  EXPECT_FALSE(fill.same_session);
  EXPECT_EQ(fill.delta, milliseconds(200));
}

TEST_F(OpenMissesTest, ASessionIsTimedFromItsOwnMiss) {
  Open(1);
  now_ += milliseconds(150);
  Open(2);
  now_ += milliseconds(50);
  EXPECT_EQ(Close(2).delta, milliseconds(50));
}

TEST_F(OpenMissesTest, ASetWithoutAMissIsAnOrphan) {
  EXPECT_EQ(Close(1).kind, Kind::kOrphan);
  Open(1);
  EXPECT_EQ(Close(1, 2).kind, Kind::kOrphan) << "another key";
  EXPECT_EQ(Close(1).kind, Kind::kFill);
  EXPECT_EQ(Close(1).kind, Kind::kOrphan) << "its miss is filled";
}

TEST_F(OpenMissesTest, OfAStampedeAsManySetsAreFillsAsMissed) {
  for (std::uint64_t session = 1; session <= 200; ++session) Open(session);
  now_ += milliseconds(200);
  EXPECT_EQ(Close(1).kind, Kind::kFill);
  for (std::uint64_t session = 2; session <= 200; ++session) EXPECT_EQ(Close(session).kind, Kind::kRepeat);
  EXPECT_EQ(Close(201).kind, Kind::kOrphan);
  const auto verdict = open_.Next(now_);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->misses, 200U);
  EXPECT_EQ(verdict->proven, 200U);
}

TEST_F(OpenMissesTest, TheNextMissOfAFilledKeyIsAnotherOne) {
  Open(1);
  Close(1);
  now_ += seconds(5);
  Open(2);
  now_ += milliseconds(30);
  EXPECT_EQ(Close(2).delta, milliseconds(30));
}

TEST_F(OpenMissesTest, ATaintedFillSaysSo) {
  Open(1);
  Open(1, 2);
  open_.Taint(KeyOf(1));
  EXPECT_TRUE(Close(1).tainted);
  EXPECT_FALSE(Close(1, 2).tainted);
  Open(1, 3);
  open_.TaintAll();
  EXPECT_TRUE(Close(1, 3).tainted);
}

TEST_F(OpenMissesTest, AMissWithoutSetIsJudgedAfterTenSeconds) {
  Open(1);
  now_ += milliseconds(9999);
  EXPECT_FALSE(open_.Next(now_));
  now_ += milliseconds(1);
  const auto verdict = open_.Next(now_);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->key, KeyOf(1));
  EXPECT_EQ(verdict->misses, 1U);
  EXPECT_EQ(verdict->proven, 0U);
  EXPECT_FALSE(verdict->filled);
  EXPECT_FALSE(open_.Next(now_)) << "once";
}

TEST_F(OpenMissesTest, ASetThatComesLateIsStillMeasured) {
  Open(1);
  now_ += seconds(20);
  ASSERT_FALSE(open_.Next(now_)->filled);
  const OpenMisses::Fill fill = Close(1);
  EXPECT_EQ(fill.kind, Kind::kFill);
  EXPECT_EQ(fill.delta, seconds(20));
}

// Else the misses that are filled at once would make a policy eligible before the others can speak.
TEST_F(OpenMissesTest, IsJudgedInTheOrderOfTheMisses) {
  Open(1, 1);
  for (std::uint64_t key = 2; key <= 60; ++key) {
    Open(1, key);
    Close(1, key);
  }
  EXPECT_FALSE(open_.Next(now_));
  now_ += seconds(10);
  EXPECT_FALSE(open_.Next(now_)->filled);
  for (int i = 2; i <= 60; ++i) EXPECT_TRUE(open_.Next(now_)->filled);
}

TEST_F(OpenMissesTest, ASetInATransactionFillsButProvesNothing) {
  Open(1);
  EXPECT_EQ(Close(1, 1, false).kind, Kind::kFill);
  const auto verdict = open_.Next(now_);
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->filled);
  EXPECT_EQ(verdict->proven, 0U);
}

TEST_F(OpenMissesTest, KnowsWhoRemovesWhatItFilled) {
  Open(1);
  Close(1);
  EXPECT_TRUE(open_.RemovesOwnFill(KeyOf(1), 1));
  EXPECT_FALSE(open_.RemovesOwnFill(KeyOf(1), 2));
  EXPECT_FALSE(open_.RemovesOwnFill(KeyOf(2), 1));
}

TEST_F(OpenMissesTest, AnEndedFlightIsToldInTheVerdict) {
  Open(1);
  open_.End(KeyOf(1));
  now_ += seconds(10);
  EXPECT_TRUE(open_.Next(now_)->ended);
}

TEST_F(OpenMissesTest, HoldsNothingOnceAllIsOld) {
  for (std::uint64_t key = 1; key <= 500; ++key) Open(1, key);
  now_ += seconds(10);
  while (open_.Next(now_)) {
  }
  now_ += seconds(20);
  EXPECT_FALSE(open_.Next(now_));
  EXPECT_EQ(open_.size(), 0U);
}

TEST_F(OpenMissesTest, AtTheBoundMissesAreNotFollowedAndTheirSetsAreNotOrphans) {
  for (std::uint64_t key = 1; key <= 5000; ++key) Open(1, key);
  EXPECT_EQ(open_.size(), 4096U);
  EXPECT_EQ(Close(1, 4096).kind, Kind::kFill);
  EXPECT_EQ(Close(1, 4097).kind, Kind::kUnknown);
  EXPECT_EQ(Close(1, 4097).kind, Kind::kUnknown) << "for a while";
  now_ += seconds(61);
  EXPECT_EQ(Close(1, 4097).kind, Kind::kOrphan);
}

TEST_F(OpenMissesTest, AMissThatGrewTooOldLeavesNoOrphan) {
  Open(1);
  now_ += seconds(10);
  ASSERT_TRUE(open_.Next(now_));
  now_ += seconds(25);
  EXPECT_EQ(Close(1).kind, Kind::kUnknown) << "a recomputation of 35 s";
}

// What is judged is a fair sample also where there are many more misses than room: a third of the keys never gets a
// SET, the others get one after a second.
TEST_F(OpenMissesTest, TheSampleIsFairWhereThereIsNoRoom) {
  std::uint64_t misses = 0;
  std::uint64_t proven = 0;
  std::uint64_t key = 0;
  constexpr std::uint64_t kEach = 2000;  // a second
  for (int second = 0; second < 200; ++second) {
    for (std::uint64_t i = 1; i <= kEach; ++i) Open(1, key + i);
    now_ += seconds(1);
    for (std::uint64_t i = 1; i <= kEach; ++i) {
      if ((key + i) % 3 != 0) Close(1, key + i);
    }
    key += kEach;
    while (const auto verdict = open_.Next(now_)) {
      misses += verdict->misses;
      proven += verdict->proven;
    }
    ASSERT_LE(open_.size(), 4096U);
  }
  EXPECT_GT(misses, 20'000U);
  EXPECT_NEAR(static_cast<double>(proven) / static_cast<double>(misses), 2.0 / 3, 0.02);
}

}  // namespace
}  // namespace herdgate::stampede
