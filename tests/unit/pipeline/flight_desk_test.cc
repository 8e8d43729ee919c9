// FlightDesk with a real flight table, before an upstream that the test plays.
#include "sidecar/pipeline/flight_desk.h"

#include "tests/unit/pipeline/flight_desk_fixture.h"

namespace herdgate::pipeline {
namespace {

using stampede::Role;
using std::chrono::milliseconds;

using FlightDeskTest = FlightDeskFixture;

// ---- calls and wakes

TEST_F(FlightDeskTest, AskGoesOverTheTrackedConnectionAndItsReplyIsTheCallers) {
  StartDesk();
  EXPECT_EQ(Begin("user:1", 1), Role::kWait);
  Turns();
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask user:1"}));
  Reply(Won());
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
}

TEST_F(FlightDeskTest, ValueGoesToAllWhoWaitOnTheirLoops) {
  StartDesk();
  Begin("user:1", 1);
  Begin("user:1", 2);
  Begin("user:1", 3, true);
  Turns();
  Reply(Value("abc"));
  EXPECT_EQ(Woken(), Strings{"0:1 value=abc"}) << "the others came after the question";
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask user:1", "tracked", "ask user:1"}));
  Reply(Value("abcd"));
  EXPECT_EQ(Woken(), (Strings{"0:2 value=abcd", "1:3 value=abcd"}));
}

TEST_F(FlightDeskTest, LeadersSetAnswersTheOthersWithItsValueAndGivesTheLeaseBack) {
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Reply(Won());
  Begin("user:1", 2, true);
  Asked();
  Woken();
  Set("user:1", 1, "new");
  EXPECT_EQ(Woken(), Strings{}) << "not within the call";
  Turns();
  EXPECT_EQ(Woken(), Strings{"1:2 value=new"});
  EXPECT_EQ(Asked(), Strings{"release user:1"});
}

TEST_F(FlightDeskTest, NobodyIsWokenWithinCarryOnTheirOwnLoop) {
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Reply(Won());
  Begin("user:1", 2);
  Woken();
  Set("user:1", 1, "new");
  EXPECT_EQ(Woken(), Strings{});
  Turns();
  EXPECT_EQ(Woken(), Strings{"0:2 value=new"});
}

TEST_F(FlightDeskTest, CallsOfAllLoopsAreSentInTheirOrder) {
  StartDesk();
  Begin("user:1", 1, true);
  Begin("user:2", 2);
  Begin("user:3", 3, true);
  Begin("user:4", 4, true);
  Turns();
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask user:1", "tracked", "ask user:2", "tracked", "ask user:3", "tracked",
                              "ask user:4"}));
}

TEST_F(FlightDeskTest, EachPodAndEachFlightHasATokenOfItsOwn) {
  StartDesk();
  Begin("user:1", 1);
  Begin("user:2", 2);
  Turns();
  const auto token_of = [](const std::string& line) {
    const std::size_t end = line.rfind(' ', line.rfind(' ') - 1);
    const std::size_t begin = line.rfind(' ', end - 1) + 1;
    return line.substr(begin, end - begin);
  };
  const std::string first = token_of(asked_.at(1));
  const std::string second = token_of(asked_.at(3));
  EXPECT_NE(first, second);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), 16U) << first;
  EXPECT_EQ(first.substr(0, 17), second.substr(0, 17));
}

TEST_F(FlightDeskTest, LeaseIsRenewedWhileItsLeaderComputes) {
  terms_.lease_time = milliseconds(30);
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Reply(Won());
  Asked();
  EXPECT_TRUE(RunUntil([&] { return !asked_.empty(); }));
  EXPECT_EQ(Asked().at(0), "renew user:1");
}

TEST_F(FlightDeskTest, LostRenewalIsLookedInto) {
  terms_.lease_time = milliseconds(30);
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Reply(Won());
  Asked();
  ASSERT_TRUE(RunUntil([&] { return !asked_.empty(); }));
  Asked();
  Reply(":0\r\n");
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask user:1"}));
}

