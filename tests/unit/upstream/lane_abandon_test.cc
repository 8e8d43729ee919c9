// What a lane gives up when the breaker opens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/upstream/lane_away_fixture.h"

namespace herdgate::upstream {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

using LaneAbandonTest = LaneAwayTest;

TEST_F(LaneAbandonTest, AbandonsWhatWaitsForAConnectionInOrder) {
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

TEST_F(LaneAbandonTest, KeepsWhatFollowsASinksFirstCommandThatIsNotDegradable) {
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

TEST_F(LaneAbandonTest, DropsTheLateRepliesToWhatWasSent) {
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

TEST_F(LaneAbandonTest, WhatWasAbandonedIsForgottenWhenTheConnectionBreaks) {
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

TEST_F(LaneAbandonTest, AReplyThatHasBegunIsNotAbandoned) {
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

TEST_F(LaneAbandonTest, ARequestThatWasPartlySentIsSentToItsEnd) {
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

TEST_F(LaneAbandonTest, APartlySentRequestThatWasAbandonedIsNotSentAgain) {
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

TEST_F(LaneAbandonTest, APlaceholderIsAbandonedInItsPlace) {
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

TEST_F(LaneAbandonTest, AbandoningAmongTheRepeatedKeepsTheirCount) {
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

TEST_F(LaneAbandonTest, AbandonsInTheMiddleOfAHandshake) {
  Make();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "incr 2\r\n", Plain());
  Accept();
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!");
  Say(kHelloReply);
  EXPECT_EQ(Heard(), "incr 2\r\n");
}

TEST_F(LaneAbandonTest, AnUnauthenticatedLaneGoesOnWithTheNextCommand) {
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

TEST_F(LaneAbandonTest, TellsWhoAwaitsRoomThoughTheLaneIsStillFull) {
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

TEST_F(LaneAbandonTest, ASinkMaySendFromInsideOnUnavailable) {
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

TEST_F(LaneAbandonTest, MayBeClosedFromInsideOnUnavailable) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "get 2\r\n", Degradable(true));
  sink_.on_unavailable = [](Lane& lane) { lane.Close(); };
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!");
  EXPECT_EQ(lane_->state(), Lane::State::kClosed);
}

}  // namespace
}  // namespace herdgate::upstream
