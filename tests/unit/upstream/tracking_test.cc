// Tracking against an upstream that the test plays: order, limits, surprises.
#include "sidecar/upstream/tracking/tracking.h"

#include "tests/unit/upstream/tracking_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;

class TrackingTest : public TrackingFixture {
 protected:
  // Armed, and `key` asked for.
  void StartFilling(const std::string& key) {
    StartArmed();
    Hold();
    Fill(key);
    Turn();
  }
};

// ---- arming

TEST_F(TrackingTest, ArmsOnceTheCanaryIsPushed) {
  Start();
  EXPECT_EQ(tracking_->mode(), TrackingMode::kProbing);
  ASSERT_TRUE(Becomes(TrackingMode::kTracked));
  EXPECT_EQ(sink_.Lines(), Lines{"armed"});
  EXPECT_EQ(tracking_->metrics().push_lag.Snapshot().Count(), 1U);
}

TEST_F(TrackingTest, AsksForOptinAndReadsTheCanaryTracked) {
  Start();
  ASSERT_TRUE(Becomes(TrackingMode::kTracked));
  ASSERT_EQ(asked_.size(), 9U);
  EXPECT_EQ(asked_[2], "CLIENT TRACKING ON OPTIN");
  EXPECT_EQ(asked_[6], "CLIENT CACHING YES");
  EXPECT_TRUE(asked_[7].starts_with("GET __herdgate:canary:"));
}

TEST_F(TrackingTest, UpstreamThatSwallowsPushesTurnsItOff) {
  pushes_ = false;
  tracking_options_.canary_within = milliseconds(5);
  Start();
  ASSERT_TRUE(BecomesOff(TrackingFault::kCanary));
  EXPECT_EQ(sink_.Lines(), Lines{});
  EXPECT_FALSE(tracking_->Fill("k", {}));
}

TEST_F(TrackingTest, IsTriedAgainByItself) {
  pushes_ = false;
  tracking_options_.canary_within = milliseconds(5);
  Start();
  ASSERT_TRUE(BecomesOff(TrackingFault::kCanary));
  pushes_ = true;
  EXPECT_TRUE(Becomes(TrackingMode::kTracked));
}

TEST_F(TrackingTest, RefusedTrackingTurnsItOff) {
  answer_ = [](const Lines& words) {
    const bool is_it = words.size() > 1 && words[1] == "TRACKING";
    return is_it ? std::optional<std::string>("-NOPERM no\r\n") : std::nullopt;
  };
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kRefused));
}

TEST_F(TrackingTest, TrackingThatIsNotOnTurnsItOff) {
  answer_ = [](const Lines& words) {
    const bool is_it = words.size() > 1 && words[1] == "TRACKINGINFO";
    return is_it ? std::optional<std::string>("%1\r\n$5\r\nflags\r\n~1\r\n$3\r\noff\r\n") : std::nullopt;
  };
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kProtocol));
}

TEST_F(TrackingTest, OldUpstreamTurnsItOff) {
  answer_ = [](const Lines& words) {
    return words[0] == "HELLO" ? std::optional<std::string>("%1\r\n$7\r\nversion\r\n$5\r\n6.2.7\r\n") : std::nullopt;
  };
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kOldVersion));
}

TEST_F(TrackingTest, ReplicaTurnsItOff) {
  answer_ = [](const Lines& words) {
    return words[0] == "SET" ? std::optional<std::string>("-READONLY no\r\n") : std::nullopt;
  };
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kReadOnly));
}

TEST_F(TrackingTest, RefusedCanaryKeyTurnsItOff) {
  answer_ = [](const Lines& words) {
    return words[0] == "GET" ? std::optional<std::string>("-NOPERM no\r\n") : std::nullopt;
  };
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kRefused));
}

TEST_F(TrackingTest, UnreachableUpstreamTurnsItOffUntilItIsThere) {
  options_.timeout = milliseconds(5);
  connector_.fail_with = "connection refused";
  Start();
  ASSERT_TRUE(BecomesOff(TrackingFault::kConnection));
  connector_.fail_with.clear();
  EXPECT_TRUE(Becomes(TrackingMode::kTracked));
}

// ---- fills

