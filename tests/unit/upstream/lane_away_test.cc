// What becomes of degradable commands while the upstream is away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RunFor;
using testing::RunTurns;
using testing::RunUntil;
using ::testing::StartsWith;

constexpr std::string_view kBroke =
    "-ERR herdgate: the connection to the upstream broke before it answered: whether this was carried out is not "
    "known\r\n";
constexpr std::string_view kHangs =
    "-ERR herdgate: the upstream does not answer: whether this was or will be carried out is not known\r\n";

class LaneAwayTest : public LaneFixture {
 protected:
  void Break() {
    upstream().Close();
    ASSERT_TRUE(RunUntil(loop_, [&] { return lane_->state() != Lane::State::kReady; }));
  }
  void Send(testing::FakeSink& sink, const std::string& request, const Pending& pending) {
    ASSERT_TRUE(lane_->Send(request, sink, pending));
  }
  // Commands that the upstream reads only when told to, on a socket that takes little.
  void MakeNarrow() {
    connector_.send_buffer = 4096;
    MakeReady();
  }
  std::string HearAll(std::size_t bytes) {
    std::string heard;
    for (int i = 0; i < 20000 && heard.size() < bytes; ++i) {
      heard += upstream().Receive();
      RunTurns(loop_, 1);
    }
    return heard;
  }
};

// ---- placeholders

TEST_F(LaneAwayTest, ADegradableWriteOfUnknownFateCostsItsSinkNothingElse) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "set 2\r\n", Degradable());
  Send(sink_, "get 3\r\n", Degradable(true));
  (void)Heard();
  Send(other_, "get 4\r\n", Read());
  Break();
  EXPECT_EQ(sink_.lost, 0);
  EXPECT_EQ(sink_.story, "");
  Greet();
  EXPECT_EQ(Heard(), "get 1\r\nget 3\r\nget 4\r\n");
  Say("+1\r\n");
  EXPECT_EQ(sink_.story, "+1\r\n!");
  Say("+3\r\n+4\r\n");
  EXPECT_EQ(sink_.story, "+1\r\n!+3\r\n");
  EXPECT_EQ(other_.story, "+4\r\n");
  EXPECT_THAT(sink_.unavailable_errors, ElementsAre(kBroke));
  EXPECT_TRUE(sink_.unavailable[0].fate_unknown);
  EXPECT_EQ(sink_.unavailable_requests[0], "");
  EXPECT_TRUE(lane_->idle());
  EXPECT_EQ(metrics_.retries.value(), 2U);
}

TEST_F(LaneAwayTest, APlaceholderStandsInTheMiddleOfOneRead) {
  MakeReady();
  for (const char* request : {"get 1\r\n", "get 2\r\n"}) Send(sink_, request, Degradable(true));
  Send(sink_, "set 3\r\n", Degradable());
  Send(sink_, "set 4\r\n", Degradable());
  Send(sink_, "get 5\r\n", Degradable(true));
  Send(sink_, "set 6\r\n", Degradable());
  (void)Heard();
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 1\r\nget 2\r\nget 5\r\n");
  Say("+1\r\n+2\r\n+5\r\n");
  EXPECT_EQ(sink_.story, "+1\r\n+2\r\n!!+5\r\n!");
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneAwayTest, APlaceholderAtTheFrontIsAnsweredWhenTheLaneIsReady) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  (void)Heard();
  Break();
  EXPECT_FALSE(lane_->idle());
  Greet();
  EXPECT_EQ(sink_.story, "!");
  EXPECT_EQ(Heard(), "");
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneAwayTest, APlaceholderOutlivesAnotherLoss) {
  MakeReady();
  Send(other_, "get 0\r\n", Read());
  Send(sink_, "set 1\r\n", Degradable());
  Send(sink_, "get 2\r\n", Degradable(true));
  (void)Heard();
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 0\r\nget 2\r\n");
  Send(sink_, "get 3\r\n", Read());
  EXPECT_EQ(Heard(), "get 3\r\n");
  Break();
  // The first read was repeated already, and its sink can't do without it.
  EXPECT_EQ(other_.lost, 1);
  EXPECT_EQ(sink_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 3\r\n");
  EXPECT_EQ(sink_.story, "!!");
  Say("+3\r\n");
  EXPECT_EQ(sink_.story, "!!+3\r\n");
}

TEST_F(LaneAwayTest, APlaceholderCountsAmongTheRepeated) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  Send(other_, "get 2\r\n", Read());
  (void)Heard();
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
  Send(sink_, "get 3\r\n", Read());
  (void)Heard();
  Break();
  EXPECT_EQ(other_.lost, 1);
  EXPECT_EQ(sink_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 3\r\n");
}

TEST_F(LaneAwayTest, ASinkWithAnotherCommandOfUnknownFateLosesAll) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  Send(sink_, "incr 2\r\n", Plain());
  (void)Heard();
  Send(sink_, "get 3\r\n", Degradable(true));
  Break();
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_EQ(sink_.story, "");
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneAwayTest, ADegradableReplyThatHasBegunCostsItsSinkAll) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "set 2\r\n", Degradable());
  (void)Heard();
  Say("$10\r\n0123");
  Break();
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_TRUE(sink_.unavailable.empty());
}

