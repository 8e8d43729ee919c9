#include "tests/unit/stampede/flight_fixture.h"

namespace herdgate::stampede {
namespace {

// Where an app's threads take turns on one connection, whoever waits on it for the value that another thread computes
// keeps that thread from sending it, until the wait ends in vain.
class FlightSharedTest : public FlightFixture {
 protected:
  FlightSharedTest() { terms_.waits_while_leading = true; }

  // a leads, and waits in vain.
  void WaitsInVain() {
    LedWith("");
    EXPECT_EQ(Begin('a'), "wait");
    EXPECT_EQ(After(terms_.max_wait), "renew a:timeout");
  }
};

TEST_F(FlightSharedTest, WhereOneWaitedInVainWhileItLedNobodyWaitsInThatFlight) {
  WaitsInVain();
  EXPECT_EQ(Begin('a'), "refused");
  EXPECT_EQ(Begin('b'), "wait") << "others do";
  EXPECT_EQ(Begin('a', "other"), "wait ask") << "and it may lead";
}

TEST_F(FlightSharedTest, WhereTheSetFollowsAWaitInVainAtOnceNobodyWaitsWhileItLeads) {
  WaitsInVain();
  now_ += ms(50);
  Set('a');
  Set('a');
  LedWith("");
  EXPECT_EQ(Begin('a'), "refused");
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Set('a'), "release b:value");
}

TEST_F(FlightSharedTest, ItWaitsWhereAnotherLeads) {
  WaitsInVain();
  Set('a');
  Set('a');
  EXPECT_EQ(Begin('b'), "wait ask");
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  EXPECT_EQ(Begin('a'), "wait");
  EXPECT_EQ(Set('b'), "release a:value");
}

TEST_F(FlightSharedTest, AWaitInVainBecauseComputingTakesLongIsForgottenWithItsFlight) {
  WaitsInVain();
  now_ += ms(51);
  Set('a');
  Set('a');
  LedWith("");
  EXPECT_EQ(Begin('a'), "wait");
}

TEST_F(FlightSharedTest, AWaitInVainForAnothersKeyCountsToo) {
  Begin('a', "other");
  table_.OnAsked(Key("other"), asked_, {.result = AskResult::kWon}, now_, todo_);
  EXPECT_EQ(Said(), "a:lead");
  EXPECT_EQ(Begin('a'), "wait ask");
  EXPECT_EQ(Asked(AskResult::kLost, ms(5000)), "");
  EXPECT_EQ(After(terms_.max_wait), "renew a:timeout");
  EXPECT_EQ(Begin('a'), "refused");
}

TEST_F(FlightSharedTest, AWaitInVainOfOneWhoOwedNothingShowsNothing) {
  EXPECT_EQ(Begin('a'), "wait ask");
  Asked(AskResult::kLost, ms(5000));
  EXPECT_EQ(After(terms_.max_wait), "a:timeout");
  EXPECT_EQ(Begin('a'), "wait ask");
}

TEST_F(FlightSharedTest, ASetFromAnotherConnectionShowsThatItIsAPool) {
  WaitsInVain();
  Set('a');
  Set('a');
  LedWith("");
  EXPECT_EQ(Begin('a'), "refused");
  table_.OnCallerReused(Of('a'));
  EXPECT_EQ(Set('x'), "release");
  Set('x');
  LedWith("");
  EXPECT_EQ(Begin('a'), "wait");
}

// A pool (pool_watch.h): the SET needs a connection, and those who wait hold them.
TEST_F(FlightSharedTest, WhoWaitsInVainIsToldWhetherTheLeadersConnectionWentToOthers) {
  LedWith("b");
  table_.OnDue(now_ += terms_.max_wait, todo_);
  ASSERT_EQ(todo_.wakes.size(), 1U);
  EXPECT_FALSE(todo_.wakes[0].leader_reused);
  todo_.Clear();
  EXPECT_EQ(Begin('c'), "wait");
  table_.OnCallerReused(Of('a'));
  table_.OnDue(now_ += terms_.max_wait, todo_);
  ASSERT_EQ(todo_.wakes.size(), 1U);
  EXPECT_TRUE(todo_.wakes[0].leader_reused);
}

TEST_F(FlightSharedTest, NothingIsKeptOfAConnectionThatEnds) {
  WaitsInVain();
  Set('a');
  Set('a');
  Gone('a');
  LedWith("");
  EXPECT_EQ(Begin('a'), "wait");
}

}  // namespace
}  // namespace herdgate::stampede