TEST_F(TrackingTest, FillBringsValueAndExpiry) {
  StartArmed();
  Hold();
  Fill("k");
  Turn();
  EXPECT_EQ(asked_, (Lines{"CLIENT CACHING YES", "GET k", "PTTL k"}));
  Say("+OK\r\n" + Bulk("v") + ":1500\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{"fill k=v"});
  const Filled fill = sink_.fills().at(0);
  EXPECT_EQ(fill.pttl_ms, 1500);
  EXPECT_EQ(fill.token.second, 2U);
  EXPECT_EQ(tracking_->metrics().fills[0].value(), 1U);
}

TEST_F(TrackingTest, FillOfAMissingKeyIsNil) {
  StartArmed();
  Fill("k");
  Turn();
  EXPECT_EQ(sink_.Lines(), Lines{"fill k nil"});
}

TEST_F(TrackingTest, FillOfAnotherTypeFails) {
  StartFilling("k");
  Say("+OK\r\n-WRONGTYPE no\r\n:-1\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{"failed k error"});
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(TrackingTest, KeyThatRunsOutBehindItsValueFails) {
  StartFilling("k");
  Say("+OK\r\n" + Bulk("v") + ":-2\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{"failed k error"});
}

TEST_F(TrackingTest, LongestValueIsKept) {
  tracking_options_.max_value = 1000;
  StartFilling("k");
  Say(Found(std::string(1000, 'x')));
  EXPECT_EQ(sink_.Count("failed k too_large"), 0U);
  EXPECT_EQ(sink_.fills().at(0).value.size(), 1000U);
}

TEST_F(TrackingTest, LongerValueIsThrownAway) {
  tracking_options_.max_value = 1000;
  StartFilling("k");
  Say(Found(std::string(1001, 'x')));
  EXPECT_EQ(sink_.Lines(), Lines{"failed k too_large"});
}

TEST_F(TrackingTest, HugeValuePassesInPiecesAndTheNextFillIsRight) {
  tracking_options_.max_value = 1000;
  StartArmed();
  Hold();
  Fill("a");
  Fill("b");
  Turn();
  Say("+OK\r\n$2000000\r\n");
  for (int i = 0; i < 20; ++i) Say(std::string(100000, 'x'));
  Say("\r\n:-1\r\n" + Found("v"));
  EXPECT_EQ(sink_.Lines(), (Lines{"failed a too_large", "fill b=v"}));
}

TEST_F(TrackingTest, LossWithinAHugeValueLeavesNothingBehind) {
  tracking_options_.max_value = 1000;
  StartFilling("k");
  Say("+OK\r\n$2000000\r\n" + std::string(5000, 'x'));
  answer_ = [](const Lines&) { return std::nullopt; };
  connector_.peers[tracked_peer_].Close();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "failed k lost", "armed"}));
}

TEST_F(TrackingTest, FillsBeyondTheLimitWaitForAnswers) {
  tracking_options_.max_in_flight = 2;
  StartArmed();
  Hold();
  for (const char* key : {"a", "b", "c"}) Fill(key);
  Turn();
  EXPECT_EQ(asked_.size(), 6U);
  Say(Found("1"));
  Turn();
  EXPECT_EQ(asked_.size(), 9U);
}

TEST_F(TrackingTest, FullQueueRefuses) {
  tracking_options_.max_queued = 2;
  StartArmed();
  Fill("a");
  Fill("b");
  EXPECT_FALSE(tracking_->Fill("c", {}));
}

TEST_F(TrackingTest, OwnQuestionsAreNoCommandsOfClients) {
  StartArmed();
  Fill("k");
  Turn();
  EXPECT_EQ(metrics_.commands.oks[0].value(), 0U);
}

// ---- order

TEST_F(TrackingTest, PushBehindAValueInOneReadComesFirst) {
  StartFilling("k");
  Say(Found("old") + Push("k"));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate k", "fill k=old"}));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(TrackingTest, PushBetweenValueAndExpiryRevokesTheValue) {
  StartFilling("k");
  Say("+OK\r\n" + Bulk("old") + Push("k") + ":-1\r\n");
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(TrackingTest, ReadThatEndsWithinAPushPublishesNothingYet) {
  StartFilling("k");
  const std::string push = Push("k");
  Say(Found("old") + push.substr(0, 20));
  EXPECT_EQ(sink_.Lines(), Lines{});
  Say(push.substr(20));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate k", "fill k=old"}));
}

TEST_F(TrackingTest, ReadThatEndsWithinAReplyPublishesWithTheRest) {
  StartArmed();
  Hold();
  Fill("a");
  Fill("b");
  Turn();
  const std::string second = Found("2");
  Say(Found("1") + second.substr(0, 8));
  EXPECT_EQ(sink_.Lines(), Lines{});
  Say(second.substr(8));
  EXPECT_EQ(sink_.Lines(), (Lines{"fill a=1", "fill b=2"}));
}

TEST_F(TrackingTest, PushInALaterReadRevokesWhatWasPublished) {
  StartFilling("k");
  Say(Found("old"));
  EXPECT_EQ(sink_.Value("k"), "old");
  Say(Push("k"));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(TrackingTest, PushNamesSeveralKeys) {
  StartArmed();
  Say(">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate a", "invalidate b"}));
}

TEST_F(TrackingTest, NullPushFlushes) {
  StartFilling("k");
  Say(Found("old") + ">2\r\n$10\r\ninvalidate\r\n_\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{"flush", "fill k=old"}));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(TrackingTest, OtherPushesAreIgnored) {
  StartArmed();
  Say(">2\r\n$7\r\nsome-th\r\n:1\r\n>1\r\n:1\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{});
  EXPECT_TRUE(tracking_->armed());
}

// ---- fences

TEST_F(TrackingTest, FenceIsDoneBehindThePushesBeforeIt) {
  StartArmed();
  Hold();
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  Turn();
  EXPECT_EQ(asked_, Lines{"PING"});
  EXPECT_EQ(sink_.Lines(), Lines{});
  Say(Push("k") + "+PONG\r\n" + Push("l"));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate k", "invalidate <done>", "invalidate l"}));
}

TEST_F(TrackingTest, FencesOfATurnShareAPing) {
  StartArmed();
  int done = 0;
  for (int i = 0; i < 5; ++i) tracking_->Fence([&](bool held) { done += held ? 1 : 100; });
  Turn();
  EXPECT_EQ(asked_, Lines{"PING"});
  EXPECT_EQ(done, 5);
}

TEST_F(TrackingTest, FenceWaitsForAPingOfItsOwn) {
  StartArmed();
  Hold();
  int done = 0;
  tracking_->Fence([&](bool) { ++done; });
  Turn();
  tracking_->Fence([&](bool) { ++done; });
  Turn();
  Say("+PONG\r\n");
  EXPECT_EQ(done, 1);
  Say("+PONG\r\n");
  EXPECT_EQ(done, 2);
}

TEST_F(TrackingTest, FenceFailsBehindTheLoss) {
  StartArmed();
  Hold();
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  Turn();
  connector_.peers[tracked_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "invalidate <not>"}));
}

TEST_F(TrackingTest, FenceFailsAtOnceUnlessArmed) {
  Start();
  bool failed = false;
  tracking_->Fence([&](bool held) { failed = !held; });
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace herdgate::upstream
