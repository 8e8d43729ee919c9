// How a lane's connection comes and ends, and what becomes of the commands on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::RunFor;
using testing::RunTurns;
using testing::RunUntil;

class LaneConnectionTest : public LaneFixture {
 protected:
  // The upstream goes away, and the lane notices.
  void Break() {
    upstream().Close();
    ASSERT_TRUE(RunUntil(loop_, [&] { return lane_->state() != Lane::State::kReady; }));
  }
};

// ---- the handshake

TEST_F(LaneConnectionTest, IsReadyAfterTheHandshakeInPiecesOfEverySize) {
  for (std::size_t size = 1; size <= kHelloReply.size(); ++size) {
    Make();
    Accept();
    for (std::size_t at = 0; at < kHelloReply.size(); at += size) {
      ASSERT_EQ(lane_->state(), Lane::State::kHandshaking);
      Say(kHelloReply.substr(at, size));
    }
    ASSERT_EQ(lane_->state(), Lane::State::kReady) << size;
    EXPECT_EQ(lane_->handshake().id, 42);
    EXPECT_EQ(lane_->handshake().version, "7.0.15");
    EXPECT_EQ(metrics_.ready_lanes.value(), 1);
    EXPECT_EQ(connections_.load(), 1);
    lane_.reset();
  }
}

TEST_F(LaneConnectionTest, IsRefusedInTheUpstreamsOwnWords) {
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !connector_.peers.empty(); }));
  Say("-WRONGPASS invalid username-password pair\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kRefused);
  EXPECT_THAT(sink_.refused, ElementsAre("-WRONGPASS invalid username-password pair\r\n"));
  EXPECT_FALSE(lane_->Send("b\r\n", sink_, Plain()));
  EXPECT_EQ(lane_->RefusalError(), "-WRONGPASS invalid username-password pair\r\n");
  EXPECT_EQ(connections_.load(), 0);
}

TEST_F(LaneConnectionTest, AWrongPasswordOfTheSidecarItselfMakesTheUpstreamUnavailable) {
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  Make();
  ASSERT_TRUE(RunUntil(loop_, [&] { return !connector_.peers.empty(); }));
  Say("-WRONGPASS invalid username-password pair\r\n");
  EXPECT_FALSE(health_.Get().connected);
  EXPECT_EQ(health_.Get().error, "WRONGPASS invalid username-password pair");
}

TEST_F(LaneConnectionTest, AWrongPasswordOfAClientLeavesTheUpstreamAvailable) {
  const auto client = std::make_shared<const Identity>(Identity{.auth = {"user", "wrong"}});
  lane_ = std::make_shared<Lane>(Context(), LaneKey{2, 0, client}, LaneUse::kShared);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !connector_.peers.empty(); }));
  Say("-WRONGPASS invalid username-password pair\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kRefused);
  EXPECT_TRUE(health_.Get().connected);
}

TEST_F(LaneConnectionTest, TellsWhoWaitsForRoomWhenItIsRefused) {
  options_.max_unsent = 10;
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  Make();
  ASSERT_TRUE(lane_->Send("more than ten bytes\r\n", sink_, Plain()));
  lane_->AwaitRoom(other_);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !connector_.peers.empty(); }));
  Say("-WRONGPASS no\r\n");
  EXPECT_EQ(other_.rooms, 1);
}

TEST_F(LaneConnectionTest, MayBeClosedFromInsideOnRefused) {
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Plain()));
  sink_.on_refused = [](Lane& lane) { lane.Close(); };
  ASSERT_TRUE(RunUntil(loop_, [&] { return !connector_.peers.empty(); }));
  Say("-WRONGPASS no\r\n");
  EXPECT_EQ(sink_.refused.size(), 1U);
}

TEST_F(LaneConnectionTest, StaysUsableForAnUpstreamThatAsksForAPassword) {
  Make();
  Accept();
  Say("-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kReady);
  EXPECT_TRUE(lane_->handshake().unauthenticated);
}

TEST_F(LaneConnectionTest, TriesAgainWhenTheUpstreamIsFull) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  Accept();
  Say("-ERR max number of clients reached\r\n");
  EXPECT_TRUE(sink_.refused.empty());
  EXPECT_EQ(health_.Get().error, "ERR max number of clients reached");
  Greet();
  EXPECT_EQ(Heard(), "a\r\n");
}

TEST_F(LaneConnectionTest, TriesAgainWhenTheConnectionBreaksInTheHandshake) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  Accept();
  upstream().Close();
  Greet();
  EXPECT_EQ(Heard(), "a\r\n");
  EXPECT_EQ(sink_.lost, 0);
}

TEST_F(LaneConnectionTest, TriesAgainWhenTheHandshakeIsNotAnswered) {
  options_.timeout = milliseconds(30);
  Make();
  Accept();
  ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.attempts >= 2; }));
  EXPECT_EQ(health_.Get().error, "no answer to the handshake");
}

