// How a lane waits for an upstream that can't be reached, and comes back to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

constexpr std::string_view kGoneError = "-ERR herdgate: upstream redis://fake:1 is unavailable: ";

class LaneReconnectTest : public LaneFixture {
 protected:
  // The upstream goes away, and the lane notices.
  void Break() {
    upstream().Close();
    ASSERT_TRUE(RunUntil(loop_, [&] { return lane_->state() != Lane::State::kReady; }));
  }
};

// ---- an upstream that can't be reached

class UnreachableTest : public LaneReconnectTest {
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

// The prober on another loop may be answered at any moment: whoever was refused before must not get an empty answer.
TEST_F(UnreachableTest, WhoWasRefusedIsToldWhyThoughTheUpstreamIsBackByNow) {
  breaker_.SetOnChange([](Breaker::State, std::string_view) {});
  Make();
  ASSERT_TRUE(lane_->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  RunFor(loop_, milliseconds(5));
  loop_.RefreshNow();
  ASSERT_FALSE(lane_->Send("b\r\n", sink_, Plain()));
  ASSERT_TRUE(breaker_.TryHalfOpen());
  EXPECT_FALSE(lane_->refuses());
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
  EXPECT_FALSE(lane_->refuses());
}

// ---- reconnecting

TEST_F(LaneReconnectTest, WaitsLongerAndLongerBetweenAttempts) {
  options_.backoff_first = milliseconds(4);
  options_.backoff_last = milliseconds(40);
  connector_.fail_with = "Connection refused";
  Make();
  RunFor(loop_, milliseconds(400));
  // About 4 attempts while the delay grows, then one each 20 to 60 ms.
  EXPECT_GE(connector_.attempts, 6);
  EXPECT_LE(connector_.attempts, 26);
}

TEST_F(LaneReconnectTest, DoesNotSpinOnAnUpstreamThatClosesEveryConnection) {
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

TEST_F(LaneReconnectTest, ReportsTheUpstreamsHealth) {
  options_.backoff_first = milliseconds(60000);  // nothing is tried in the place of what was lost
  options_.backoff_last = milliseconds(60000);
  Make();
  EXPECT_FALSE(health_.Get().connected);
  Greet();
  EXPECT_TRUE(health_.Get().connected);
  Break();
  EXPECT_EQ(health_.Get().error, "connection closed by the upstream");
  EXPECT_FALSE(health_.Get().connected);
  EXPECT_TRUE(health_.Get().ever);
}

TEST_F(LaneReconnectTest, ReportsWhyItDoesNotComeBack) {
  Make();
  Greet();
  connector_.fail_with = "Connection refused";
  Break();
  ASSERT_TRUE(RunUntil(loop_, [&] { return health_.Get().error == "Connection refused"; }));
  EXPECT_TRUE(health_.Get().ever);
}

TEST_F(LaneReconnectTest, TellsOfAUserThatMayNoMore) {
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

class WhenReadyTest : public LaneReconnectTest {
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
  EXPECT_THAT(lane_->RefusalError(), StartsWith(kGoneError));
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
