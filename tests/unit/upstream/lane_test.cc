#include "sidecar/upstream/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {
namespace {

using ::testing::ElementsAre;
using testing::FakeSink;
using testing::RunTurns;
using ::testing::StartsWith;

class LaneTest : public LaneFixture {};

// ---- commands

TEST_F(LaneTest, SendsInOrderWithOneWritePerTurn) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", other_, Plain()));
  EXPECT_EQ(upstream().Receive(), "");
  EXPECT_EQ(Heard(), "a\r\nb\r\n");
}

TEST_F(LaneTest, SendsWhatWasQueuedBeforeItWasReady) {
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Plain()));
  Greet();
  EXPECT_EQ(Heard(), "a\r\nb\r\n");
  Say("+1\r\n+2\r\n");
  EXPECT_EQ(sink_.replies, "+1\r\n+2\r\n");
}

TEST_F(LaneTest, GivesEachSinkItsOwnReplies) {
  MakeReady();
  for (FakeSink* sink : {&sink_, &other_, &sink_}) ASSERT_TRUE(lane_->Send("x\r\n", *sink, Plain()));
  (void)Heard();
  Say("+1\r\n+2\r\n+3\r\n");
  EXPECT_EQ(sink_.replies, "+1\r\n+3\r\n");
  EXPECT_EQ(other_.replies, "+2\r\n");
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneTest, PassesARunOfRepliesForOneSinkByOneCall) {
  MakeReady();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(lane_->Send("x\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("x\r\n", other_, Plain()));
  (void)Heard();
  Say("+1\r\n+2\r\n+3\r\n+4\r\n");
  EXPECT_THAT(sink_.runs, ElementsAre(3U));
  EXPECT_THAT(other_.runs, ElementsAre(1U));
}

TEST_F(LaneTest, PassesEachReplyByItsOwnCallToASinkThatAsksForSingles) {
  MakeReady();
  sink_.set_singles(true);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(lane_->Send("x\r\n", sink_, Plain()));
  (void)Heard();
  Say("+1\r\n+2\r\n+3");
  EXPECT_THAT(sink_.runs, ElementsAre(1U, 1U, 0U));
}

// Replies of every type, for two sinks and with tags, in pieces of every size.
TEST_F(LaneTest, PassesRepliesInPiecesOfEverySize) {
  MakeReady();
  struct One {
    std::string reply;
    FakeSink* sink;
    std::uint8_t tag;
  };
  const std::vector<One> script = {
      {"+OK\r\n", &sink_, 0},      {"$5\r\nhello\r\n", &sink_, 0}, {"*2\r\n:1\r\n$-1\r\n", &other_, 0},
      {"-ERR no\r\n", &other_, 7}, {"$0\r\n\r\n", &sink_, 7},      {"%1\r\n+a\r\n*0\r\n", &sink_, 0},
      {":42\r\n", &other_, 0},     {"*-1\r\n", &other_, 9},        {"_\r\n", &sink_, 0},
  };
  std::string bytes;
  std::string for_sink;
  std::string for_other;
  for (const One& one : script) {
    bytes += one.reply;
    (one.sink == &sink_ ? for_sink : for_other) += one.reply;
  }
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    sink_.replies.clear();
    other_.replies.clear();
    other_.tags.clear();
    for (const One& one : script) ASSERT_TRUE(lane_->Send("x\r\n", *one.sink, Plain(false, one.tag)));
    (void)Heard();
    for (std::size_t at = 0; at < bytes.size(); at += size) Say(std::string_view(bytes).substr(at, size));
    ASSERT_EQ(sink_.replies, for_sink) << size;
    ASSERT_EQ(other_.replies, for_other) << size;
    ASSERT_THAT(other_.tags, ElementsAre(7, 9)) << size;
    ASSERT_TRUE(lane_->idle());
  }
}

TEST_F(LaneTest, StreamsALargeReplyInPieces) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("get\r\n", sink_, Plain()));
  (void)Heard();
  const std::string reply = "$3000000\r\n" + std::string(3000000, 'v') + "\r\n";
  for (std::size_t at = 0; at < reply.size();) {
    at += upstream().TrySend(std::string_view(reply).substr(at));
    RunTurns(loop_, 1);
  }
  Turn();
  EXPECT_TRUE(sink_.replies == reply);
  EXPECT_EQ(sink_.ended, 1U);
  EXPECT_GT(sink_.runs.size(), 5U);
}

TEST_F(LaneTest, StreamsALargeRequestToAnUpstreamThatReadsSlowly) {
  connector_.send_buffer = 4096;
  MakeReady();
  const std::string request(2000000, 'r');
  ASSERT_TRUE(lane_->Send(request, sink_, Plain()));
  std::string heard;
  for (int i = 0; i < 5000 && heard.size() < request.size(); ++i) {
    heard += upstream().Receive();
    RunTurns(loop_, 1);
  }
  EXPECT_TRUE(heard == request);
  Say("+OK\r\n");
  EXPECT_EQ(sink_.replies, "+OK\r\n");
}