TEST_F(LaneConnectionTest, BreaksWhenTheUpstreamSaysMoreThanWasAsked) {
  // So long that the next attempt does not come before the state is looked at.
  options_.backoff_first = options_.backoff_last = std::chrono::seconds(20);
  Make();
  Accept();
  Say(std::string(kHelloReply) + "+more\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kWaiting);
  EXPECT_EQ(metrics_.ready_lanes.value(), 0);
}

// ---- commands when a connection is lost

TEST_F(LaneConnectionTest, ASinkWithAWriteOfUnknownFateIsLostOnceAndLosesAll) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  ASSERT_TRUE(lane_->Send("set 2\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("set 3\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("get 4\r\n", other_, Read()));
  EXPECT_EQ(Heard(), "get 1\r\nset 2\r\nset 3\r\nget 4\r\n");
  ASSERT_TRUE(lane_->Send("get 5\r\n", sink_, Read()));
  Break();
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_EQ(other_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 4\r\n");
  Say("+4\r\n");
  EXPECT_EQ(other_.replies, "+4\r\n");
  EXPECT_EQ(sink_.replies, "");
  EXPECT_EQ(metrics_.retries.value(), 1U);
}

TEST_F(LaneConnectionTest, KeepsInOrderWhatWasNeverSent) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  (void)Heard();
  ASSERT_TRUE(lane_->Send("set 2\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("set 3\r\n", other_, Plain()));
  lane_->OnEnd(true);  // before this turn's flush
  EXPECT_EQ(sink_.lost + other_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 1\r\nset 2\r\nset 3\r\n");
  Say("+1\r\n+2\r\n+3\r\n");
  EXPECT_EQ(sink_.replies, "+1\r\n+2\r\n");
  EXPECT_EQ(other_.replies, "+3\r\n");
}

TEST_F(LaneConnectionTest, SendsAgainOnlyWhatWasNotAnswered) {
  MakeReady();
  for (const char* text : {"get 1\r\n", "get 2\r\n", "get 3\r\n"}) ASSERT_TRUE(lane_->Send(text, sink_, Read()));
  (void)Heard();
  Say("+1\r\n");
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\nget 3\r\n");
  Say("+2\r\n+3\r\n");
  EXPECT_EQ(sink_.replies, "+1\r\n+2\r\n+3\r\n");
}

TEST_F(LaneConnectionTest, ARepeatedReadIsNotRepeatedTwice) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  (void)Heard();
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 1\r\n");
  ASSERT_TRUE(lane_->Send("get 2\r\n", other_, Read()));
  EXPECT_EQ(Heard(), "get 2\r\n");
  Break();
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_EQ(other_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
}

TEST_F(LaneConnectionTest, ARepeatedReadIsNotRepeatedTwiceThoughAHandshakeFailedBetween) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  (void)Heard();
  Break();
  Accept();
  upstream().Close();
  Greet();
  EXPECT_EQ(Heard(), "get 1\r\n");
  Break();
  EXPECT_EQ(sink_.lost, 1);
  Greet();
  EXPECT_EQ(Heard(), "");
}

TEST_F(LaneConnectionTest, AReadWhoseReplyHasBegunIsNotRepeated) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  ASSERT_TRUE(lane_->Send("get 2\r\n", other_, Read()));
  (void)Heard();
  Say("$10\r\n01234");
  EXPECT_EQ(sink_.replies, "$10\r\n01234");
  Break();
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_EQ(other_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
}

TEST_F(LaneConnectionTest, ATaggedReadWhoseReplyHasBegunIsNotRepeated) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Plain(true, 3)));
  (void)Heard();
  Say("$10\r\n01234");
  Break();
  EXPECT_EQ(sink_.lost, 1);
}

TEST_F(LaneConnectionTest, AReadIsRepeatedThoughAPushHadBegunBeforeItsReply) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  ASSERT_TRUE(lane_->Send("get 2\r\n", sink_, Read()));
  (void)Heard();
  Say("+1\r\n>2\r\n+inv");
  Break();
  EXPECT_EQ(sink_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
  Say("+2\r\n");
  EXPECT_EQ(sink_.replies, "+1\r\n+2\r\n");
}

// What the upstream has only seen the front of can't have been run: it is sent again whole.
TEST_F(LaneConnectionTest, ACommandThatWasPartlySentIsKept) {
  connector_.send_buffer = 4096;
  MakeReady();
  const std::string large = "set " + std::string(2000000, 'x') + "\r\n";
  ASSERT_TRUE(lane_->Send(large, sink_, Plain()));
  Turn();
  ASSERT_GT(metrics_.sent_bytes.value(), 0U);
  Break();
  EXPECT_EQ(sink_.lost, 0);
  Greet();
  std::string heard;
  for (int i = 0; i < 5000 && heard.size() < large.size(); ++i) {
    heard += upstream().Receive();
    RunTurns(loop_, 1);
  }
  EXPECT_TRUE(heard == large);
}

