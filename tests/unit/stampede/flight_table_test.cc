#include "sidecar/stampede/flight_table.h"

#include "tests/unit/stampede/flight_fixture.h"

namespace herdgate::stampede {
namespace {

using FlightTableTest = FlightFixture;

TEST_F(FlightTableTest, WhoWinsTheLeaseLeadsAndItsSetAnswersTheOthers) {
  EXPECT_EQ(Begin('a'), "wait ask");
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Asked(AskResult::kWon), "a:lead");
  EXPECT_EQ(Begin('c'), "wait");
  now_ += ms(200);
  EXPECT_EQ(SetSent('a'), "");
  EXPECT_TRUE(plan_.is_fill);
  EXPECT_FALSE(plan_.tainted);
  EXPECT_EQ(plan_.delta, ms(200));
  EXPECT_EQ(SetDone(), "release b:value c:value");
  EXPECT_EQ(released_, asked_);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].outcome, Outcome::kFilled);
  EXPECT_EQ(ended_[0].answered, 2U);
  EXPECT_EQ(ended_[0].duration, ms(200));
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, AValueThatIsThereAnswersAllWhoWaitedWhenItWasAskedFor) {
  Begin('a');
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Asked(AskResult::kValue), "ask a:value") << "b came after the question, so it asks again";
  EXPECT_EQ(Asked(AskResult::kValue), "b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, WhoCameAfterTheSetWasSentReadsAgain) {
  LedWith("b");
  SetSent('a');
  EXPECT_EQ(Begin('c'), "wait");
  EXPECT_EQ(SetDone(), "release ask b:value");
  EXPECT_EQ(Asked(AskResult::kValue), "c:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, AValueThatIsNotAtHandIsRead) {
  LedWith("b");
  SetSent('a');
  EXPECT_EQ(SetDone(SetOutcome::kStoredUnknown), "release ask");
  EXPECT_EQ(Asked(AskResult::kValue), "b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, AnotherPodsFlightIsAwaitedUntilAPush) {
  Begin('a');
  EXPECT_EQ(Asked(AskResult::kLost, ms(300)), "");
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Pushed(), "ask");
  EXPECT_EQ(Asked(AskResult::kValue), "a:value b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, AnotherPodsLeaseIsAwaitedUntilItsEndWhenNoPushComes) {
  Begin('a');
  Asked(AskResult::kLost, ms(300));
  EXPECT_EQ(After(ms(300)), "");
  EXPECT_EQ(After(ms(1)), "ask") << "a lease ends a moment after its last millisecond";
  EXPECT_EQ(Asked(AskResult::kWon), "a:lead");
}

TEST_F(FlightTableTest, APushWhileAskingAsksOnceMore) {
  Begin('a');
  EXPECT_EQ(Pushed(), "");
  EXPECT_EQ(Asked(AskResult::kLost, ms(300)), "ask");
  EXPECT_EQ(Asked(AskResult::kLost, ms(300)), "");
}

TEST_F(FlightTableTest, WhenTheLeaderGoesTheOldestWaiterIsNextAndReadsFirst) {
  LedWith("bc");
  const FlightId first = asked_;
  EXPECT_EQ(Gone('a'), "release ask");
  EXPECT_EQ(released_, first);
  EXPECT_NE(asked_, first);
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  EXPECT_EQ(Set('b'), "release c:value");
  EXPECT_EQ(ended_[0].outcome, Outcome::kLeaderGone);
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ALeaderThatGoesWhileItsSetIsUnderWayHasFilled) {
  LedWith("b");
  SetSent('a');
  EXPECT_EQ(Gone('a'), "");
  EXPECT_EQ(SetDone(), "release b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ALeaderThatGoesWhileAPushIsLookedIntoIsReplacedOnce) {
  LedWith("b");
  const FlightId first = asked_;
  EXPECT_EQ(Pushed(), "ask");
  EXPECT_EQ(asked_, first) << "it asks in its own name";
  EXPECT_EQ(Gone('a'), "release ask");
  const FlightId second = asked_;
  EXPECT_EQ(AskedOf(first, AskResult::kWon), "release") << "the lease is nobody's";
  EXPECT_EQ(AskedOf(second, AskResult::kWon), "b:lead");
}

TEST_F(FlightTableTest, WithNobodyLeftALeaseIsGivenBack) {
  Begin('a');
  EXPECT_EQ(Gone('a'), "");
  EXPECT_EQ(Asked(AskResult::kWon), "release");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ALeaseThatComesForAForgottenFlightIsGivenBack) {
  EXPECT_EQ(AskedOf(99, AskResult::kWon), "release");
  EXPECT_EQ(released_, 99U);
  EXPECT_EQ(AskedOf(99, AskResult::kValue), "");
}

TEST_F(FlightTableTest, WhenAllWaitersAndTheLeaderAreGoneNobodyIsPromoted) {
  LedWith("bc");
  EXPECT_EQ(Gone('b'), "");
  EXPECT_EQ(Gone('c'), "");
  EXPECT_EQ(Gone('a'), "release");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, AWaiterWhoseClientGoesIsForgotten) {
  LedWith("bc");
  EXPECT_EQ(Gone('b'), "");
  EXPECT_EQ(Set('a'), "release c:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ASetThatFailsLetsTheNextOneTry) {
  LedWith("b");
  SetSent('a');
  EXPECT_EQ(SetDone(SetOutcome::kNotStored), "release ask");
  EXPECT_EQ(Asked(AskResult::kWon), "b:lead");
  EXPECT_EQ(ended_[0].outcome, Outcome::kNoSet);
}

TEST_F(FlightTableTest, ASetWhoseReplyNeverComesIsGivenUp) {
  terms_.max_wait = ms(60000);
  LedWith("b");
  SetSent('a');
  EXPECT_EQ(After(ms(9999)), "renew renew renew release");
  EXPECT_EQ(After(ms(1)), "ask");
}

TEST_F(FlightTableTest, WithoutALeaseTheLeaderLeadsInThisPodOnly) {
  EXPECT_EQ(Begin('a'), "wait ask");
  EXPECT_EQ(Asked(AskResult::kUnavailable), "a:lead");
  EXPECT_EQ(Begin('b'), "wait") << "Redis isn't asked again";
  EXPECT_EQ(After(ms(399)), "");
  EXPECT_EQ(Set('a'), "b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, WithLeasesOffTheFirstLeadsAtOnceAndTheNextReadsFirst) {
  terms_.lease = false;
  EXPECT_EQ(Begin('a'), "lead");
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Gone('a'), "read");
  EXPECT_EQ(Asked(AskResult::kUnavailable), "b:lead");
  EXPECT_EQ(Set('b'), "");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ASecondCallerMakesAFlightAskForALease) {
  terms_.lease = false;
  EXPECT_EQ(Begin('a'), "lead");
  terms_.lease = true;
  EXPECT_EQ(Begin('b'), "wait ask");
  EXPECT_EQ(Asked(AskResult::kWon), "");
  EXPECT_EQ(Begin('c'), "wait");
  EXPECT_EQ(Set('a'), "release b:value c:value");
}

TEST_F(FlightTableTest, TwoPodsThatBothComputeAreLeftAlone) {
  terms_.lease = false;
  Begin('a');
  terms_.lease = true;
  Begin('b');
  EXPECT_EQ(Asked(AskResult::kLost, ms(500)), "");
  EXPECT_EQ(Begin('c'), "wait");
  EXPECT_EQ(Pushed(), "ask") << "the other pod has set it";
  EXPECT_EQ(Asked(AskResult::kValue), "b:value c:value");
}

TEST_F(FlightTableTest, AnAskWithoutAnAnswerIsGivenUpAndALateLeaseStillCounts) {
  terms_.max_wait = ms(5000);
  Begin('a');
  const FlightId flight = asked_;
  EXPECT_EQ(After(ms(1000)), "a:lead");
  EXPECT_EQ(AskedOf(flight, AskResult::kWon), "");
  EXPECT_EQ(Set('a'), "release");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, WhoLeadsIsRefusedHereAndElsewhere) {
  LedWith("b");
  EXPECT_EQ(Begin('a'), "refused");
  Begin('c', "other");
  EXPECT_EQ(Begin('a', "other"), "refused");
  EXPECT_EQ(Begin('a', "third"), "wait ask") << "it may lead that one too, and waits for the lease only";
}

TEST_F(FlightTableTest, WhoLeadsIsToldNilWhenAnotherPodLeadsWhatItNeeds) {
  Begin('a', "other");
  const FlightId flight = asked_;
  table_.OnAsked(Key("other"), flight, {.result = AskResult::kWon}, now_, todo_);
  EXPECT_EQ(Said(), "a:lead");
  EXPECT_EQ(Begin('a'), "wait ask");
  EXPECT_EQ(Asked(AskResult::kLost, ms(500)), "a:miss");
}

TEST_F(FlightTableTest, ALeaderOfAPoolWaitsWhereTermsSaySo) {
  LedWith("");
  terms_.waits_while_leading = true;
  EXPECT_EQ(Begin('a'), "wait");
  table_.OnCallerReused(Of('a'));
  EXPECT_EQ(Set('b'), "release a:value") << "another connection of the pool has the value";
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, AReleasedWaiterThatComesAgainDoesNotWaitAgain) {
  LedWith("b");
  EXPECT_EQ(After(ms(400)), "renew b:timeout");
  EXPECT_EQ(Begin('b'), "refused");
  SetSent('b');
  EXPECT_TRUE(plan_.is_fill);
}

TEST_F(FlightTableTest, BytesBehindAParkedGetEndItsWait) {
  LedWith("b");
  EXPECT_EQ(Unpark('b'), "miss");
  EXPECT_EQ(Unpark('b'), "nothing") << "it has been answered";
  EXPECT_EQ(Set('a'), "release");
}

TEST_F(FlightTableTest, WhoLeavesTheQueueBeforeTheLeaseIsWonLeadsWithIt) {
  Begin('a');
  Begin('b');
  EXPECT_EQ(Unpark('a'), "miss");
  EXPECT_EQ(Asked(AskResult::kWon), "") << "a computes anyhow";
  EXPECT_EQ(Set('a'), "release b:value");
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_TRUE(ended_[0].let_go) << "it was told nil before, and is one caller";
  LedWith("b");
  Set('a');
  EXPECT_FALSE(ended_[1].let_go);
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, WhoHasSetBeforeTheLeaseIsWonMakesItNeedless) {
  Begin('a');
  Begin('b');
  Unpark('a');
  SetSent('a');
  EXPECT_EQ(Asked(AskResult::kWon), "release");
  EXPECT_EQ(SetDone(), "b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ARefreshShowsOneCallerASyntheticMissAndAllOthersKeepTheValue) {
  terms_.mode = Mode::kRefresh;
  terms_.may_wait = false;
  EXPECT_EQ(Begin('a'), "wait refresh");
  EXPECT_EQ(Begin('b'), "refused");
  EXPECT_EQ(Asked(AskResult::kWon), "a:lead");
  EXPECT_EQ(Begin('c'), "refused");
  SetSent('a');
  EXPECT_TRUE(plan_.refresh);
  EXPECT_EQ(SetDone(), "release");
  SetSent('b');
  EXPECT_FALSE(plan_.is_fill) << "b was never told nil";
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, ARefreshThatAnotherPodDoesCostsNothing) {
  terms_.mode = Mode::kRefresh;
  terms_.may_wait = false;
  Begin('a');
  EXPECT_EQ(Asked(AskResult::kLost, ms(500)), "a:keep");
  ExpectNothingLeft();
  Begin('a');
  EXPECT_EQ(Unpark('a'), "keep");
  EXPECT_EQ(Asked(AskResult::kWon), "release");
  ExpectNothingLeft();
}

TEST_F(FlightTableTest, WhoFindsTheValueEndedWaitsForItsRefresh) {
  terms_.mode = Mode::kRefresh;
  terms_.may_wait = false;
  Begin('a');
  Asked(AskResult::kWon);
  terms_ = {};
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Pushed(), "ask") << "maybe it ended, maybe it was written";
  EXPECT_EQ(Asked(AskResult::kMine), "");
  EXPECT_EQ(Set('a'), "release b:value");
  EXPECT_EQ(ended_[0].mode, Mode::kRefresh);
}

TEST_F(FlightTableTest, ARefreshKnowsItsOldValueByWhatItHasLeft) {
  terms_.mode = Mode::kRefresh;
  terms_.may_wait = false;
  terms_.refresh_below = ms(3000);
  Begin('a');
  Asked(AskResult::kWon);
  EXPECT_EQ(Pushed(), "refresh");
  lives_ = true;
  EXPECT_EQ(Asked(AskResult::kMine), "") << "nothing has happened";
  Pushed();
  EXPECT_EQ(Asked(AskResult::kValue, ms(60000)), "release") << "somebody wrote it";
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
}

TEST_F(FlightTableTest, ARefreshNoticesThatItsOldValueWasDeletedButNotThatItEnded) {
  terms_.mode = Mode::kRefresh;
  terms_.may_wait = false;
  terms_.refresh_below = ms(100);
  terms_.value_until = now_ + ms(100);
  Begin('a');
  Asked(AskResult::kWon);
  Pushed();
  now_ += ms(99);
  EXPECT_EQ(Asked(AskResult::kMine), "release");
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
  SetDone();
  terms_.value_until = now_ + ms(100);
  Begin('b');
  Asked(AskResult::kWon);
  now_ += ms(100);
  Pushed();
  EXPECT_EQ(Asked(AskResult::kMine), "");
  SetSent('b');
  EXPECT_FALSE(plan_.tainted);
}

TEST_F(FlightTableTest, ARefreshWithoutLeasesLooksByReading) {
  terms_.mode = Mode::kRefresh;
  terms_.lease = false;
  terms_.refresh_below = ms(100);
  terms_.value_until = now_ + ms(100);
  EXPECT_EQ(Begin('a'), "wait read");
  EXPECT_EQ(Asked(AskResult::kValue, ms(95)), "a:lead");
  EXPECT_EQ(Pushed(), "read");
  EXPECT_EQ(Asked(AskResult::kValue, ms(90)), "");
  Pushed();
  EXPECT_EQ(Asked(AskResult::kUnavailable), "") << "deleted";
  SetSent('a');
  EXPECT_TRUE(plan_.tainted);
}

TEST_F(FlightTableTest, KeysDoNotMeet) {
  LedWith("b");
  EXPECT_EQ(Begin('c', "other"), "wait ask");
  EXPECT_EQ(Set('a'), "release b:value");
  EXPECT_EQ(table_.Stats().waiters, 1U);
}

// ---- a refresh without leases

class RefreshAloneTest : public FlightFixture {
 protected:
  RefreshAloneTest() {
    terms_.mode = Mode::kRefresh;
    terms_.may_wait = false;
    terms_.lease = false;
    terms_.refresh_below = ms(1500);
    terms_.value_until = now_ + ms(1000);
  }
};

TEST_F(RefreshAloneTest, LooksHowLongTheValueLives) {
  EXPECT_EQ(Begin('a'), "wait read");
}

TEST_F(RefreshAloneTest, LeadsWhereTheValueEndsSoon) {
  Begin('a');
  EXPECT_EQ(Asked(AskResult::kValue, ms(1000)), "a:lead");
}

TEST_F(RefreshAloneTest, GetsTheValueThatAnotherPodHasRefreshed) {
  Begin('a');
  EXPECT_EQ(Asked(AskResult::kValue, ms(9000)), "a:value");
}

TEST_F(RefreshAloneTest, KeepsItsValueWhereRedisCanNotBeAsked) {
  Begin('a');
  EXPECT_EQ(Asked(AskResult::kUnavailable), "a:keep");
}

}  // namespace
}  // namespace herdgate::stampede