TEST_F(LaneAwayTest, APlaceholderIsAnsweredWhenTheLaneIsRefused) {
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  Make();
  ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.peers.size() == 1; }));
  Say("+OK\r\n" + std::string(kHelloReply));
  Send(sink_, "set 1\r\n", Degradable());
  Send(sink_, "get 2\r\n", Read());
  (void)Heard();
  Break();
  ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.peers.size() == 2; }));
  Say("-WRONGPASS no\r\n");
  EXPECT_EQ(sink_.story, "!");
  EXPECT_THAT(sink_.unavailable_errors, ElementsAre(kBroke));
  EXPECT_THAT(sink_.refused, ElementsAre("-WRONGPASS no\r\n"));
}

TEST_F(LaneAwayTest, WhatIsOverdueIsUnavailableInOrder) {
  options_.timeout = milliseconds(40);
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  (void)Heard();
  connector_.fail_with = "Connection refused";
  Break();
  Send(sink_, "get 2\r\n", Degradable(true));
  Send(sink_, "get 3\r\n", Read());
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  EXPECT_EQ(sink_.story, "!!");
  EXPECT_THAT(sink_.unavailable_errors, ElementsAre(kBroke, HasSubstr("is unavailable: Connection refused")));
  EXPECT_THAT(sink_.unavailable_requests, ElementsAre("", "get 2\r\n"));
  EXPECT_EQ(metrics_.refused.value(), 2U);
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneAwayTest, ASinkMaySendFromInsideThePlaceholdersAnswer) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  Send(other_, "get 2\r\n", Read());
  (void)Heard();
  sink_.on_unavailable = [&](Lane& lane) {
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(lane.Send("again\r\n", sink_, Plain()));
  };
  Break();
  Greet();
  EXPECT_THAT(Heard(), StartsWith("get 2\r\nagain\r\nagain\r\n"));
}

TEST_F(LaneAwayTest, MayBeClosedFromInsideThePlaceholdersAnswer) {
  MakeReady();
  Send(other_, "get 0\r\n", Read());
  Send(sink_, "set 1\r\n", Degradable());
  Send(sink_, "set 2\r\n", Degradable());
  Send(other_, "get 3\r\n", Read());
  (void)Heard();
  sink_.on_unavailable = [](Lane& lane) { lane.Close(); };
  Break();
  Greet();
  Say("+0\r\n+3\r\n");
  EXPECT_EQ(sink_.story, "!");
  EXPECT_EQ(other_.story, "+0\r\n");
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
}

