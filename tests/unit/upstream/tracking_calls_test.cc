// Commands of others on the tracked connection, against an upstream that the test plays.
#include "sidecar/upstream/tracking/tracking.h"
#include "tests/unit/upstream/tracking_fixture.h"

namespace herdgate::upstream {
namespace {

class TrackingCallsTest : public TrackingFixture {
 protected:
  // Armed, and the upstream answers only what the test says.
  void StartHolding() {
    StartArmed();
    answer_ = [](const Lines&) { return std::optional<std::string>(kNothing); };
  }
  // Notes the answer among what the sink is told, so that their order shows.
  bool Call(const std::string& name, const std::vector<std::string>& arguments, bool tracked = false) {
    return tracking_->Call(arguments, tracked, [this, name](const resp::Reply* reply) {
      sink_.OnInvalidate(name + "=" + (reply == nullptr ? "lost" : TextOf(*reply)));
    });
  }
  static std::string TextOf(const resp::Reply& reply) {
    std::string text = reply.type == resp::ReplyType::kError ? "!" : "";
    text += reply.type == resp::ReplyType::kInteger ? std::to_string(reply.integer) : reply.text.substr(0, 50);
    for (const resp::Reply& element : reply.elements) text += "," + TextOf(element);
    return text;
  }
  static std::string Told(const std::string& what) { return "invalidate " + what; }
};

// ---- sending

TEST_F(TrackingCallsTest, TrackedCallGoesBehindCaching) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"EVAL", "script", "1", "k"}, true));
  Turn();
  EXPECT_EQ(asked_, (Lines{"CLIENT CACHING YES", "EVAL script 1 k"}));
}

TEST_F(TrackingCallsTest, OtherCallGoesAlone) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"DEL", "k"}));
  Turn();
  EXPECT_EQ(asked_, Lines{"DEL k"});
}

TEST_F(TrackingCallsTest, CallsAreSentInTheirOrderAndBeforeFills) {
  StartHolding();
  Fill("f");
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(Call(key, {"DEL", key}));
  Turn();
  EXPECT_EQ(asked_, (Lines{"DEL a", "DEL b", "DEL c", "CLIENT CACHING YES", "GET f", "PTTL f"}));
}

TEST_F(TrackingCallsTest, NothingIsSentWithinCall) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"DEL", "k"}));
  EXPECT_EQ(connector_.peers[tracked_peer_].Receive(), "");
}

TEST_F(TrackingCallsTest, CallIsRefusedUnlessArmed) {
  Start();
  EXPECT_FALSE(Call("a", {"DEL", "k"}));
  ASSERT_TRUE(Becomes(TrackingMode::kTracked));
  EXPECT_TRUE(Call("a", {"DEL", "k"}));
  tracking_->Stop();
  EXPECT_FALSE(Call("a", {"DEL", "k"}));
  EXPECT_EQ(sink_.Count(Told("a=lost")), 1U);
}

TEST_F(TrackingCallsTest, CallIsRefusedBeyondTheBoundUntilOneIsAnswered) {
  tracking_options_.max_calls = 2;
  StartHolding();
  ASSERT_TRUE(Call("a", {"DEL", "k"}));
  ASSERT_TRUE(Call("b", {"DEL", "k"}));
  Turn();
  EXPECT_FALSE(Call("c", {"DEL", "k"}));
  Say(":1\r\n");
  EXPECT_TRUE(Call("d", {"DEL", "k"}));
}

TEST_F(TrackingCallsTest, CallIsRefusedBeyondTheBytes) {
  tracking_options_.max_call_bytes = 1000;
  StartHolding();
  EXPECT_FALSE(Call("a", {"DEL", std::string(1000, 'k')}));
  EXPECT_TRUE(Call("b", {"DEL", "k"}));
}

TEST_F(TrackingCallsTest, CallsOverAFullConnectionGoWhenItHasRoom) {
  options_.max_unsent = 1000;
  connector_.send_buffer = 4096;
  StartHolding();
  const std::string key(100000, 'k');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Call("a", {"DEL", key}));
  EXPECT_TRUE(RunUntil([&] { return asked_.size() == 20; }));
}

// ---- answers

TEST_F(TrackingCallsTest, RepliesGoToTheirCalls) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"EVAL", "s", "0"}, true));
  ASSERT_TRUE(Call("b", {"DEL", "k"}));
  Turn();
  Say("+OK\r\n*3\r\n" + Bulk("won") + Bulk("") + ":250\r\n:1\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{Told("a=,won,,250"), Told("b=1")}));
}