TEST_F(FlightDeskTest, RefreshAsksWithItsBound) {
  terms_.mode = stampede::Mode::kRefresh;
  terms_.may_wait = false;
  terms_.refresh_below = milliseconds(700);
  StartDesk();
  Begin("user:1", 1);
  Turns();
  EXPECT_EQ(Asked(), (Strings{"tracked", "refresh below 700 user:1"}));
  Reply(Lost());
  EXPECT_EQ(Woken(), Strings{"0:1 keep"});
}

TEST_F(FlightDeskTest, WaitEndsInTime) {
  terms_.max_wait = milliseconds(5);
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Reply(Lost());
  EXPECT_TRUE(RunUntil([&] { return Woken() == Strings{"0:1 timeout"}; }));
}

TEST_F(FlightDeskTest, FlightOfAnotherLoopThatAsksNothingIsTimedToo) {
  terms_.lease = false;
  terms_.max_wait = milliseconds(5);
  StartDesk();
  EXPECT_EQ(Begin("user:1", 1, true), Role::kLead);
  EXPECT_EQ(Begin("user:1", 2, true), Role::kWait);
  ASSERT_TRUE(RunUntil([&] {
    testing::RunTurns(other_loop_);
    return Woken() == Strings{"1:2 timeout"};
  }));
  EXPECT_EQ(Asked(), Strings{});
}

// ---- reads without a lease

class FlightDeskReadTest : public FlightDeskFixture {
 protected:
  // Caller 2 waits, and the leader has gone.
  void StartReading() {
    StartDesk();
    terms_.lease = false;
    Begin("user:1", 1);
    Begin("user:1", 2);
    Go(1);
    Turns();
    EXPECT_EQ(Asked(), (Strings{"tracked", "GET user:1", "PTTL user:1"}));
  }
};

TEST_F(FlightDeskReadTest, ValueAnswers) {
  StartReading();
  Reply("+OK\r\n" + Bulk("abc") + ":1500\r\n");
  EXPECT_EQ(Woken(), Strings{"0:2 value=abc"});
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"read", "answered"}), 1);
}

TEST_F(FlightDeskReadTest, NilMakesTheNextLead) {
  StartReading();
  Reply("+OK\r\n_\r\n:-2\r\n");
  EXPECT_EQ(Woken(), Strings{"0:2 lead"});
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"read", "answered"}), 1);
}

TEST_F(FlightDeskReadTest, ValueThatEndsMeanwhileIsNone) {
  StartReading();
  Reply("+OK\r\n" + Bulk("abc") + ":-2\r\n");
  EXPECT_EQ(Woken(), Strings{"0:2 lead"});
}

TEST_F(FlightDeskReadTest, ErrorMakesTheNextLead) {
  StartReading();
  Reply("+OK\r\n-WRONGTYPE no\r\n:-1\r\n");
  EXPECT_EQ(Woken(), Strings{"0:2 lead"});
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"read", "error"}), 1);
}

TEST_F(FlightDeskReadTest, LossMakesTheNextLead) {
  StartReading();
  connector_.peers[tracked_peer_].Close();
  Turns();
  EXPECT_EQ(Woken(), Strings{"0:2 lead"});
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"read", "broken"}), 1);
}

// ---- names and pushes

TEST_F(FlightDeskTest, CallsNameTheKeyOfTheGenerationInForce) {
  StartDesk();
  Begin("ver:1", 1);
  Turns();
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask v7.1:ver:1"}));
}

TEST_F(FlightDeskTest, PushOfTheKeyOrOfItsLeaseIsLookedInto) {
  StartDesk();
  Begin("ver:1", 1);
  Turns();
  Reply(Won());
  Asked();
  Reply(Push("v7.1:ver:1"));
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask v7.1:ver:1"}));
  Reply(Mine());
  Reply(Push(LeaseOf("v7.1:ver:1")));
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask v7.1:ver:1"}));
}

