// What time and bounds do to a flight.
#include "tests/unit/stampede/flight_fixture.h"

namespace herdgate::stampede {
namespace {

using FlightTimeTest = FlightFixture;

TEST_F(FlightTimeTest, WhoHasWaitedTooLongIsReleasedTheOldestFirstAndTwiceAsManyEachTime) {
  terms_.lease_time = ms(10000);
  LedWith("bcdefghi");
  EXPECT_EQ(After(ms(399)), "");
  EXPECT_EQ(After(ms(1)), "b:timeout");
  EXPECT_EQ(After(ms(99)), "");
  EXPECT_EQ(After(ms(1)), "c:timeout d:timeout");
  EXPECT_EQ(After(ms(100)), "e:timeout f:timeout g:timeout h:timeout i:timeout") << "overtime is over";
}

TEST_F(FlightTimeTest, WithoutOvertimeAllAreReleasedAtOnce) {
  terms_.overtime = ms(0);
  terms_.lease_time = ms(10000);
  LedWith("bcd");
  EXPECT_EQ(After(ms(400)), "b:timeout c:timeout d:timeout");
}

TEST_F(FlightTimeTest, TheFirstReleasedMayAnswerTheOthers) {
  terms_.lease_time = ms(10000);
  LedWith("bcd");
  After(ms(400));
  now_ += ms(90);
  EXPECT_EQ(Set('b'), "release c:value d:value");
}

TEST_F(FlightTimeTest, ALateTimerReleasesWhatIsDueAndNoMore) {
  terms_.lease_time = ms(10000);
  terms_.overtime = ms(10000);
  LedWith("bcdefghi");
  now_ += ms(550);
  table_.OnDue(now_, todo_);
  EXPECT_EQ(Said(), "b:timeout c:timeout d:timeout");
}

TEST_F(FlightTimeTest, EachWaitsItsOwnTime) {
  terms_.lease_time = ms(10000);
  LedWith("b");
  terms_.max_wait = ms(100);
  Begin('c');
  EXPECT_EQ(After(ms(100)), "c:timeout");
  EXPECT_EQ(After(ms(300)), "b:timeout");
}

TEST_F(FlightTimeTest, AReadThatRedisNeverAnswersTimesOutToo) {
  Begin('a');
  EXPECT_EQ(After(ms(400)), "a:timeout");
}

TEST_F(FlightTimeTest, WhoIsPatientGetsTheValueOfASetThatWasOnItsWay) {
  terms_.patience = ms(10);
  EXPECT_EQ(Begin('a'), "wait");
  terms_.patience = ms(0);
  EXPECT_EQ(Begin('b'), "wait") << "who comes later is told nothing else";
  EXPECT_EQ(After(ms(9)), "");
  EXPECT_EQ(SetSent('x'), "");
  EXPECT_EQ(After(ms(5)), "") << "its reply decides";
  EXPECT_EQ(SetDone(), "a:value b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTimeTest, WhenPatienceIsOverTheFlightGoesItsWay) {
  terms_.patience = ms(10);
  EXPECT_EQ(Begin('a'), "wait");
  EXPECT_EQ(After(ms(10)), "ask");
  EXPECT_EQ(Asked(AskResult::kWon), "a:lead");
  EXPECT_EQ(Begin('b'), "wait");
  EXPECT_EQ(Set('a'), "release b:value");
  ExpectNothingLeft();
}

TEST_F(FlightTimeTest, APatientFlightThatNobodyWaitsForIsForgotten) {
  terms_.patience = ms(10);
  Begin('a');
  EXPECT_EQ(Gone('a'), "");
  ExpectNothingLeft();
  Begin('a');
  EXPECT_EQ(Unpark('a'), "miss");
  Set('a');
  ExpectNothingLeft();
}

TEST_F(FlightTimeTest, WhoMayNotWaitIsNotPatient) {
  terms_.patience = ms(10);
  terms_.may_wait = false;
  EXPECT_EQ(Begin('a'), "wait ask");
}

TEST_F(FlightTimeTest, WithoutLeasesThePatientReadFirst) {
  terms_.patience = ms(10);
  terms_.lease = false;
  EXPECT_EQ(Begin('a'), "wait");
  EXPECT_EQ(After(ms(10)), "read");
  EXPECT_EQ(Asked(AskResult::kUnavailable), "a:lead");
}

TEST_F(FlightTimeTest, TheLeaseIsRenewedEachThirdAndKeptByTheReply) {
  terms_.lease_time = ms(300);
  terms_.max_wait = ms(60000);
  LedWith("b");
  EXPECT_EQ(After(ms(100)), "renew");
  EXPECT_EQ(Renewed(true), "");
  EXPECT_EQ(After(ms(299)), "renew renew");
  EXPECT_EQ(After(ms(1)), "release ask") << "those were not answered";
  EXPECT_EQ(ended_[0].outcome, Outcome::kNoSet);
}

TEST_F(FlightTimeTest, ALeaseThatCouldNotBeRenewedIsLookedInto) {
  LedWith("b");
  EXPECT_EQ(After(ms(334)), "renew");
  EXPECT_EQ(Renewed(false), "ask");
  EXPECT_EQ(Asked(AskResult::kLost, ms(900)), "release");
  EXPECT_EQ(ended_[0].outcome, Outcome::kTainted);
}

TEST_F(FlightTimeTest, NoLeaderLeadsLongerThanTheCap) {
  terms_.lease_time = ms(300);
  terms_.lease_cap = ms(1000);
  LedWith("");
  std::string said;
  for (int i = 0; i < 99; ++i) {
    said += After(ms(10));
    Renewed(true);
  }
  EXPECT_EQ(said.find("release"), std::string::npos);
  EXPECT_EQ(After(ms(10)), "release");
}

TEST_F(FlightTimeTest, ALeaderWithoutALeaseLeadsUntilTheCapToo) {
  terms_.lease = false;
  terms_.lease_cap = ms(1000);
  terms_.lease_time = ms(300);
  EXPECT_EQ(Begin('a'), "lead");
  After(ms(999));
  EXPECT_EQ(table_.Stats().leaders, 1U);
  After(ms(1));
  EXPECT_EQ(table_.Stats().leaders, 0U);
  After(ms(600));
  ExpectNothingLeft();
}

TEST_F(FlightTimeTest, TheSetOfALeaderIsKnownForALeaseTimeAfterItsLead) {
  LedWith("");
  EXPECT_EQ(After(ms(1000)), "renew renew renew release");
  SetSent('a');
  EXPECT_TRUE(plan_.is_fill);
}

class FlightBoundsTest : public FlightFixture {
 protected:
  FlightBoundsTest()
      : FlightFixture({.max_flights = 2, .max_waiters_per_key = 2, .max_waiters = 3, .max_key_bytes = 10}) {}
};

TEST_F(FlightBoundsTest, WaitersOfAKeyAndOfThePodAreBounded) {
  LedWith("bc");
  EXPECT_EQ(Begin('d'), "full");
  EXPECT_EQ(Begin('e', "other"), "wait ask");
  EXPECT_EQ(Begin('f', "other"), "full");
  const FlightStats stats = table_.Stats();
  EXPECT_EQ(stats.full_key, 1U);
  EXPECT_EQ(stats.full_pod, 1U);
  SetSent('d');
  EXPECT_TRUE(plan_.is_fill) << "it was told nil";
}

TEST_F(FlightBoundsTest, FlightsAndTheirKeysAreBounded) {
  EXPECT_EQ(Begin('a', "01234567890"), "full");
  Begin('a', "1");
  Begin('b', "2");
  EXPECT_EQ(Begin('c', "3"), "full");
  EXPECT_EQ(table_.Stats().full_flights, 2U);
  Gone('a');
  Gone('b');
}

}  // namespace
}  // namespace herdgate::stampede
