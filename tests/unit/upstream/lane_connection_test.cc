// How a lane's connection comes and ends, and what becomes of the commands on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::FakeSink;
using ::testing::HasSubstr;
using testing::RunFor;
using testing::RunTurns;
using testing::RunUntil;
using ::testing::StartsWith;

constexpr std::string_view kGoneError = "-ERR herdgate: upstream redis://fake:1 is unavailable: ";

class LaneConnectionTest : public LaneFixture {
 protected:
  bool Becomes(Lane::State state) {
    return RunUntil(loop_, [&] { return lane_->state() == state; });
  }
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
  EXPECT_EQ(lane_->state(), Lane::State::kWaiting);
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

// ---- an upstream that can't be reached

class UnreachableTest : public LaneConnectionTest {
 protected:
  UnreachableTest() {
    options_.timeout = milliseconds(40);
    connector_.fail_with = "Connection refused";
  }
};

TEST_F(UnreachableTest, CommandsAreRefusedInOrderWithTheUpstreamsState) {
  Make();
  std::vector<int> order;
  sink_.on_refused = [&](Lane&) { order.push_back(1); };
  other_.on_refused = [&](Lane&) { order.push_back(2); };
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", other_, Plain()));
  ASSERT_TRUE(lane_->Send("c\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return order.size() == 3; }));
  EXPECT_THAT(order, ElementsAre(1, 2, 1));
  EXPECT_THAT(sink_.refused[0], StartsWith(std::string(kGoneError) + "Connection refused (for 0."));
  EXPECT_THAT(sink_.refused[0], ::testing::EndsWith(" s)\r\n"));
  EXPECT_EQ(metrics_.refused.value(), 3U);
}

TEST_F(UnreachableTest, CommandsThatComeLaterAreRefusedAtOnce) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  RunFor(loop_, milliseconds(5));
  loop_.RefreshNow();
  EXPECT_FALSE(lane_->Send("b\r\n", sink_, Plain()));
  EXPECT_THAT(lane_->RefusalError(), StartsWith(kGoneError));
}

TEST_F(UnreachableTest, CommandsAreRefusedThoughNoAttemptEverEnds) {
  connector_.fail_with.clear();
  connector_.hang = true;
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  EXPECT_THAT(sink_.refused[0], HasSubstr("connection timed out"));
}

TEST_F(UnreachableTest, ARepeatedReadIsRefusedWithinItsTimeout) {
  connector_.fail_with.clear();
  MakeReady();
  ASSERT_TRUE(lane_->Send("get 1\r\n", sink_, Read()));
  (void)Heard();
  connector_.fail_with = "Connection refused";
  Break();
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  EXPECT_EQ(sink_.lost, 0);
  EXPECT_TRUE(lane_->idle());
}

TEST_F(UnreachableTest, RefusingMakesRoom) {
  options_.max_unsent = 10;
  Make();
  ASSERT_TRUE(lane_->Send("more than ten bytes\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->full());
  lane_->AwaitRoom(other_);
  ASSERT_TRUE(RunUntil(loop_, [&] { return other_.rooms == 1; }));
  EXPECT_EQ(sink_.refused.size(), 1U);
}

TEST_F(UnreachableTest, ASinkMaySendFromInsideOnRefused) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Plain()));
  int tries = 0;
  sink_.on_refused = [&](Lane& lane) { tries += lane.Send("again\r\n", sink_, Plain()) ? 0 : 1; };
  ASSERT_TRUE(RunUntil(loop_, [&] { return sink_.refused.size() >= 2; }));
}

TEST_F(UnreachableTest, MayBeClosedFromInsideOnRefused) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Plain()));
  sink_.on_refused = [](Lane& lane) { lane.Close(); };
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
  EXPECT_EQ(sink_.refused.size(), 1U);
}

TEST_F(UnreachableTest, ComesBackAndTakesCommandsAgain) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  connector_.fail_with.clear();
  Greet();
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Plain()));
  EXPECT_EQ(Heard(), "b\r\n");
  EXPECT_EQ(lane_->RefusalError(), "");
}

// ---- reconnecting

TEST_F(LaneConnectionTest, WaitsLongerAndLongerBetweenAttempts) {
  options_.backoff_first = milliseconds(4);
  options_.backoff_last = milliseconds(40);
  connector_.fail_with = "Connection refused";
  Make();
  RunFor(loop_, milliseconds(400));
  // About 4 attempts while the delay grows, then one each 20 to 60 ms.
  EXPECT_GE(connector_.attempts, 6);
  EXPECT_LE(connector_.attempts, 26);
}