TEST_F(LaneAwayTest, ADedicatedLaneKnowsNothingDegradable) {
  MakeReady(LaneUse::kDedicated);
  Send(sink_, "set 1\r\n", Degradable());
  lane_->Abandon();
  EXPECT_TRUE(sink_.unavailable.empty());
  (void)Heard();
  Break();
  EXPECT_EQ(sink_.lost, 1);
}

// ---- Abandon

TEST_F(LaneAwayTest, AbandonsWhatWaitsForAConnectionInOrder) {
  connector_.hang = true;
  Make();
  std::vector<int> order;
  sink_.on_unavailable = [&](Lane&) { order.push_back(1); };
  other_.on_unavailable = [&](Lane&) { order.push_back(2); };
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(other_, "set 2\r\n", Degradable());
  Send(sink_, "set 3\r\n", Degradable());
  breaker_.OnFailed("Connection refused");
  lane_->Abandon();
  EXPECT_THAT(order, ElementsAre(1, 2, 1));
  EXPECT_THAT(sink_.unavailable_requests, ElementsAre("get 1\r\n", "set 3\r\n"));
  EXPECT_THAT(sink_.unavailable_errors[0],
              StartsWith("-ERR herdgate: upstream redis://fake:1 is unavailable: Connection refused (for "));
  EXPECT_FALSE(sink_.unavailable[1].fate_unknown);
  EXPECT_TRUE(lane_->idle());
}

TEST_F(LaneAwayTest, KeepsWhatFollowsASinksFirstCommandThatIsNotDegradable) {
  Make();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "incr 2\r\n", Plain());
  Send(other_, "get 3\r\n", Degradable(true));
  Send(sink_, "get 4\r\n", Degradable(true));
  lane_->Abandon();
  EXPECT_THAT(sink_.unavailable_requests, ElementsAre("get 1\r\n"));
  EXPECT_THAT(other_.unavailable_requests, ElementsAre("get 3\r\n"));
  Greet();
  EXPECT_EQ(Heard(), "incr 2\r\nget 4\r\n");
  Say(":2\r\n+4\r\n");
  EXPECT_EQ(sink_.story, "!:2\r\n+4\r\n");
}

TEST_F(LaneAwayTest, DropsTheLateRepliesToWhatWasSent) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(other_, "incr 2\r\n", Plain());
  Send(sink_, "set 3\r\n", Degradable());
  (void)Heard();
  Send(sink_, "get 4\r\n", Degradable(true));
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!!!");
  EXPECT_THAT(sink_.unavailable_requests, ElementsAre("get 1\r\n", "set 3\r\n", "get 4\r\n"));
  EXPECT_EQ(sink_.unavailable_errors[1], kHangs);
  EXPECT_FALSE(sink_.unavailable[0].fate_unknown);
  EXPECT_TRUE(sink_.unavailable[1].fate_unknown);
  EXPECT_FALSE(sink_.unavailable[2].fate_unknown);
  Send(sink_, "get 5\r\n", Read());
  EXPECT_EQ(Heard(), "get 5\r\n");
  Say("$3\r\nx");
  Say("yz\r\n:2\r\n");
  EXPECT_EQ(other_.story, ":2\r\n");
  Say("+OK\r\n+5\r\n");
  EXPECT_EQ(sink_.story, "!!!+5\r\n");
  EXPECT_TRUE(lane_->idle());
  EXPECT_EQ(lane_->state(), Lane::State::kReady);
}

TEST_F(LaneAwayTest, WhatWasAbandonedIsForgottenWhenTheConnectionBreaks) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  Send(other_, "get 2\r\n", Read());
  (void)Heard();
  lane_->Abandon();
  Break();
  EXPECT_EQ(sink_.lost, 0);
  EXPECT_EQ(other_.lost, 0);
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
  Say("+2\r\n");
  EXPECT_EQ(other_.story, "+2\r\n");
  EXPECT_EQ(sink_.story, "!");
}