TEST_F(LaneConnectionTest, RepliesThatArrivedBeforeTheEndAreDelivered) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("set 1\r\n", sink_, Plain()));
  (void)Heard();
  upstream().Send("+1\r\n");
  Break();
  EXPECT_EQ(sink_.replies, "+1\r\n");
  EXPECT_EQ(sink_.lost, 0);
}

TEST_F(LaneConnectionTest, AStreamThatIsNoRespBreaksTheConnection) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("set 1\r\n", sink_, Plain()));
  (void)Heard();
  Say("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_EQ(metrics_.losses[static_cast<std::size_t>(LaneLoss::kProtocol)].value(), 1U);
}

TEST_F(LaneConnectionTest, AReplyNobodyAskedForBreaksTheConnectionWithTheUpstreamsReason) {
  MakeReady();
  Say("-ERR client idle timeout\r\n");
  EXPECT_NE(lane_->state(), Lane::State::kReady);
  EXPECT_EQ(health_.Get().error, "the upstream closed: ERR client idle timeout");
}

TEST_F(LaneConnectionTest, ASinkMaySendFromInsideOnLost) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("set 1\r\n", sink_, Plain()));
  (void)Heard();
  sink_.on_lost = [this](Lane& lane) { EXPECT_TRUE(lane.Send("get 2\r\n", sink_, Read())); };
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
  Say("+2\r\n");
  EXPECT_EQ(sink_.replies, "+2\r\n");
}

TEST_F(LaneConnectionTest, MayBeClosedFromInsideOnLost) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("set 1\r\n", sink_, Plain()));
  (void)Heard();
  sink_.on_lost = [](Lane& lane) { lane.Close(); };
  Break();
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
  RunFor(loop_, milliseconds(20));
  EXPECT_EQ(connector_.attempts, 1);
}

TEST_F(LaneConnectionTest, TellsWhoWaitsForRoomWhenALossMakesRoom) {
  options_.max_unsent = 100000;
  connector_.send_buffer = 4096;
  MakeReady();
  ASSERT_TRUE(lane_->Send("set 1\r\n", sink_, Plain()));
  Turn();
  while (!lane_->full()) ASSERT_TRUE(lane_->Send(std::string(10000, 'x'), sink_, Plain()));
  lane_->AwaitRoom(other_);
  Turn();
  ASSERT_EQ(other_.rooms, 0);
  connector_.fail_with = "Connection refused";
  Break();
  EXPECT_EQ(other_.rooms, 1);
}

// ---- a dedicated lane

TEST_F(LaneConnectionTest, WhatADedicatedLaneLosesIsNoLongerInFlight) {
  MakeReady(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("blpop\r\n", sink_, Plain()));
  EXPECT_EQ(Heard(), "blpop\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return metrics_.in_flight.value() == 1; }));
  upstream().Close();
  ASSERT_TRUE(RunUntil(loop_, [&] { return lane_->state() == Lane::State::kClosed; }));
  EXPECT_EQ(metrics_.in_flight.value(), 0);
}

TEST_F(LaneConnectionTest, ADedicatedLaneThatWasReadyIsClosedAndItsOwnerLost) {
  MakeReady(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  (void)Heard();
  Break();
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_TRUE(lane_->idle());
  RunFor(loop_, milliseconds(20));
  EXPECT_EQ(connector_.attempts, 1);
}

TEST_F(LaneConnectionTest, ADedicatedLaneThatWasNeverReadyTriesAgain) {
  Make(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("multi\r\n", sink_, Plain()));
  Accept();
  upstream().Close();
  Greet();
  EXPECT_EQ(Heard(), "multi\r\n");
  EXPECT_EQ(sink_.lost, 0);
}

TEST_F(LaneConnectionTest, ARequestInPiecesSurvivesAFailedHandshake) {
  Make(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->BeginStream(sink_, Tagged(4)));
  lane_->StreamBytes("one");
  Accept();
  upstream().Close();
  Accept();
  lane_->StreamBytes("two");
  Say(kHelloReply);
  lane_->StreamBytes("three");
  EXPECT_EQ(Heard(), "a\r\nonetwothree");
  Say("+a\r\n+stream\r\n");
  EXPECT_EQ(sink_.replies, "+a\r\n+stream\r\n");
}

// A block or a request in pieces must not reach the upstream without its front.
TEST_F(LaneConnectionTest, WhatIsAskedOnADedicatedLaneIsRefusedTogether) {
  options_.timeout = milliseconds(40);
  connector_.fail_with = "Connection refused";
  Make(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->BeginStream(sink_, Tagged(4)));
  lane_->StreamBytes("one");
  lane_->StreamBytes("two");
  Pending later = Plain();
  later.started_ns += 10'000'000'000;  // not overdue when the first is
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, later));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  EXPECT_EQ(sink_.refused.size(), 2U);
  connector_.fail_with.clear();
  Greet();
  EXPECT_EQ(Heard(), "");
}

}  // namespace
}  // namespace herdgate::upstream