TEST_F(TrackingCallsTest, ErrorIsAReply) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"EVAL", "s", "0"}, true));
  Turn();
  Say("+OK\r\n-NOPERM no\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{Told("a=!NOPERM no")});
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(TrackingCallsTest, ReplyMayComeInPieces) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}, true));
  Turn();
  for (const char byte : "+OK\r\n" + Bulk("value")) Say(std::string_view(&byte, 1));
  EXPECT_EQ(sink_.Lines(), Lines{Told("a=value")});
}

TEST_F(TrackingCallsTest, AnsweredCallDoesNotWaitForTheRestOfTheRead) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}, true));
  Turn();
  Say("+OK\r\n" + Bulk("value") + Push("k").substr(0, 20));
  EXPECT_EQ(sink_.Lines(), Lines{Told("a=value")});
}

TEST_F(TrackingCallsTest, LongestReplyIsHeld) {
  tracking_options_.max_value = 1000;
  StartHolding();
  ASSERT_TRUE(Call("a", {"EVAL", "s", "0"}));
  Turn();
  Say("*3\r\n" + Bulk("value") + Bulk(std::string(1000, 'x')) + ":-1\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{Told("a=,value," + std::string(50, 'x') + ",-1")});
}

TEST_F(TrackingCallsTest, LongerReplyIsAnErrorAndTheNextIsRight) {
  tracking_options_.max_value = 1000;
  StartHolding();
  ASSERT_TRUE(Call("a", {"EVAL", "s", "0"}));
  ASSERT_TRUE(Call("b", {"DEL", "k"}));
  Turn();
  Say("*3\r\n" + Bulk("value") + "$2000000\r\n");
  for (int i = 0; i < 20; ++i) Say(std::string(100000, 'x'));
  EXPECT_EQ(sink_.Lines(), Lines{});
  Say("\r\n:-1\r\n:1\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{Told("a=!" + std::string(kTooLongReply)), Told("b=1")}));
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(TrackingCallsTest, LongReplyInOnePieceIsAnErrorToo) {
  tracking_options_.max_value = 1000;
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}));
  Turn();
  Say(Bulk(std::string(1200, 'x')));
  EXPECT_EQ(sink_.Lines(), Lines{Told("a=!" + std::string(kTooLongReply))});
}

TEST_F(TrackingCallsTest, CallMayFollowFromAnAnswer) {
  StartHolding();
  ASSERT_TRUE(tracking_->Call({"DEL", "a"}, false, [this](const resp::Reply*) { Call("b", {"DEL", "b"}); }));
  Turn();
  Say(":1\r\n");
  Turn();
  EXPECT_EQ(asked_, (Lines{"DEL a", "DEL b"}));
  Say(":0\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{Told("b=0")});
}

// ---- order

TEST_F(TrackingCallsTest, PushesAndRepliesKeepTheOrderOfTheConnection) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}, true));
  ASSERT_TRUE(Call("b", {"GET", "k"}, true));
  Turn();
  Say(Push("1") + "+OK\r\n" + Push("2") + Bulk("x") + Push("3") + "+OK\r\n" + Bulk("y") + Push("4"));
  EXPECT_EQ(sink_.Lines(),
            (Lines{"invalidate 1", "invalidate 2", Told("a=x"), "invalidate 3", Told("b=y"), "invalidate 4"}));
}

TEST_F(TrackingCallsTest, FillsArePublishedBehindThePushesOfTheReadAllTheSame) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}, true));
  Fill("k");
  Turn();
  // What the call brings is as old as the fill's.
  Say("+OK\r\n" + Bulk("old") + Found("old") + Push("k"));
  EXPECT_EQ(sink_.Lines(), (Lines{Told("a=old"), "invalidate k", "fill k=old"}));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(TrackingCallsTest, AnswerInAReadThatIsCutPublishesNoFill) {
  StartHolding();
  Fill("k");
  Turn();
  ASSERT_TRUE(Call("a", {"DEL", "x"}));
  Turn();
  const std::string push = Push("k");
  Say(Found("old") + ":1\r\n" + push.substr(0, 20));
  EXPECT_EQ(sink_.Lines(), Lines{Told("a=1")});
  Say(push.substr(20));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate k", "fill k=old"}));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

// ---- failures

TEST_F(TrackingCallsTest, LossEndsCallsBehindTheSinksLoss) {
  StartHolding();
  ASSERT_TRUE(Call("sent", {"DEL", "a"}));
  ASSERT_TRUE(Call("tracked", {"GET", "k"}, true));
  Turn();
  ASSERT_TRUE(Call("unsent", {"DEL", "b"}));
  connector_.peers[tracked_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", Told("sent=lost"), Told("tracked=lost"), Told("unsent=lost")}));
}

TEST_F(TrackingCallsTest, CallWithinTheLossIsRefused) {
  StartHolding();
  bool taken = true;
  ASSERT_TRUE(tracking_->Call({"DEL", "a"}, false, [&](const resp::Reply*) { taken = Call("b", {"DEL", "b"}); }));
  Turn();
  connector_.peers[tracked_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_FALSE(taken);
}

TEST_F(TrackingCallsTest, CallsGoOverTheNextConnection) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"DEL", "a"}));
  Turn();
  connector_.peers[tracked_peer_].Close();
  answer_ = [](const Lines& words) {
    return words[0] == "DEL" && words[1] == "b" ? std::optional<std::string>(":7\r\n") : std::nullopt;
  };
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
  ASSERT_TRUE(Call("b", {"DEL", "b"}));
  ASSERT_TRUE(RunUntil([&] { return sink_.Count(Told("b=7")) == 1; }));
  EXPECT_EQ(sink_.Count(Told("a=lost")), 1U);
}

