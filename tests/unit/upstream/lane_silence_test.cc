// How a lane notices that nobody answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/upstream/lane_away_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using testing::RunFor;

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

// What was abandoned may yet be carried out: nobody may make up for the upstream's absence before that is over.
TEST_F(LaneSilenceTest, ALaneIsSilentUntilWhatItAbandonedIsAnswered) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  Send(sink_, "set 2\r\n", Degradable());
  (void)Heard();
  breaker_.OnSilent("another lane");
  lane_->Abandon();
  EXPECT_EQ(sink_.story, "!!");
  breaker_.OnSilenceEnded();
  EXPECT_FALSE(NoneIsSilent());
  Say("+1\r\n");
  EXPECT_FALSE(NoneIsSilent());
  Say("+2\r\n");
  EXPECT_TRUE(NoneIsSilent());
}

TEST_F(LaneSilenceTest, WhatWasAbandonedIsOverWhenTheConnectionBreaks) {
  MakeReady();
  Send(sink_, "set 1\r\n", Degradable());
  (void)Heard();
  breaker_.OnSilent("another lane");
  lane_->Abandon();
  breaker_.OnSilenceEnded();
  Break();
  EXPECT_TRUE(NoneIsSilent());
}

TEST_F(LaneSilenceTest, ALaneThatStaysSilentWhileOthersAreAnsweredIsBroken) {
  MakeReady();
  Send(sink_, "get 1\r\n", Degradable(true));
  ASSERT_TRUE(FallsSilent());
  lane_->Abandon();
  for (int i = 0; i < 30; ++i) Look();
  EXPECT_EQ(lane_->state(), Lane::State::kReady) << "nobody is answered";
  EXPECT_FALSE(NoneIsSilent());
  for (int i = 0; i < 20 && lane_->state() == Lane::State::kReady; ++i) Look();
  EXPECT_NE(lane_->state(), Lane::State::kReady);
  EXPECT_TRUE(NoneIsSilent());
}

TEST_F(LaneSilenceTest, ALaneThatOwesMoreThanCachesWantIsGivenTime) {
  MakeReady();
  Send(sink_, "incr 1\r\n", Plain());
  ASSERT_TRUE(FallsSilent());
  EXPECT_FALSE(NoneIsSilent());
  for (int i = 0; i < 20; ++i) Look();
  EXPECT_EQ(lane_->state(), Lane::State::kReady);
  for (int i = 0; i < 60 && lane_->state() == Lane::State::kReady; ++i) Look();
  EXPECT_EQ(sink_.lost, 1);
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