// A sink may send again from inside any of its callbacks, as often as it likes.
TEST_F(LaneTest, ASinkMaySendFromInsideOnReplies) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(lane_->Send("b\r\n", other_, Plain()));
  ASSERT_TRUE(lane_->Send("c\r\n", other_, Tagged(1)));
  int more = 40;
  sink_.on_replies = [&](Lane& lane) {
    for (; more > 0; --more) EXPECT_TRUE(lane.Send("d\r\n", other_, Plain()));
  };
  (void)Heard();
  std::string replies = "+a\r\n";
  for (int i = 0; i < 8; ++i) replies += "+b\r\n";
  Say(replies + "+c\r\n");
  EXPECT_EQ(other_.ended, 8U);
  EXPECT_THAT(other_.tags, ElementsAre(1));
  for (int i = 0; i < 40; ++i) Say("+d\r\n");
  EXPECT_EQ(other_.ended, 48U);
}

TEST_F(LaneTest, ASinkMaySendFromInsideOnRepliesBeforeATaggedReply) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("t\r\n", other_, Tagged(1)));
  sink_.on_replies = [&](Lane& lane) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(lane.Send("d\r\n", sink_, Plain()));
  };
  (void)Heard();
  Say("+a\r\n+t\r\n");
  EXPECT_EQ(other_.replies, "+t\r\n");
}

TEST_F(LaneTest, ASinkMaySendFromInsideATaggedReply) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("t\r\n", sink_, Tagged(1)));
  ASSERT_TRUE(lane_->Send("b\r\n", other_, Plain()));
  sink_.on_tagged = [&](Lane& lane) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(lane.Send("d\r\n", sink_, Plain()));
  };
  (void)Heard();
  Say("+t\r\n+b\r\n+d\r\n");
  EXPECT_EQ(other_.replies, "+b\r\n");
  EXPECT_EQ(sink_.replies, "+t\r\n+d\r\n");
}

TEST_F(LaneTest, MayBeClosedFromInsideOnReplies) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", other_, Plain()));
  sink_.on_replies = [](Lane& lane) { lane.Close(); };
  (void)Heard();
  Say("+a\r\n+b\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
  EXPECT_EQ(other_.replies, "");
  EXPECT_EQ(other_.lost, 0);
}

TEST_F(LaneTest, MayBeClosedFromInsideATaggedReply) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Tagged(1)));
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Tagged(1)));
  sink_.on_tagged = [](Lane& lane) { lane.Close(); };
  (void)Heard();
  Say("+a\r\n+b\r\n");
  EXPECT_EQ(sink_.replies, "+a\r\n");
}

TEST_F(LaneTest, RefusesCommandsOnceClosed) {
  MakeReady();
  lane_->Close();
  EXPECT_FALSE(lane_->Send("a\r\n", sink_, Plain()));
  EXPECT_THAT(lane_->RefusalError(), StartsWith("-ERR herdgate: upstream redis://fake:1 is unavailable: "));
}

// Redis closes a connection that is not logged in when many replies wait for it.
TEST_F(LaneTest, SendsOneCommandAtATimeToAnUpstreamThatAsksForAPassword) {
  Make();
  Accept();
  Say("-NOAUTH Authentication required.\r\n");
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->Send("b\r\n", other_, Plain()));
  EXPECT_EQ(Heard(), "a\r\n");
  EXPECT_EQ(Heard(), "");
  Say("-NOAUTH\r\n");
  EXPECT_EQ(Heard(), "b\r\n");
  Say("-NOAUTH\r\n");
  EXPECT_EQ(sink_.replies + other_.replies, "-NOAUTH\r\n-NOAUTH\r\n");
  EXPECT_TRUE(lane_->idle());
}

// ---- back-pressure

class FullLaneTest : public LaneTest {
 protected:
  FullLaneTest() {
    options_.max_unsent = 100000;
    connector_.send_buffer = 4096;
  }
  void Fill() {
    while (!lane_->full()) ASSERT_TRUE(lane_->Send(std::string(10000, 'x'), sink_, Plain()));
    Turn();
    ASSERT_TRUE(lane_->full());
  }
  void TakeAll() {
    for (int i = 0; i < 1000; ++i) {
      (void)upstream().Receive();
      RunTurns(loop_, 1);
    }
  }
};