TEST_F(FlightDeskTest, PushOfAnotherNameIsNobodys) {
  StartDesk();
  Begin("ver:1", 1);
  Turns();
  Reply(Won());
  Asked();
  for (const char* name :
       {"ver:1", "v7.2:ver:1", "v7:ver:1", "v7.1:ver:2", "__herdgate:lease:nonsense", "__herdgate:generation:ver"}) {
    Reply(Push(name));
    EXPECT_EQ(Asked(), Strings{}) << name;
  }
  Reply(Push(LeaseOf("v7.2:ver:1")));
  EXPECT_EQ(Asked(), Strings{});
}

TEST_F(FlightDeskTest, PushBehindTheReplyInOneReadIsLookedIntoBehindIt) {
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Asked();
  Reply(Won() + Push("user:1"));
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
  EXPECT_EQ(Asked(), (Strings{"tracked", "ask user:1"}));
  // It was deleted and its lease with it: the leader's value would be too old.
  Reply(Won());
  Begin("user:1", 2);
  Turns();
  EXPECT_EQ(Asked(), (Strings{"release user:1", "tracked", "ask user:1"}));
}

TEST_F(FlightDeskTest, NullPushIsLookedIntoForAllFlights) {
  StartDesk();
  Begin("user:1", 1);
  Begin("user:2", 2);
  Turns();
  Reply(Won() + Won());
  Asked();
  Reply(">2\r\n$10\r\ninvalidate\r\n_\r\n");
  Strings asked = Asked();
  std::ranges::sort(asked);
  EXPECT_EQ(asked, (Strings{"ask user:1", "ask user:2", "tracked", "tracked"}));
}

TEST_F(FlightDeskTest, BumpTaintsFlightsOfItsPolicyOnly) {
  StartDesk();
  Begin("ver:1", 1);
  Begin("user:1", 2);
  Turns();
  Reply(Won() + Won());
  Begin("ver:1", 3);
  Begin("user:1", 4);
  Asked();
  Woken();
  SetGeneration(2);
  desk_->OnRenamed();
  Turns();
  EXPECT_EQ(Asked(), (Strings{"release v7.2:ver:1", "drop v7.2:ver:1", "tracked", "ask v7.2:ver:1"}));
  Set("user:1", 2, "new");
  Turns();
  EXPECT_EQ(Woken(), Strings{"0:4 value=new"});
}

TEST_F(FlightDeskTest, SnapshotWithTheSameNamesTaintsNothing) {
  StartDesk();
  Begin("ver:1", 1);
  Turns();
  Reply(Won());
  Asked();
  SetGeneration(1);
  desk_->OnRenamed();
  Turns();
  EXPECT_EQ(Asked(), Strings{});
}

TEST_F(FlightDeskTest, KeyWithoutANameIsNotAskedFor) {
  StartDesk();
  SetGeneration(0);
  Begin("ver:1", 1);
  Turns();
  EXPECT_EQ(Asked(), Strings{});
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
}

TEST_F(FlightDeskTest, DroppedLeaseIsThatOfThePhysicalKey) {
  StartDesk();
  desk_->DropLease("ver:1");
  Turns();
  EXPECT_EQ(Asked(), Strings{"drop v7.1:ver:1"});
}

// ---- ends

TEST_F(FlightDeskTest, EndIsToldToTheGuardAndTheMissIsItsCause) {
  StartDesk();
  desk_->NoteMiss(*home_, table_.Hash("user:1"), 100);
  for (std::uint64_t caller = 1; caller <= 5; ++caller) Begin("user:1", caller);
  Turns();
  Reply(Won());
  guards_.history().OnSet(table_.Hash("user:1").hash, milliseconds(60000), milliseconds(100), loop_.Now());
  Set("user:1", 1, "new");
  const auto events = guards_.events().Newest(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].cause, stampede::MissCause::kCold);
  EXPECT_EQ(events[0].size, 5U);
  EXPECT_EQ(events[0].unprotected_size, 10);
}

}  // namespace
}  // namespace herdgate::pipeline
