// What becomes of degradable commands whose connection broke.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/upstream/lane_away_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RunUntil;
using ::testing::StartsWith;

using LanePlaceholderTest = LaneAwayTest;

TEST_F(LanePlaceholderTest, ADegradableWriteOfUnknownFateCostsItsSinkNothingElse) {
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

TEST_F(LanePlaceholderTest, APlaceholderStandsInTheMiddleOfOneRead) {
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

TEST_F(LanePlaceholderTest, APlaceholderAtTheFrontIsAnsweredWhenTheLaneIsReady) {
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

TEST_F(LanePlaceholderTest, APlaceholderOutlivesAnotherLoss) {
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
  EXPECT_EQ(Heard(), "get 2\r\nget 3\r\n");
  EXPECT_EQ(sink_.story, "!");
  Say("+2\r\n+3\r\n");
  EXPECT_EQ(sink_.story, "!+2\r\n+3\r\n");
}

TEST_F(LanePlaceholderTest, APlaceholderCountsAmongTheRepeated) {
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

TEST_F(LanePlaceholderTest, ASinkWithAnotherCommandOfUnknownFateLosesAll) {
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

TEST_F(LanePlaceholderTest, ADegradableReplyThatHasBegunCostsItsSinkAll) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "set 2\r\n", Degradable());
  (void)Heard();
  Say("$10\r\n0123");
  Break();
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_TRUE(sink_.unavailable.empty());
}

TEST_F(LanePlaceholderTest, APlaceholderIsAnsweredWhenTheLaneIsRefused) {
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

TEST_F(LanePlaceholderTest, WhatIsOverdueIsUnavailableInOrder) {
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

TEST_F(LanePlaceholderTest, ASinkMaySendFromInsideThePlaceholdersAnswer) {
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

TEST_F(LanePlaceholderTest, MayBeClosedFromInsideThePlaceholdersAnswer) {
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

TEST_F(LanePlaceholderTest, ADedicatedLaneKnowsNothingDegradable) {
  MakeReady(LaneUse::kDedicated);
  Send(sink_, "set 1\r\n", Degradable());
  lane_->Abandon();
  EXPECT_TRUE(sink_.unavailable.empty());
  (void)Heard();
  Break();
  EXPECT_EQ(sink_.lost, 1);
}

// An upstream that dies of it is away before it is sent once more.
TEST_F(LanePlaceholderTest, ADegradableReadIsSentAgainEachTime) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Heard(), "get 1\r\n");
    Break();
    Greet();
  }
  EXPECT_EQ(Heard(), "get 1\r\n");
  Say("+1\r\n");
  EXPECT_EQ(sink_.story, "+1\r\n");
}

TEST_F(LanePlaceholderTest, AnUpstreamThatLoadsItsDataAnswersNothingThatIsDegradable) {
  breaker_.SetOnChange([](Breaker::State, std::string_view) {});
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  Send(sink_, "get 2\r\n", Degradable(true));
  Send(sink_, "incr 3\r\n", Plain());
  Send(sink_, "set 4\r\n", Degradable());
  (void)Heard();
  Say("+1\r\n-LOADING 2\r\n-LOADING 3\r\n-LOADING 4\r\n");
  EXPECT_EQ(sink_.story, "+1\r\n!-LOADING 3\r\n!");
  EXPECT_EQ(sink_.unavailable_requests, (std::vector<std::string>{"get 2\r\n", "set 4\r\n"}));
  EXPECT_FALSE(sink_.unavailable[1].fate_unknown);
  EXPECT_EQ(breaker_.state(), Breaker::State::kOpen);
  EXPECT_EQ(breaker_.Get().reason, Breaker::kLoading);
}

}  // namespace
}  // namespace herdgate::upstream