TEST_F(FullLaneTest, TellsWhoWaitsThatThereIsRoomAgain) {
  MakeReady();
  Fill();
  while (!lane_->full()) ASSERT_TRUE(lane_->Send(std::string(10000, 'x'), sink_, Plain()));
  lane_->AwaitRoom(other_);
  Turn();
  EXPECT_EQ(other_.rooms, 0);
  TakeAll();
  EXPECT_EQ(other_.rooms, 1);
}

TEST_F(FullLaneTest, DoesNotTellASinkThatIsForgotten) {
  MakeReady();
  Fill();
  lane_->AwaitRoom(other_);
  lane_->Forget(other_);
  TakeAll();
  EXPECT_EQ(other_.rooms, 0);
}

TEST_F(FullLaneTest, DoesNotTellASinkThatIsForgottenInsideOnRoomOfAnother) {
  MakeReady();
  Fill();
  FakeSink third;
  lane_->AwaitRoom(third);
  lane_->AwaitRoom(other_);
  third.on_room = [&](Lane& lane) { lane.Forget(other_); };
  TakeAll();
  EXPECT_EQ(third.rooms, 1);
  EXPECT_EQ(other_.rooms, 0);
}

TEST_F(FullLaneTest, ASinkMayAwaitRoomAgainInsideOnRoom) {
  MakeReady();
  Fill();
  lane_->AwaitRoom(other_);
  other_.on_room = [&](Lane& lane) {
    if (other_.rooms == 1) lane.AwaitRoom(other_);
  };
  TakeAll();
  ASSERT_TRUE(lane_->Send("x", sink_, Plain()));
  Turn();
  EXPECT_EQ(other_.rooms, 2);
}

TEST_F(FullLaneTest, CountsWhatIsQueuedBeforeItIsReady) {
  Make();
  while (!lane_->full()) ASSERT_TRUE(lane_->Send(std::string(10000, 'x'), sink_, Plain()));
  lane_->AwaitRoom(other_);
  Greet();
  TakeAll();
  EXPECT_EQ(other_.rooms, 1);
}

// ---- pushes, pub/sub, raw bytes

TEST_F(LaneTest, CountsAPushOnASharedLaneAndDropsIt) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  (void)Heard();
  Say(">2\r\n+invalidate\r\n*0\r\n+a\r\n");
  EXPECT_EQ(sink_.replies, "+a\r\n");
  EXPECT_EQ(metrics_.stray_pushes.value(), 1U);
}

TEST_F(LaneTest, GivesTheOwnerWholePushesInPiecesOfEverySize) {
  MakeReady(LaneUse::kDedicated);
  const std::string push = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n";
  const std::string bytes = push + "+a\r\n" + push;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    sink_.frames.clear();
    sink_.replies.clear();
    ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
    (void)Heard();
    for (std::size_t at = 0; at < bytes.size(); at += size) Say(std::string_view(bytes).substr(at, size));
    ASSERT_THAT(sink_.frames, ElementsAre(push, push)) << size;
    ASSERT_EQ(sink_.replies, "+a\r\n") << size;
  }
  EXPECT_THAT(sink_.frames_had_oldest, ::testing::Contains(true));
}

TEST_F(LaneTest, ShowsWholeArraysToTheOwnerInPubSubMode) {
  MakeReady(LaneUse::kDedicated);
  lane_->set_pubsub(true);
  ASSERT_TRUE(lane_->Send("subscribe\r\n", sink_, Tagged(2)));
  sink_.on_frame = [](Lane&, std::string_view, const Pending* oldest) {
    EXPECT_EQ(oldest == nullptr ? -1 : oldest->tag, 2);
    return FrameVerdict::kAnswer;
  };
  (void)Heard();
  const std::string frame = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
  for (const char c : frame) Say(std::string(1, c));
  EXPECT_THAT(sink_.frames, ElementsAre(frame));
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneTest, AFrameMayBePartOfAnAnswerThatGoesOn) {
  MakeReady(LaneUse::kDedicated);
  lane_->set_pubsub(true);
  ASSERT_TRUE(lane_->Send("subscribe\r\n", sink_, Tagged(2)));
  sink_.on_frame = [this](Lane&, std::string_view, const Pending*) {
    return sink_.frames.size() == 1 ? FrameVerdict::kProgress : FrameVerdict::kAnswer;
  };
  (void)Heard();
  Say("*1\r\n+a\r\n");
  EXPECT_FALSE(lane_->idle());
  Say("*1\r\n+b\r\n");
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneTest, RepliesThatAreNoArraysAreAnsweredInPubSubModeToo) {
  MakeReady(LaneUse::kDedicated);
  lane_->set_pubsub(true);
  ASSERT_TRUE(lane_->Send("ping\r\n", sink_, Plain()));
  (void)Heard();
  Say("*1\r\n+message\r\n+PONG\r\n");
  EXPECT_EQ(sink_.frames.size(), 1U);
  EXPECT_EQ(sink_.replies, "+PONG\r\n");
}