TEST_F(TrackingCallsTest, RefusedCachingIsALoss) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}, true));
  Turn();
  Say("-ERR no\r\n" + Bulk("untracked"));
  EXPECT_EQ(sink_.Lines(), (Lines{"lost protocol", Told("a=lost")}));
}

TEST_F(TrackingCallsTest, LossWithinALongReplyLeavesNothingBehind) {
  tracking_options_.max_value = 1000;
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}));
  Turn();
  Say("$2000000\r\n" + std::string(5000, 'x'));
  connector_.peers[tracked_peer_].Close();
  answer_ = [](const Lines&) { return std::nullopt; };
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
  ASSERT_TRUE(Call("b", {"PING"}));
  ASSERT_TRUE(RunUntil([&] { return sink_.Count(Told("b=PONG")) == 1; }));
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", Told("a=lost"), "armed", Told("b=PONG")}));
}

TEST_F(TrackingCallsTest, ReplyThatCannotBeReadIsALoss) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"GET", "k"}));
  Turn();
  Say("what\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{"lost protocol", Told("a=lost")}));
}

TEST_F(TrackingCallsTest, StopEndsCallsBeforeItReturns) {
  StartHolding();
  ASSERT_TRUE(Call("a", {"DEL", "a"}));
  Turn();
  tracking_->Stop();
  EXPECT_EQ(sink_.Lines(), (Lines{"lost stopped", Told("a=lost")}));
}

TEST_F(TrackingCallsTest, StopWithinAnAnswerIsSafe) {
  StartHolding();
  ASSERT_TRUE(tracking_->Call({"DEL", "a"}, false, [this](const resp::Reply*) { tracking_->Stop(); }));
  ASSERT_TRUE(Call("b", {"DEL", "b"}));
  Turn();
  Say(":1\r\n:1\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{"lost stopped", Told("b=lost")}));
}

TEST_F(TrackingCallsTest, SilenceThatOwesAnAnswerToACallIsALoss) {
  tracking_options_.dead_after = std::chrono::milliseconds(20);
  StartHolding();
  ASSERT_TRUE(Call("a", {"DEL", "a"}));
  EXPECT_TRUE(RunUntil([&] { return sink_.Count(Told("a=lost")) == 1; }));
  EXPECT_EQ(sink_.Count("lost silent"), 1U);
}

// ---- a pair

TEST_F(TrackingCallsTest, TrackedCallOfAPairNeedsNoCaching) {
  resp3_ = false;
  Start();
  ASSERT_TRUE(Becomes(TrackingMode::kBroadcast));
  asked_.clear();
  ASSERT_TRUE(Call("a", {"GET", "k"}, true));
  ASSERT_TRUE(RunUntil([&] { return sink_.Count(Told("a=")) == 1; }));
  EXPECT_EQ(asked_, Lines{"GET k"});
}

TEST_F(TrackingCallsTest, LossOfTheSubscribedConnectionOfAPairEndsCalls) {
  resp3_ = false;
  Start();
  ASSERT_TRUE(Becomes(TrackingMode::kBroadcast));
  answer_ = [](const Lines&) { return std::optional<std::string>(kNothing); };
  ASSERT_TRUE(Call("a", {"DEL", "k"}));
  Turn();
  sink_.Lines();
  connector_.peers[subscribed_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", Told("a=lost")}));
}

}  // namespace
}  // namespace herdgate::upstream
