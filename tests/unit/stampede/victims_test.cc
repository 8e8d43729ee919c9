#include "sidecar/stampede/victims.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(5)};
constexpr std::uint64_t kKey = 77;

class VictimsTest : public ::testing::Test {
 protected:
  Choice Choose(std::uint64_t session, std::uint64_t key = kKey) {
    return victims_.Choose(key, {.session = session}, now_);
  }

  base::SteadyTime now_ = kStart;
  Victims victims_;
};

TEST_F(VictimsTest, AKeyHasOneSyntheticMissAtATime) {
  EXPECT_EQ(Choose(1), Choice::kChosen);
  EXPECT_EQ(Choose(2), Choice::kInFlight);
  EXPECT_EQ(Choose(2, kKey + 1), Choice::kChosen) << "another key has its own";
}

TEST_F(VictimsTest, NeverTheSameSessionTwiceInARow) {
  Choose(1);
  victims_.Filled(kKey);
  EXPECT_EQ(Choose(1), Choice::kSameSession);
  EXPECT_EQ(Choose(2), Choice::kChosen);
  victims_.Filled(kKey);
  EXPECT_EQ(Choose(2), Choice::kSameSession);
  EXPECT_EQ(Choose(1), Choice::kChosen);
}

TEST_F(VictimsTest, ARealMissEndsTheRow) {
  Choose(1);
  victims_.Filled(kKey);
  victims_.Missed(kKey);
  EXPECT_EQ(Choose(1), Choice::kChosen);
}

TEST_F(VictimsTest, AMissWhileOneIsInFlightLeavesItInFlight) {
  Choose(1);
  victims_.Missed(kKey);
  EXPECT_EQ(Choose(2), Choice::kInFlight);
}

TEST_F(VictimsTest, TheOnlySessionMayBeChosenAgainOnceItHasBroughtTheSet) {
  const Victims::Candidate only{.session = 1, .alone = true};
  EXPECT_EQ(victims_.Choose(kKey, only, now_), Choice::kChosen);
  EXPECT_EQ(victims_.Choose(kKey, only, now_), Choice::kInFlight);
  victims_.Filled(kKey);
  EXPECT_EQ(victims_.Choose(kKey, only, now_), Choice::kChosen);
}

TEST_F(VictimsTest, APipelinedRequestIsNeverChosen) {
  EXPECT_EQ(victims_.Choose(kKey, {.session = 1, .pipelined = true, .alone = true}, now_), Choice::kPipelined);
  EXPECT_EQ(victims_.keys(), 0U);
}

TEST_F(VictimsTest, WhoOwesASetIsNotChosenForAnyKey) {
  Choose(1);
  EXPECT_EQ(Choose(1, kKey + 1), Choice::kUnfilled);
  victims_.Filled(kKey);
  EXPECT_EQ(Choose(1, kKey + 1), Choice::kChosen);
}

TEST_F(VictimsTest, WhoLeftOutASetIsNotChosenForTenMinutes) {
  Choose(1);
  now_ += seconds(3);
  victims_.Unfilled(kKey, now_);
  EXPECT_EQ(Choose(2), Choice::kChosen) << "the key's flight is over";
  victims_.Filled(kKey);
  EXPECT_EQ(Choose(1), Choice::kUnfilled);
  now_ += minutes(10) - seconds(1);
  EXPECT_EQ(Choose(1), Choice::kUnfilled);
  now_ += seconds(1);
  EXPECT_EQ(Choose(1), Choice::kChosen);
}

TEST_F(VictimsTest, ASetThatComesLateClearsTheName) {
  Choose(1);
  victims_.Unfilled(kKey, now_);
  victims_.Filled(kKey);
  EXPECT_EQ(Choose(1, kKey + 1), Choice::kChosen);
}

TEST_F(VictimsTest, WithoutWordForHalfAMinuteTheSetWasLeftOut) {
  Choose(1);
  now_ += seconds(29);
  EXPECT_EQ(Choose(2), Choice::kInFlight);
  now_ += seconds(1);
  EXPECT_EQ(Choose(2), Choice::kChosen);
  EXPECT_EQ(Choose(1, kKey + 1), Choice::kUnfilled);
}