TEST_F(LaneAwayTest, AReplyThatHasBegunIsNotAbandoned) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "get 2\r\n", Degradable(true));
  Send(other_, "get 3\r\n", Degradable(true));
  (void)Heard();
  Say("$4\r\nab");
  lane_->Abandon();
  EXPECT_TRUE(sink_.unavailable.empty());
  EXPECT_EQ(other_.story, "!");
  Say("cd\r\n+2\r\n+3\r\n");
  EXPECT_EQ(sink_.story, "$4\r\nabcd\r\n+2\r\n");
  EXPECT_EQ(other_.story, "!");
}

TEST_F(LaneAwayTest, ARequestThatWasPartlySentIsSentToItsEnd) {
  MakeNarrow();
  const std::string large = "set " + std::string(1000000, 'x') + "\r\n";
  Send(sink_, large, Degradable());
  Send(sink_, "get 2\r\n", Degradable(true));
  Turn();
  ASSERT_GT(metrics_.sent_bytes.value(), 0U);
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!!");
  EXPECT_TRUE(sink_.unavailable[0].fate_unknown);
  EXPECT_TRUE(sink_.unavailable_requests[0] == large);
  EXPECT_FALSE(sink_.unavailable[1].fate_unknown);
  Send(other_, "get 3\r\n", Read());
  EXPECT_TRUE(HearAll(large.size() + 7) == large + "get 3\r\n");
  Say("+OK\r\n+3\r\n");
  EXPECT_EQ(sink_.story, "!!");
  EXPECT_EQ(other_.story, "+3\r\n");
}

TEST_F(LaneAwayTest, APartlySentRequestThatWasAbandonedIsNotSentAgain) {
  MakeNarrow();
  Send(sink_, "set " + std::string(1000000, 'x') + "\r\n", Degradable());
  Send(other_, "get 2\r\n", Read());
  Turn();
  lane_->Abandon();
  Break();
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
  EXPECT_EQ(sink_.lost, 0);
}

TEST_F(LaneAwayTest, APlaceholderIsAbandonedInItsPlace) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  Send(sink_, "get 2\r\n", Degradable(true));
  (void)Heard();
  Break();
  Send(sink_, "set 3\r\n", Degradable());
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!!!");
  EXPECT_THAT(sink_.unavailable_requests, ElementsAre("", "get 2\r\n", "set 3\r\n"));
  EXPECT_EQ(sink_.unavailable_errors[0], kBroke);
  EXPECT_TRUE(lane_->idle());
  Greet();
  EXPECT_EQ(Heard(), "");
}

TEST_F(LaneAwayTest, AbandoningAmongTheRepeatedKeepsTheirCount) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(other_, "get 2\r\n", Read());
  (void)Heard();
  Break();
  lane_->Abandon();
  Greet();
  EXPECT_EQ(Heard(), "get 2\r\n");
  Send(sink_, "get 3\r\n", Read());
  EXPECT_EQ(Heard(), "get 3\r\n");
  Break();
  // One was repeated already, the other not.
  EXPECT_EQ(other_.lost, 1);
  EXPECT_EQ(sink_.lost, 0);
}

TEST_F(LaneAwayTest, AbandonsInTheMiddleOfAHandshake) {
  Make();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "incr 2\r\n", Plain());
  Accept();
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!");
  Say(kHelloReply);
  EXPECT_EQ(Heard(), "incr 2\r\n");
}

TEST_F(LaneAwayTest, AnUnauthenticatedLaneGoesOnWithTheNextCommand) {
  Make();
  Accept();
  Say("-NOAUTH Authentication required.\r\n");
  ASSERT_EQ(lane_->state(), Lane::State::kReady);
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "get 2\r\n", Degradable(true));
  Send(other_, "get 3\r\n", Read());
  EXPECT_EQ(Heard(), "get 1\r\n");
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!!");
  EXPECT_EQ(Heard(), "");
  Say("-NOAUTH\r\n");
  EXPECT_EQ(Heard(), "get 3\r\n");
  Say("-NOAUTH 3\r\n");
  EXPECT_EQ(other_.story, "-NOAUTH 3\r\n");
  EXPECT_EQ(sink_.story, "!!");
}

