// FlightDesk whose calls can't be sent, are refused, or are lost; and its closing.
#include "sidecar/pipeline/flight_desk.h"
#include "tests/unit/pipeline/flight_desk_fixture.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;

class FlightDeskFaultsTest : public FlightDeskFixture {
 protected:
  bool MayAsk() { return desk_->TakeAsk(base::SystemClock().Now()); }
  void AskAndReply(const std::string& reply) {
    Begin("user:1", 1);
    Turns();
    Reply(reply);
  }
};

TEST_F(FlightDeskFaultsTest, CallThatCannotBeSentIsAnsweredInATurnOfItsOwn) {
  StartDesk();
  tracking_->Stop();
  Begin("user:1", 1);
  EXPECT_EQ(table_.Stats().leaders, 0U);
  Turns();
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"ask", "unsent"}), 1);
}

TEST_F(FlightDeskFaultsTest, CallWithoutRoomIsAnsweredToo) {
  tracking_options_.max_calls = 1;
  StartDesk();
  Begin("user:1", 1);
  Begin("user:2", 2);
  Turns();
  EXPECT_EQ(Woken(), Strings{"0:2 lead"});
  Reply(Won());
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
}

TEST_F(FlightDeskFaultsTest, ReadOfWhichHalfHasRoomIsAnsweredOnce) {
  StartDesk();
  terms_.lease = false;
  Begin("user:1", 1);
  Begin("user:1", 2);
  Begin("user:1", 3);
  // All the room but one.
  while (tracking_->Call({"PING"}, false, [](const resp::Reply*) {})) {
  }
  Turns();
  Reply("+PONG\r\n");
  Asked();
  Go(1);
  Turns();
  EXPECT_EQ(Asked(), (Strings{"tracked", "GET user:1"}));
  EXPECT_EQ(Woken(), Strings{"0:2 lead"});
  std::string pongs;
  for (int i = 0; i < 10000; ++i) pongs += "+PONG\r\n";
  Reply(pongs.substr(7) + "+OK\r\n" + Bulk("abc"));
  EXPECT_EQ(Woken(), Strings{});
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(FlightDeskFaultsTest, LossAnswersWhoAsked) {
  StartDesk();
  Begin("user:1", 1);
  Begin("user:2", 2, true);
  Turns();
  EXPECT_EQ(Metric("herdgate_flight_calls_waiting"), 2);
  connector_.peers[tracked_peer_].Close();
  Turns();
  EXPECT_EQ(Woken(), (Strings{"0:1 lead", "1:2 lead"}));
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"ask", "broken"}), 2);
  EXPECT_EQ(Metric("herdgate_flight_calls_waiting"), 0);
}

TEST_F(FlightDeskFaultsTest, AfterALossFlightsAreLookedInto) {
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Reply(Won());
  Begin("user:1", 2);
  answer_ = [](const Lines& words) { return words[0] == "EVAL" ? std::optional<std::string>(kNothing) : std::nullopt; };
  connector_.peers[tracked_peer_].Close();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
  Turns();
  const Strings asked = Asked();
  ASSERT_GE(asked.size(), 2U);
  EXPECT_EQ(Strings(asked.end() - 2, asked.end()), (Strings{"tracked", "ask user:1"}));
}

TEST_F(FlightDeskFaultsTest, NoAskIsTakenWhileNotArmed) {
  StartDesk();
  EXPECT_TRUE(MayAsk());
  EXPECT_EQ(Metric("herdgate_flight_leases"), 1);
  tracking_->Stop();
  EXPECT_FALSE(MayAsk());
  EXPECT_EQ(Metric("herdgate_flight_leases"), 0);
}

TEST_F(FlightDeskFaultsTest, RefusedScriptsTurnLeasesOffAndTheAskerLeadsAlone) {
  StartDesk();
  AskAndReply("+OK\r\n-NOPERM this user has no permissions to run the 'eval' command\r\n");
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
  EXPECT_FALSE(MayAsk());
  EXPECT_EQ(Metric("herdgate_flight_leases"), 0);
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"ask", "error"}), 1);
}

TEST_F(FlightDeskFaultsTest, ReplyOfAnotherFormTurnsLeasesOff) {
  StartDesk();
  AskAndReply("+OK\r\n+OK\r\n");
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
  EXPECT_FALSE(MayAsk());
}

TEST_F(FlightDeskFaultsTest, PassingErrorFailsOnlyItsAsk) {
  StartDesk();
  AskAndReply("+OK\r\n-OOM command not allowed\r\n");
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
  EXPECT_TRUE(MayAsk());
}

TEST_F(FlightDeskFaultsTest, ValueTooLongToBeHeldFailsOnlyItsAsk) {
  StartDesk();
  AskAndReply(Value(std::string(100000, 'x')));
  EXPECT_EQ(Woken(), Strings{"0:1 lead"});
  EXPECT_TRUE(MayAsk());
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(FlightDeskFaultsTest, AsksBeyondTheRateAreCounted) {
  StartDesk();
  const auto now = base::SystemClock().Now();
  while (desk_->TakeAsk(now)) {
  }
  EXPECT_EQ(Metric("herdgate_flight_asks_withheld_total"), 1);
}

TEST_F(FlightDeskFaultsTest, LeaseIsNotDroppedWhileNotArmed) {
  StartDesk();
  tracking_->Stop();
  desk_->DropLease("user:1");
  Turns();
  EXPECT_EQ(Metric("herdgate_flight_calls_total", {"drop", "unsent"}), 0);
}

TEST_F(FlightDeskFaultsTest, NothingIsSentOrAnsweredAfterClose) {
  terms_.max_wait = milliseconds(5);
  StartDesk();
  Begin("user:1", 1);
  Turns();
  Asked();
  desk_->Close();
  Begin("user:2", 2);
  Begin("user:3", 3, true);
  Reply(Won());
  tracking_->Stop();
  testing::RunFor(loop_, milliseconds(30));
  Turns();
  EXPECT_EQ(Asked(), Strings{});
  EXPECT_EQ(Woken(), Strings{});
}

}  // namespace
}  // namespace herdgate::pipeline