TEST_F(LaneTest, AnArrayUnderWayStaysAReplyWhenPubSubModeBegins) {
  MakeReady(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("mget\r\n", sink_, Plain()));
  (void)Heard();
  Say("*2\r\n+a\r\n");
  lane_->set_pubsub(true);
  Say("*0\r\n");
  EXPECT_EQ(sink_.replies, "*2\r\n+a\r\n*0\r\n");
  EXPECT_TRUE(sink_.frames.empty());
}

TEST_F(LaneTest, AnAnswerWithoutACommandIsIgnored) {
  MakeReady(LaneUse::kDedicated);
  sink_.on_frame = [](Lane&, std::string_view, const Pending*) { return FrameVerdict::kAnswer; };
  Say(">1\r\n+push\r\n");
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneTest, MayBeClosedFromInsideOnFrame) {
  MakeReady(LaneUse::kDedicated);
  sink_.on_frame = [](Lane& lane, std::string_view, const Pending*) {
    lane.Close();
    return FrameVerdict::kAnswer;
  };
  Say(">1\r\n+a\r\n>1\r\n+b\r\n");
  EXPECT_EQ(sink_.frames.size(), 1U);
}

TEST_F(LaneTest, PassesBytesBothWaysUnreadInRawMode) {
  MakeReady(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("monitor\r\n", sink_, Tagged(3)));
  sink_.on_tagged = [](Lane& lane) { lane.set_raw(); };
  (void)Heard();
  Say("+OK\r\n!!! no reply at all");
  EXPECT_EQ(sink_.raw, "!!! no reply at all");
  lane_->SendRaw("bytes");
  EXPECT_EQ(Heard(), "bytes");
}

TEST_F(LaneTest, MayBeClosedFromInsideOnRaw) {
  MakeReady(LaneUse::kDedicated);
  lane_->set_raw();
  sink_.on_raw = [](Lane& lane) { lane.Close(); };
  Say("bytes");
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
}

TEST_F(LaneTest, ReadsNothingWhileReadingIsOff) {
  MakeReady(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  (void)Heard();
  lane_->SetReading(false);
  Say("+a\r\n");
  EXPECT_EQ(sink_.replies, "");
  lane_->SetReading(true);
  Turn();
  EXPECT_EQ(sink_.replies, "+a\r\n");
}

// ---- large requests in pieces

TEST_F(LaneTest, StreamsARequestInPieces) {
  MakeReady(LaneUse::kDedicated);
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(lane_->BeginStream(sink_, Tagged(4)));
  lane_->StreamBytes("one");
  lane_->StreamBytes("two");
  EXPECT_EQ(Heard(), "a\r\nonetwo");
  lane_->StreamBytes("three");
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, Plain()));
  EXPECT_EQ(Heard(), "threeb\r\n");
  Say("+a\r\n+stream\r\n+b\r\n");
  EXPECT_EQ(sink_.replies, "+a\r\n+stream\r\n+b\r\n");
  EXPECT_THAT(sink_.tags, ElementsAre(4));
}

// ---- metrics

TEST_F(LaneTest, CountsCommandsByOutcome) {
  MakeReady();
  Pending pending = Plain();
  pending.command = 5;
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, pending));
  ASSERT_TRUE(lane_->Send("b\r\n", sink_, pending));
  (void)Heard();
  Say("+a\r\n-ERR b\r\n");
  EXPECT_EQ(metrics_.commands.oks[5].value(), 1U);
  EXPECT_EQ(metrics_.commands.errors[5].value(), 1U);
  EXPECT_EQ(metrics_.duration[0].Snapshot().Count(), 2U);
  EXPECT_EQ(metrics_.sent_bytes.value(), 6U);
}

TEST_F(LaneTest, OwnQuestionsAreNotCountedAsCommands) {
  MakeReady();
  Pending pending = Plain();
  pending.command = 5;
  pending.own = true;
  ASSERT_TRUE(lane_->Send("A\r\n", sink_, pending));
  Say("+OK\r\n");
  EXPECT_EQ(sink_.replies, "+OK\r\n");
  EXPECT_EQ(metrics_.commands.oks[5].value(), 0U);
  EXPECT_EQ(metrics_.duration[0].Snapshot().Count(), 0U);
}

TEST_F(LaneTest, SaysWhenTheEndOfAReplyIsStillToCome) {
  MakeReady();
  ASSERT_TRUE(lane_->Send("A\r\n", sink_, Plain()));
  Say("$3\r\nab");
  EXPECT_TRUE(lane_->mid_reply());
  Say("c\r\n");
  EXPECT_FALSE(lane_->mid_reply());
}

}  // namespace
}  // namespace herdgate::upstream