TEST_F(LaneAwayTest, TellsWhoAwaitsRoomThoughTheLaneIsStillFull) {
  options_.max_unsent = 100000;
  MakeNarrow();
  Send(sink_, "set " + std::string(1000000, 'x') + "\r\n", Plain());
  Turn();
  ASSERT_TRUE(lane_->full());
  lane_->AwaitRoom(other_);
  other_.on_room = [&](Lane& lane) { lane.AwaitRoom(other_); };
  lane_->Abandon();
  EXPECT_EQ(other_.rooms, 1);
  EXPECT_TRUE(lane_->full());
  EXPECT_TRUE(sink_.unavailable.empty());
}

TEST_F(LaneAwayTest, ASinkMaySendFromInsideOnUnavailable) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  (void)Heard();
  Send(sink_, "get 2\r\n", Degradable(true));
  sink_.on_unavailable = [&](Lane& lane) {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(lane.Send("ping\r\n", other_, Plain()));
  };
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!!");
  EXPECT_EQ(Heard().size(), 40U * 6);
  Say("+late\r\n+PONG\r\n");
  EXPECT_EQ(other_.story, "+PONG\r\n");
}

TEST_F(LaneAwayTest, MayBeClosedFromInsideOnUnavailable) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "get 2\r\n", Degradable(true));
  sink_.on_unavailable = [](Lane& lane) { lane.Close(); };
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!");
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
}

// ---- silence

class LaneSilenceTest : public LaneAwayTest {
 protected:
  static constexpr milliseconds kPeriod{5};

  LaneSilenceTest() {
    options_.timeout = milliseconds(40);
    breaker_.SetOnChange(
        [this](Breaker::State to, std::string_view) { opened_ += to == Breaker::State::kOpen ? 1 : 0; });
    breaker_.WatchSilence(true);
  }
  // Looks as the pool does until the lane is silent, or for long enough.
  bool FallsSilent(int looks = 30) {
    for (int i = 0; i < looks && !lane_->silent(); ++i) Look();
    return lane_->silent();
  }
  void Look() {
    RunFor(loop_, kPeriod);
    loop_.RefreshNow();
    lane_->LookForSilence(kPeriod);
  }
  // The breaker counts no silent lane.
  bool NoneIsSilent() { return breaker_.TryHalfOpen(); }

  int opened_ = 0;
};

TEST_F(LaneSilenceTest, ALaneThatOwesAReplyAndSaysNothingIsSilentUntilItSpeaks) {
  MakeReady();
  Send(sink_, "get 1\r\n", Read());
  ASSERT_TRUE(FallsSilent());
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(breaker_.Get().reason, Breaker::kSilent);
  EXPECT_FALSE(NoneIsSilent());
  Say("+");
  EXPECT_FALSE(lane_->silent());
  EXPECT_TRUE(NoneIsSilent());
  Say("1\r\n");
  EXPECT_EQ(sink_.story, "+1\r\n");
}

TEST_F(LaneSilenceTest, ALaneThatOwesNothingIsNotSilent) {
  MakeReady();
  EXPECT_FALSE(FallsSilent(20));
  Send(sink_, "get 1\r\n", Read());
  (void)Heard();
  Say("+1\r\n");
  EXPECT_FALSE(FallsSilent(20));
}

TEST_F(LaneSilenceTest, BytesOfALongReplyAreNoSilence) {
  MakeReady();
  Send(sink_, "get 1\r\n", Read());
  (void)Heard();
  Say("$100\r\n");
  for (int i = 0; i < 20; ++i) {
    Say("x");
    Look();
    ASSERT_FALSE(lane_->silent());
  }
  EXPECT_TRUE(FallsSilent());
}