TEST_F(VictimsTest, CancelGivesTheTurnBackToWhoHadItBefore) {
  Choose(1);
  victims_.Filled(kKey);
  Choose(2);
  EXPECT_TRUE(victims_.Cancel(kKey));
  EXPECT_EQ(Choose(1), Choice::kSameSession);
  EXPECT_EQ(Choose(2), Choice::kChosen);
  victims_.Filled(kKey);
  EXPECT_FALSE(victims_.Cancel(kKey)) << "it was shown and filled";
}

TEST_F(VictimsTest, CancelOfTheFirstTurnLeavesNothing) {
  Choose(1);
  EXPECT_TRUE(victims_.Cancel(kKey));
  EXPECT_EQ(victims_.keys(), 0U);
  EXPECT_EQ(victims_.sessions(), 0U);
}

TEST_F(VictimsTest, AClosedSessionFreesItsKey) {
  Choose(1);
  victims_.Closed(1);
  EXPECT_EQ(Choose(2), Choice::kChosen);
  EXPECT_EQ(victims_.sessions(), 1U);
}

TEST_F(VictimsTest, AtTheBoundNobodyIsChosenWhileAllAreInFlight) {
  Victims victims({.max_keys = 4, .max_sessions = 4});
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(victims.Choose(i, {.session = i}, now_), Choice::kChosen);
  EXPECT_EQ(victims.Choose(5, {.session = 5}, now_), Choice::kFull);
  victims.Filled(2);
  EXPECT_EQ(victims.Choose(5, {.session = 5}, now_), Choice::kFull) << "the oldest one is in flight";
  victims.Filled(1);
  EXPECT_EQ(victims.Choose(5, {.session = 5}, now_), Choice::kChosen);
  EXPECT_EQ(victims.keys(), 4U);
}

TEST_F(VictimsTest, AtTheBoundOfSessionsOldDebtsGo) {
  Victims victims({.max_keys = 100, .max_sessions = 2});
  for (std::uint64_t i = 1; i <= 2; ++i) {
    victims.Choose(i, {.session = i}, now_);
    victims.Unfilled(i, now_);
  }
  EXPECT_EQ(victims.Choose(3, {.session = 3}, now_), Choice::kFull);
  now_ += minutes(10);
  EXPECT_EQ(victims.Choose(3, {.session = 3}, now_), Choice::kChosen);
  EXPECT_LE(victims.sessions(), 2U);
}

// I11 on random histories: one in flight for each key; nobody twice in a row but where a miss lies between; nobody who
// owes a SET or left one out lately.
TEST_F(VictimsTest, HoldsItsRulesInRandomHistories) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    base::Random random(seed);
    Victims victims;
    std::map<std::uint64_t, std::uint64_t> in_flight;  // key -> session
    std::map<std::uint64_t, std::uint64_t> last;
    std::map<std::uint64_t, base::SteadyTime> bad;
    for (int step = 0; step < 5000; ++step) {
      now_ += std::chrono::milliseconds(random.Below(400));
      const std::uint64_t key = 1 + random.Below(5);
      const std::uint64_t session = 1 + random.Below(8);
      const auto flight = in_flight.find(key);
      switch (random.Below(4)) {
        case 0:
        case 1:
          if (victims.Choose(key, {.session = session}, now_) != Choice::kChosen) break;
          ASSERT_EQ(flight, in_flight.end());
          for (const auto& [other, debtor] : in_flight) ASSERT_NE(debtor, session) << "for " << other;
          ASSERT_NE(last[key], session);
          ASSERT_TRUE(!bad.contains(session) || now_ - bad[session] >= minutes(10));
          in_flight[key] = last[key] = session;
          bad.erase(session);
          break;
        case 2:
          if (flight == in_flight.end()) break;
          victims.Filled(key);
          in_flight.erase(flight);
          break;
        default:
          if (flight == in_flight.end()) {
            victims.Missed(key);
            last[key] = 0;
          } else if (random.Below(8) == 0) {
            victims.Unfilled(key, now_);
            bad[flight->second] = now_;
            in_flight.erase(flight);
          }
      }
    }
  }
}

}  // namespace
}  // namespace herdgate::stampede