TEST_F(LaneConnectionTest, DoesNotSpinOnAnUpstreamThatClosesEveryConnection) {
  options_.backoff_first = milliseconds(2);
  options_.backoff_last = milliseconds(1000);
  Make();
  const auto end = std::chrono::steady_clock::now() + milliseconds(300);
  std::size_t seen = 0;
  while (std::chrono::steady_clock::now() < end) {
    RunFor(loop_, milliseconds(1));
    for (; seen < connector_.peers.size(); ++seen) {
      connector_.peers[seen].Send(kHelloReply);
      RunTurns(loop_);
      connector_.peers[seen].Close();
    }
  }
  EXPECT_LE(connector_.attempts, 12);
}

TEST_F(LaneConnectionTest, ReportsTheUpstreamsHealth) {
  Make();
  EXPECT_FALSE(health_.Get().connected);
  Greet();
  EXPECT_TRUE(health_.Get().connected);
  connector_.fail_with = "Connection refused";
  Break();
  EXPECT_EQ(health_.Get().error, "connection closed by the upstream");
  ASSERT_TRUE(RunUntil(loop_, [&] { return health_.Get().error == "Connection refused"; }));
  EXPECT_TRUE(health_.Get().ever);
}

TEST_F(LaneConnectionTest, TellsOfAUserThatMayNoMore) {
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  int told = 0;
  on_user_refused_ = [&](const LaneKey&) { ++told; };
  Make();
  ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.peers.size() == 1; }));
  Say("+OK\r\n" + std::string(kHelloReply));
  ASSERT_EQ(lane_->state(), Lane::State::kReady);
  Break();
  ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.peers.size() == 2; }));
  Say("-WRONGPASS no\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kRefused);
  EXPECT_EQ(told, 1);
}

// ---- WhenReady

class WhenReadyTest : public LaneConnectionTest {
 protected:
  void Ask() {
    lane_->WhenReady([this](bool ready) { answers_.push_back(ready); });
  }
  std::vector<bool> answers_;
};

TEST_F(WhenReadyTest, IsAnsweredAtOnceByAReadyLane) {
  MakeReady();
  Ask();
  EXPECT_THAT(answers_, ElementsAre(true));
}

TEST_F(WhenReadyTest, IsAnsweredWhenTheLaneBecomesReady) {
  Make();
  Ask();
  Ask();
  EXPECT_TRUE(answers_.empty());
  Greet();
  EXPECT_THAT(answers_, ElementsAre(true, true));
}

TEST_F(WhenReadyTest, IsAnsweredWhenTheLaneIsRefused) {
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  Make();
  Ask();
  ASSERT_TRUE(RunUntil(loop_, [&] { return !connector_.peers.empty(); }));
  Say("-WRONGPASS no\r\n");
  EXPECT_THAT(answers_, ElementsAre(false));
  Ask();
  EXPECT_THAT(answers_, ElementsAre(false, false));
}

TEST_F(WhenReadyTest, IsAnsweredAfterTheTimeout) {
  options_.timeout = milliseconds(20);
  connector_.fail_with = "Connection refused";
  Make();
  Ask();
  ASSERT_TRUE(RunUntil(loop_, [&] { return !answers_.empty(); }));
  EXPECT_THAT(answers_, ElementsAre(false));
  EXPECT_THAT(lane_->RefusalOrUnavailable(), StartsWith(kGoneError));
}

TEST_F(WhenReadyTest, IsAnsweredWhenTheLaneIsClosed) {
  Make();
  Ask();
  lane_->Close();
  EXPECT_THAT(answers_, ElementsAre(false));
  Ask();
  EXPECT_THAT(answers_, ElementsAre(false, false));
}

TEST_F(WhenReadyTest, IsAnsweredOnceThoughTheLaneIsClosedInside) {
  Make();
  lane_->WhenReady([this](bool ready) {
    answers_.push_back(ready);
    lane_->Close();
  });
  Ask();
  Accept();
  Say(kHelloReply);
  EXPECT_EQ(answers_.size(), 2U);
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
}

TEST_F(WhenReadyTest, ADestroyedLaneInTheMiddleOfAnAttemptIsSafe) {
  Make();
  Ask();
  RunTurns(loop_, 1);
  lane_.reset();
  EXPECT_THAT(answers_, ElementsAre(false));
  RunFor(loop_, milliseconds(5));
}

}  // namespace
}  // namespace herdgate::upstream
