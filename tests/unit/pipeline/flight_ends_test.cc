#include "sidecar/pipeline/flight_ends.h"

#include <gtest/gtest.h>

#include "sidecar/stampede/flight_table.h"

namespace herdgate::pipeline {
namespace {

using stampede::FlightEnd;
using stampede::MissCause;
using stampede::Mode;
using stampede::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FlightEndsTest : public ::testing::Test {
 protected:
  FlightEndsTest() {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    const auto set = std::make_shared<const policy::PolicySet>(std::vector{Coalescing("user"), Coalescing("item")});
    guards_.Set(set.get());
    snapshot_ = std::make_shared<const policy::Snapshot>(set, std::vector<std::uint64_t>{});
  }
  static policy::Policy Coalescing(const std::string& name) {
    policy::Policy policy;
    policy.name = name;
    policy.match = {name + ":*"};
    policy.stampede.coalesce = policy::Coalesce::kOn;
    return policy;
  }
  stampede::Guard& guard(std::size_t index = 0) { return *(*guards_.list())[index]; }
  void Miss(const std::string& key, double rate = 0) { ends_.NoteMiss(snapshot_, table_.Hash(key), rate, now_); }
  // The app writes `key`, to live for a minute.
  void Set(const std::string& key) {
    guards_.history().OnSet(table_.Hash(key).hash, seconds(60), milliseconds(100), now_);
  }
  // Of a flight with four waiters that had an answer, 100 ms after it began.
  void End(const std::string& key, Outcome outcome = Outcome::kFilled, Mode mode = Mode::kCold) {
    const FlightEnd end{.key = std::make_shared<const std::string>(key),
                        .outcome = outcome,
                        .mode = mode,
                        .answered = 4,
                        .duration = milliseconds(100)};
    ends_.OnEnded(snapshot_, end, table_.Hash(key), now_);
  }
  stampede::StampedeEvent Last() {
    const auto events = guards_.events().Newest(1);
    return events.empty() ? stampede::StampedeEvent{} : events[0];
  }
  stampede::MissCause CauseOfSecondFlight(const std::string& key = "user:1") {
    Miss(key);
    now_ += milliseconds(100);
    Set(key);
    End(key);
    return Last().cause;
  }

  stampede::FlightTable table_;
  stampede::Guards guards_;
  policy::SnapshotPtr snapshot_;
  base::SteadyTime now_{std::chrono::hours(1)};
  FlightEnds ends_{guards_};
};

TEST_F(FlightEndsTest, TellsTheGuardOfTheKeysPolicy) {
  End("item:1");
  EXPECT_EQ(Last().policy, "item");
  EXPECT_EQ(Last().size, 5U);
}

TEST_F(FlightEndsTest, KeyOfNoPolicyIsNobodys) {
  End("other");
  EXPECT_EQ(guards_.events().totals().flights, 0U);
  snapshot_ = nullptr;
  End("user:1");
  EXPECT_EQ(guards_.events().totals().flights, 0U);
}

TEST_F(FlightEndsTest, FindsTheGuardByNameWhileTheTwoSetsDiffer) {
  const policy::PolicySet later(std::vector{Coalescing("item")});
  guards_.Set(&later);
  End("item:1");
  EXPECT_EQ(Last().policy, "item");
  End("user:1");
  EXPECT_EQ(guards_.events().totals().flights, 1U);
}

TEST_F(FlightEndsTest, CauseIsThatOfTheMissThoughTheKeyWasWrittenSince) {
  EXPECT_EQ(CauseOfSecondFlight(), MissCause::kCold);
  now_ += seconds(61);
  EXPECT_EQ(CauseOfSecondFlight(), MissCause::kExpiry);
  guards_.history().OnDeleted(table_.Hash("user:1").hash);
  EXPECT_EQ(CauseOfSecondFlight(), MissCause::kDelete);
  EXPECT_EQ(CauseOfSecondFlight(), MissCause::kEviction);
}

TEST_F(FlightEndsTest, BumpIsTheCauseForAWhile) {
  Set("user:1");
  now_ += seconds(1);
  ends_.NoteBump("user", now_);
  now_ += seconds(1);
  EXPECT_EQ(CauseOfSecondFlight(), MissCause::kBump);
  EXPECT_EQ(CauseOfSecondFlight(), MissCause::kEviction) << "it was written since";
  EXPECT_EQ(CauseOfSecondFlight("item:1"), MissCause::kCold) << "of another policy";
  now_ += FlightEnds::kBumpIsRecent;
  EXPECT_EQ(CauseOfSecondFlight("user:2"), MissCause::kCold);
}

TEST_F(FlightEndsTest, WithoutANoteTheFillIsNotTakenForWhatWasKnown) {
  Set("user:1");
  End("user:1");
  EXPECT_EQ(Last().cause, MissCause::kCold);
  now_ += seconds(61);
  End("user:1", Outcome::kLeaderGone);
  EXPECT_EQ(Last().cause, MissCause::kExpiry);
}

TEST_F(FlightEndsTest, RateIsThatOfTheMiss) {
  Set("user:1");
  now_ += seconds(61);
  Miss("user:1", 500);
  End("user:1");
  EXPECT_DOUBLE_EQ(Last().unprotected_size, 50);
}

TEST_F(FlightEndsTest, ThreeFlightsWithoutASetMakeTheKeyUncacheable) {
  for (int i = 0; i < 3; ++i) End("user:1", Outcome::kNoSet);
  EXPECT_TRUE(guard().learning().IsUncacheable(table_.Hash("user:1").hash, now_));
}

TEST_F(FlightEndsTest, OtherEndsDoNot) {
  for (const auto outcome : {Outcome::kFilled, Outcome::kFilledByOther, Outcome::kTainted, Outcome::kLeaderGone}) {
    for (int i = 0; i < 3; ++i) End("user:1", outcome);
  }
  EXPECT_FALSE(guard().learning().IsUncacheable(table_.Hash("user:1").hash, now_));
}

TEST_F(FlightEndsTest, RefreshThatEndedLetsTheNextBeChosen) {
  for (const auto outcome :
       {Outcome::kFilled, Outcome::kFilledByOther, Outcome::kTainted, Outcome::kLeaderGone, Outcome::kNoSet}) {
    const std::string key = "user:" + std::to_string(static_cast<int>(outcome));
    const std::uint64_t hash = table_.Hash(key).hash;
    const std::uint64_t first = 10 * (static_cast<std::uint64_t>(outcome) + 1);
    ASSERT_EQ(guard().refresh().Choose(hash, {.session = first}, now_), stampede::Choice::kChosen);
    ASSERT_NE(guard().refresh().Choose(hash, {.session = first + 1}, now_), stampede::Choice::kChosen);
    End(key, outcome, Mode::kRefresh);
    now_ += seconds(1);
    EXPECT_EQ(guard().refresh().Choose(hash, {.session = first + 2}, now_), stampede::Choice::kChosen);
  }
}

TEST_F(FlightEndsTest, StampedeIsLoggedWithoutItsKeyAndOnlyNowAndThen) {
  base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  End("user:secret");
  End("user:secret");
  now_ += seconds(1);
  End("user:secret");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2);
  EXPECT_EQ(log.find("secret"), std::string::npos);
  for (const char* part : {"\"stampede\"", "\"policy\":\"user\"", "\"cause\":\"cold\"", "\"size\":5", "\"avoided\":4",
                           "\"duration_ms\":100", "\"suppressed\":1"}) {
    EXPECT_NE(log.find(part), std::string::npos) << part << " in " << log;
  }
}

TEST_F(FlightEndsTest, SmallFlightIsNotLogged) {
  base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  const FlightEnd end{.key = std::make_shared<const std::string>("user:1"), .answered = 3};
  ends_.OnEnded(snapshot_, end, table_.Hash("user:1"), now_);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(guards_.events().totals().flights, 1U);
}

}  // namespace
}  // namespace herdgate::pipeline
