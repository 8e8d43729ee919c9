// What invalidations and other writers do to a flight.
#include "tests/unit/stampede/flight_fixture.h"

namespace herdgate::stampede {
namespace {

using FlightTaintTest = FlightFixture;

TEST_F(FlightTaintTest, APushThatMeansNothingChangesNothing) {
  LedWith("b");
  EXPECT_EQ(Pushed(), "ask");
  EXPECT_EQ(Asked(AskResult::kMine), "");
  SetSent('a');
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(SetDone(), "release b:value");
}

TEST_F(FlightTaintTest, AValueOfAnotherIsGivenOutAndTaintsTheLeader) {
  LedWith("b");
  Pushed();
  EXPECT_EQ(Asked(AskResult::kValue), "release b:value");
  SetSent('a');
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_TRUE(plan_.tainted);
  EXPECT_EQ(plan_.delta, ms(0)) << "no sample";
  EXPECT_EQ(SetDone(), "");
  EXPECT_EQ(ended_[0].outcome, Outcome::kTainted);
  ExpectNothingLeft();
}

TEST_F(FlightTaintTest, ALeaseThatIsGoneBeforeItsTimeWasTakenByAnInvalidation) {
  LedWith("b");
  Pushed();
  EXPECT_EQ(Asked(AskResult::kWon), "release ask");
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
}

TEST_F(FlightTaintTest, ALeaseThatAnotherPodHasByNowIsAwaited) {
  LedWith("b");
  Pushed();
  EXPECT_EQ(Asked(AskResult::kLost, ms(100)), "release");
  EXPECT_EQ(Pushed(), "ask");
  EXPECT_EQ(Asked(AskResult::kValue), "b:value");
}

TEST_F(FlightTaintTest, ADeleteGivesTheLeadToTheNextAndItsValueIsKeptShort) {
  LedWith("b");
  const FlightId first = asked_;
  EXPECT_EQ(Deleted(), "release drop ask");
  EXPECT_NE(asked_, first);
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
  EXPECT_EQ(SetDone(), "") << "b computes something newer";
  SetSent('b');
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(SetDone(), "release");
  ExpectNothingLeft();
}

TEST_F(FlightTaintTest, ATaintedValueGoesOnlyToThoseWhoCameBeforeTheDelete) {
  LedWith("bc");
  Deleted();
  EXPECT_EQ(Begin('d'), "wait");
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  EXPECT_EQ(Set('a'), "c:value");
  EXPECT_EQ(Set('b'), "release d:value");
  ExpectNothingLeft();
}

TEST_F(FlightTaintTest, ThePushOfATaintedValueDoesNotTaintTheNextLeader) {
  LedWith("b");
  Deleted();
  Asked(AskResult::kWon);
  SetSent('a');
  EXPECT_EQ(Pushed(), "");
  EXPECT_EQ(SetDone(), "");
  EXPECT_EQ(Pushed(), "");
  SetSent('b');
  EXPECT_FALSE(plan_.tainted);
}

TEST_F(FlightTaintTest, ADeleteWhileAskingAsksAnew) {
  Begin('a');
  const FlightId first = asked_;
  EXPECT_EQ(Deleted(), "drop ask");
  EXPECT_EQ(AskedOf(first, AskResult::kWon), "release");
  EXPECT_EQ(Asked(AskResult::kWon), "a:lead");
  SetSent('a');
  EXPECT_FALSE(plan_.tainted) << "it was told nil after the delete";
}

TEST_F(FlightTaintTest, ADeleteTakesTheLeaseOfAnotherPod) {
  Begin('a');
  Asked(AskResult::kLost, ms(500));
  EXPECT_EQ(Deleted(), "drop ask");
}

TEST_F(FlightTaintTest, ADeleteOfAKeyWithoutAFlightIsNoneOfItsBusiness) {
  EXPECT_FALSE(table_.Taint(Key(), now_, todo_));
  EXPECT_EQ(Said(), "");
}

TEST_F(FlightTaintTest, ABlindWriteIsStoredInFullAnswersTheWaitersAndTaintsTheLeader) {
  LedWith("b");
  EXPECT_EQ(SetSent('x'), "release");
  EXPECT_FALSE(plan_.is_fill);
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(SetDone(), "b:value");
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
}

TEST_F(FlightTaintTest, ABlindWriteTellsForHowLongItsKeyWasMissed) {
  SetSent('x');
  EXPECT_EQ(plan_.missed, ms(0));
  LedWith("");
  now_ += ms(30);
  SetSent('x');
  EXPECT_EQ(plan_.missed, ms(30));
  SetDone();
  SetSent('a');
  EXPECT_EQ(plan_.missed, ms(0)) << "it is none";
}

TEST_F(FlightTaintTest, ABlindWriteThatFailsLetsTheNextOneLead) {
  LedWith("b");
  SetSent('x');
  EXPECT_EQ(SetDone(SetOutcome::kNotStored), "ask");
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
}

TEST_F(FlightTaintTest, ASecondSetOfTheLeaderIsABlindWrite) {
  LedWith("");
  Deleted();
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
  SetSent('a');
  EXPECT_FALSE(plan_.is_fill);
  EXPECT_FALSE(plan_.tainted);
}

TEST_F(FlightTaintTest, ASetForEachNilIsAFill) {
  LedWith("");
  Begin('a');  // another request on the same connection
  Deleted();
  for (int i = 0; i < 2; ++i) {
    SetSent('a');
    EXPECT_TRUE(plan_.tainted) << i;
  }
  SetSent('a');
  EXPECT_FALSE(plan_.is_fill);
}

TEST_F(FlightTaintTest, ANilAfterAnInvalidationIsNotTaintedByIt) {
  terms_.waits_while_leading = true;
  LedWith("");
  Set('x');
  LedWith("");
  SetSent('a');
  EXPECT_TRUE(plan_.tainted) << "it may be of the first nil";
  SetSent('a');
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_FALSE(plan_.tainted);
}

// Of a pool: the SET of the first nil came on another connection, before anybody could know that.
TEST_F(FlightTaintTest, ATaintedSetOnTheLeadersConnectionLeavesNobodyWaiting) {
  terms_.waits_while_leading = true;
  LedWith("");
  EXPECT_EQ(Set('x'), "release");
  LedWith("b");
  EXPECT_EQ(SetSent('a'), "");
  EXPECT_TRUE(plan_.tainted);
  EXPECT_EQ(Begin('c'), "wait");
  EXPECT_EQ(SetDone(), "release ask");
  EXPECT_EQ(Asked(AskResult::kValue), "b:value c:value");
}

// Of a pool: a's SET came from a connection that nobody knew to be of the same pool.
TEST_F(FlightTaintTest, OfAPoolsReadersTheOneThatMayStillComputeIsTaken) {
  LedWith("");
  EXPECT_EQ(Set('x'), "release");
  now_ += terms_.lease_time;
  EXPECT_EQ(Begin('b'), "wait ask");
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  table_.OnCallerReused(Of('a'));
  table_.OnCallerReused(Of('b'));
  EXPECT_EQ(Begin('c'), "wait");
  SetSent('x');
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(SetDone(), "release c:value");
}

TEST_F(FlightTaintTest, ATaintedSetThatMayBeTheLeadersOfAPoolLeavesNobodyWaiting) {
  LedWith("");
  Set('x');
  Begin('b');
  Asked(AskResult::kWon);
  table_.OnCallerReused(Of('a'));
  table_.OnCallerReused(Of('b'));
  EXPECT_EQ(Begin('c'), "wait");
  SetSent('x');
  EXPECT_TRUE(plan_.tainted) << "it may be a's, which was told nil before x wrote";
  EXPECT_EQ(SetDone(), "release ask");
  EXPECT_EQ(Asked(AskResult::kValue), "c:value");
}

TEST_F(FlightTaintTest, ANilOfLongAgoTaintsNothing) {
  terms_.waits_while_leading = true;
  LedWith("");
  Set('x');
  now_ += terms_.lease_time;
  LedWith("b");
  now_ += ms(70);
  SetSent('a');
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(plan_.delta, ms(70)) << "since the last nil";
  EXPECT_EQ(SetDone(), "release b:value");
}

TEST_F(FlightTaintTest, ASetOfAnotherConnectionOfAPoolIsTheFill) {
  LedWith("b");
  table_.OnCallerReused(Of('a'));
  SetSent('x');
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_EQ(SetDone(), "release b:value");
  EXPECT_EQ(ended_[0].outcome, Outcome::kFilled);
  ExpectNothingLeft();
}

TEST_F(FlightTaintTest, ASetOfOneWhoWasReleasedEndsTheFlightAndTaintsNobody) {
  LedWith("b");
  EXPECT_EQ(After(ms(400)), "renew b:timeout");
  EXPECT_EQ(Begin('c'), "wait");
  EXPECT_EQ(Set('b'), "release c:value");
  EXPECT_EQ(ended_[0].outcome, Outcome::kFilledByOther);
  SetSent('a');
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_FALSE(plan_.tainted);
}

TEST_F(FlightTaintTest, ADeleteBetweenTheSetAndItsReplyIsReported) {
  LedWith("b");
  SetSent('a');
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(Deleted(), "release drop");
  EXPECT_EQ(Begin('c'), "wait");
  EXPECT_EQ(SetDone(), "ask b:value") << "c came after the delete";
  EXPECT_TRUE(late_);
  EXPECT_EQ(table_.Stats().late_taints, 1U);
}

TEST_F(FlightTaintTest, NothingIsShortenedThatABlindWriteMayHaveWritten) {
  LedWith("b");
  SetSent('a');
  const SetPlan fill = plan_;
  EXPECT_EQ(SetSent('x'), "release");
  EXPECT_EQ(SetDone(), "b:value");
  EXPECT_FALSE(late_);
  plan_ = fill;
  EXPECT_EQ(SetDone(), "");
  EXPECT_FALSE(late_);
  ExpectNothingLeft();
}

TEST_F(FlightTaintTest, ASetThatWasSentBeforeTheFlightIsLookedFor) {
  SetSent('x');
  EXPECT_EQ(plan_.fill, 0U);
  LedWith("b");
  EXPECT_EQ(SetDone(), "ask");
  EXPECT_EQ(Asked(AskResult::kValue), "release b:value");
}

TEST_F(FlightTaintTest, AFlushTaintsAllOrWhatIsChosen) {
  LedWith("");
  Begin('b', "other");
  table_.TaintWhere([](std::string_view key) { return key == "k"; }, now_, todo_);
  EXPECT_EQ(Said(), "release drop");
  table_.OnAllInvalidated(now_, todo_);
  EXPECT_EQ(Said(), "") << "one is asked for already, the other has nobody";
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
}

TEST_F(FlightTaintTest, ALostTrackedConnectionHasAllLookAgain) {
  LedWith("b");
  table_.OnAllInvalidated(now_, todo_);
  EXPECT_EQ(Said(), "ask");
}

TEST_F(FlightTaintTest, WhoWasToldNilIsForgottenInTime) {
  LedWith("");
  Deleted();
  After(ms(1999));
  EXPECT_FALSE(table_.empty());
  After(ms(1));
  ExpectNothingLeft();
  SetSent('a');
  EXPECT_FALSE(plan_.is_fill);
}

class FlightReadersTest : public FlightFixture {
 protected:
  FlightReadersTest() : FlightFixture({.max_readers = 3}) {}
};

TEST_F(FlightReadersTest, ManyDeletesDoNotMakeManyLeaders) {
  LedWith("bcdefgh");
  for (int i = 0; i < 6; ++i) {
    Deleted();
    Asked(AskResult::kWon);
  }
  EXPECT_EQ(table_.Stats().led[0], 3U);
}

TEST_F(FlightTaintTest, ASetByAnotherConnectionIsNotSurelyTheAwaitedOne) {
  LedWith("");
  table_.OnCallerReused(Of('a'));
  Deleted();
  SetSent('b');
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_TRUE(plan_.tainted);
  EXPECT_FALSE(plan_.own_miss);
}

TEST_F(FlightTaintTest, ASetByWhoWasToldNilIsSurelyTheAwaitedOne) {
  LedWith("");
  Deleted();
  SetSent('a');
  EXPECT_TRUE(plan_.own_miss);
}

}  // namespace
}  // namespace herdgate::stampede