TEST_F(LaneSilenceTest, CommandsThatAreSentMeanwhileDoNotHideSilence) {
  MakeReady();
  Send(sink_, "get 0\r\n", Read());
  for (int i = 0; i < 30 && !lane_->silent(); ++i) {
    Send(sink_, "get 1\r\n", Read());
    Look();
  }
  EXPECT_TRUE(lane_->silent());
}

TEST_F(LaneSilenceTest, AnAnswerToTheOldestStartsTheTimeOfTheNext) {
  MakeReady();
  for (int i = 0; i < 20; ++i) {
    Send(sink_, "get 1\r\n", Read());
    Send(sink_, "get 2\r\n", Read());
    Look();
    Say("+1\r\n");
    Look();
    Say("+2\r\n");
    ASSERT_FALSE(lane_->silent());
  }
}

TEST_F(LaneSilenceTest, AnUpstreamThatTakesNothingOfALargeRequestIsSilent) {
  MakeNarrow();
  Send(sink_, "set " + std::string(1000000, 'x') + "\r\n", Plain());
  ASSERT_TRUE(FallsSilent());
}

TEST_F(LaneSilenceTest, AnUpstreamThatTakesALargeRequestSlowlyIsNotSilent) {
  MakeNarrow();
  Send(sink_, "set " + std::string(4000000, 'x') + "\r\n", Plain());
  Turn();
  for (int i = 0; i < 25; ++i) {
    ASSERT_FALSE(upstream().Receive().empty());
    Look();
    ASSERT_FALSE(lane_->silent());
  }
}

// A look after a pause of this process may come before the bytes that arrived are read.
TEST_F(LaneSilenceTest, OneLookIsNotEnough) {
  MakeReady();
  Send(sink_, "get 1\r\n", Read());
  RunFor(loop_, milliseconds(60));
  loop_.RefreshNow();
  lane_->LookForSilence(kPeriod);
  EXPECT_FALSE(lane_->silent());
  lane_->LookForSilence(kPeriod);
  EXPECT_TRUE(lane_->silent());
}

TEST_F(LaneSilenceTest, ALaneThatBreaksIsNotSilentAnyMore) {
  MakeReady();
  Send(sink_, "get 1\r\n", Read());
  ASSERT_TRUE(FallsSilent());
  Break();
  EXPECT_FALSE(lane_->silent());
  EXPECT_TRUE(NoneIsSilent());
}

TEST_F(LaneSilenceTest, ALaneThatIsDestroyedIsNotSilentAnyMore) {
  MakeReady();
  Send(sink_, "get 1\r\n", Read());
  ASSERT_TRUE(FallsSilent());
  lane_.reset();
  EXPECT_TRUE(NoneIsSilent());
}

TEST_F(LaneSilenceTest, NoLaneIsSilentWhenNobodyWatches) {
  MakeReady();
  Send(sink_, "get 1\r\n", Read());
  ASSERT_TRUE(FallsSilent());
  breaker_.WatchSilence(false);
  Look();
  EXPECT_FALSE(lane_->silent());
  EXPECT_TRUE(NoneIsSilent());
  EXPECT_FALSE(FallsSilent(20));
}

TEST_F(LaneSilenceTest, AHungLaneSwallowsTheRepliesToWhatItAbandonedAndGoesOn) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(other_, "incr 2\r\n", Plain());
  ASSERT_TRUE(FallsSilent());
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!");
  EXPECT_TRUE(lane_->silent());
  Say("+late\r\n:2\r\n");
  EXPECT_TRUE(NoneIsSilent());
  EXPECT_EQ(sink_.story, "!");
  EXPECT_EQ(other_.story, ":2\r\n");
  Send(sink_, "get 3\r\n", Read());
  EXPECT_EQ(Heard(), "get 1\r\nincr 2\r\nget 3\r\n");
  Say("+3\r\n");
  EXPECT_EQ(sink_.story, "!+3\r\n");
}

}  // namespace
}  // namespace herdgate::upstream
