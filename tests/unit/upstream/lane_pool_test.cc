#include "sidecar/upstream/lane_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {
namespace {

using testing::FakeSink;
using testing::RunTurns;
using testing::RunUntil;

class LanePoolTest : public LaneFixture {
 protected:
  ~LanePoolTest() override {
    held_.clear();
    pool_.reset();
  }

  // With options of its own; call it first.
  void Open() { pool_ = std::make_unique<LanePool>(Context(), in_use_); }
  LaneKey Key(std::uint32_t db = 0) const { return {2, db, identity_}; }
  // Answers every handshake that has been begun.
  void GreetAll() {
    for (int i = 0; i < 50; ++i) {
      RunTurns(loop_);
      for (; greeted_ < connector_.peers.size(); ++greeted_) {
        (void)connector_.peers[greeted_].Receive();
        connector_.peers[greeted_].Send(kHelloReply);
      }
    }
  }
  std::shared_ptr<Lane> TakeReady() {
    auto lane = pool_->TakeDedicated(Key(), sink_);
    GreetAll();
    EXPECT_EQ(lane->state(), Lane::State::kReady);
    return lane;
  }
  void GiveBack(std::shared_ptr<Lane> lane, bool clean) {
    lane->Forget(sink_);
    pool_->GiveBack(std::move(lane), clean);
  }

  std::atomic<std::size_t> in_use_{0};
  std::unique_ptr<LanePool> pool_;
  std::vector<std::shared_ptr<Lane>> held_;
};

TEST_F(LanePoolTest, LendsTheSameSharedLaneForTheSameKey) {
  Open();
  const auto lane = pool_->Shared(Key(), false);
  EXPECT_EQ(pool_->Shared(Key(), false), lane);
  EXPECT_NE(pool_->Shared(Key(1), false), lane);
  EXPECT_NE(pool_->Shared({3, 0, identity_}, false), lane);
  EXPECT_NE(pool_->Shared(Key(), true), lane);
  EXPECT_EQ(pool_->Shared(Key(), true)->use(), LaneUse::kSlow);
}

TEST_F(LanePoolTest, TellsUsersApartByWhatTheyAre) {
  Open();
  const auto lane = pool_->Shared(Key(), false);
  EXPECT_EQ(pool_->Shared({2, 0, std::make_shared<const Identity>()}, false), lane);
  EXPECT_NE(pool_->Shared({2, 0, std::make_shared<const Identity>(Identity{.auth = {"x"}})}, false), lane);
}

TEST_F(LanePoolTest, ReplacesASharedLaneThatIsSpent) {
  Open();
  const auto lane = pool_->Shared(Key(), false);
  lane->Close();
  const auto next = pool_->Shared(Key(), false);
  EXPECT_NE(next, lane);
  EXPECT_EQ(pool_->Shared(Key(), false), next);
}

TEST_F(LanePoolTest, ReusesADedicatedLaneThatCameBackClean) {
  Open();
  auto lane = TakeReady();
  Lane* const address = lane.get();
  EXPECT_EQ(in_use_.load(), 1U);
  EXPECT_EQ(metrics_.dedicated_lanes.value(), 1);
  GiveBack(std::move(lane), true);
  EXPECT_EQ(in_use_.load(), 0U);
  EXPECT_EQ(metrics_.dedicated_lanes.value(), 0);
  EXPECT_EQ(pool_->TakeDedicated(Key(), sink_).get(), address);
}

TEST_F(LanePoolTest, KeepsTwoSpareLanesReady) {
  Open();
  held_.push_back(TakeReady());
  EXPECT_EQ(metrics_.idle_lanes.value(), 2);
  held_.push_back(pool_->TakeDedicated(Key(), sink_));
  EXPECT_EQ(held_.back()->state(), Lane::State::kReady);
}

TEST_F(LanePoolTest, KeepsNoSpareLaneWhereNoneMayBeIdle) {
  options_.idle_dedicated = 0;
  Open();
  held_.push_back(TakeReady());
  EXPECT_EQ(metrics_.idle_lanes.value(), 0);
}

TEST_F(LanePoolTest, ClosesADirtyLane) {
  Open();
  auto lane = TakeReady();
  const auto watched = lane;
  GiveBack(std::move(lane), false);
  EXPECT_EQ(watched->state(), Lane::State::kClosed);
}

TEST_F(LanePoolTest, ClosesALaneThatStillOwesReplies) {
  Open();
  auto lane = TakeReady();
  const auto watched = lane;
  ASSERT_TRUE(lane->Send("a\r\n", sink_, Plain()));
  GiveBack(std::move(lane), true);
  EXPECT_EQ(watched->state(), Lane::State::kClosed);
}

TEST_F(LanePoolTest, ClosesALaneThatIsNotReady) {
  Open();
  auto lane = pool_->TakeDedicated(Key(), sink_);
  const auto watched = lane;
  GiveBack(std::move(lane), true);
  EXPECT_EQ(watched->state(), Lane::State::kClosed);
}

TEST_F(LanePoolTest, DoesNotLendALaneOfAnotherKey) {
  Open();
  auto lane = TakeReady();
  Lane* const address = lane.get();
  GiveBack(std::move(lane), true);
  held_.push_back(pool_->TakeDedicated(Key(1), sink_));
  EXPECT_NE(held_.back().get(), address);
}

TEST_F(LanePoolTest, DoesNotLendAnIdleLaneThatTheUpstreamClosed) {
  options_.idle_dedicated = 1;
  Open();
  auto lane = TakeReady();
  GiveBack(std::move(lane), true);
  for (auto& peer : connector_.peers) peer.Close();
  RunTurns(loop_);
  held_.push_back(pool_->TakeDedicated(Key(), sink_));
  EXPECT_NE(held_.back()->state(), Lane::State::kClosed);
}

TEST_F(LanePoolTest, KeepsOnlySoManyIdleLanes) {
  options_.idle_dedicated = 2;
  Open();
  for (int i = 0; i < 5; ++i) held_.push_back(TakeReady());
  for (auto& lane : held_) GiveBack(std::move(lane), true);
  held_.clear();
  EXPECT_EQ(metrics_.idle_lanes.value(), 2);
}

TEST_F(LanePoolTest, RefusesBeyondTheCapOfAllLoops) {
  options_.max_dedicated = 2;
  Open();
  in_use_ = 1;  // another loop's
  held_.push_back(pool_->TakeDedicated(Key(), sink_));
  ASSERT_NE(held_.back(), nullptr);
  EXPECT_EQ(pool_->TakeDedicated(Key(), sink_), nullptr);
  EXPECT_EQ(in_use_.load(), 2U);
  GiveBack(std::move(held_.back()), true);
  held_.clear();
  held_.push_back(pool_->TakeDedicated(Key(), sink_));
  EXPECT_NE(held_.back(), nullptr);
}

TEST_F(LanePoolTest, GivesALaneBackFromInsideItsOwnCallbacks) {
  for (const bool clean : {true, false}) {
    Open();
    held_.push_back(TakeReady());
    ASSERT_TRUE(held_[0]->Send("a\r\n", sink_, Tagged(1)));
    sink_.on_tagged = [&](Lane&) { GiveBack(std::exchange(held_[0], nullptr), clean); };
    RunTurns(loop_);
    for (auto& peer : connector_.peers) (void)peer.TrySend("+a\r\n+b\r\n");
    RunTurns(loop_);
    EXPECT_EQ(held_[0], nullptr);
    EXPECT_EQ(in_use_.load(), 0U);
    held_.clear();
    pool_->CloseAll();
    RunTurns(loop_, 1);
  }
}

TEST_F(LanePoolTest, AnOwnerThatIsLostGivesItsLaneBackInside) {
  Open();
  held_.push_back(TakeReady());
  sink_.on_lost = [&](Lane&) { GiveBack(std::exchange(held_[0], nullptr), true); };
  for (auto& peer : connector_.peers) peer.Close();
  RunTurns(loop_);
  EXPECT_EQ(sink_.lost, 1);
  EXPECT_EQ(in_use_.load(), 0U);
}

TEST_F(LanePoolTest, ALaneThatCameBackReadsAgainAndHasNoOwner) {
  Open();
  auto lane = TakeReady();
  const auto watched = lane;
  lane->SetReading(false);
  lane->set_pubsub(true);
  GiveBack(std::move(lane), true);
  for (auto& peer : connector_.peers) (void)peer.TrySend(">1\r\n+push\r\n");
  RunTurns(loop_);
  EXPECT_EQ(watched->state(), Lane::State::kReady);
  EXPECT_TRUE(sink_.frames.empty());
}

TEST_F(LanePoolTest, ForgetIdleClosesTheIdleLanesOnly) {
  Open();
  auto lane = TakeReady();
  held_.push_back(TakeReady());
  const auto watched = lane;
  GiveBack(std::move(lane), true);
  pool_->ForgetIdle();
  EXPECT_EQ(watched->state(), Lane::State::kClosed);
  EXPECT_EQ(held_[0]->state(), Lane::State::kReady);
  EXPECT_EQ(metrics_.idle_lanes.value(), 0);
}

TEST_F(LanePoolTest, CloseAllClosesSharedAndIdleLanes) {
  Open();
  const auto shared = pool_->Shared(Key(), false);
  GreetAll();
  pool_->CloseAll();
  EXPECT_EQ(shared->state(), Lane::State::kClosed);
  RunTurns(loop_);
  EXPECT_EQ(connections_.load(), 0);
}

TEST_F(LanePoolTest, ClosesLanesThatNobodyHasUsedForLong) {
  options_.idle_timeout = std::chrono::seconds(0);
  Open();
  auto lane = TakeReady();
  GiveBack(std::move(lane), true);
  (void)pool_->Shared(Key(1), false);
  const auto used = pool_->Shared(Key(), false);
  ASSERT_TRUE(RunUntil(loop_, [&] { return metrics_.idle_lanes.value() == 0; }));
  RunTurns(loop_, 1);
  EXPECT_EQ(metrics_.shared_lanes.value(), 1);
  EXPECT_NE(used->state(), Lane::State::kClosed);
}

TEST_F(LanePoolTest, KeepsASharedLaneThatOwesReplies) {
  options_.idle_timeout = std::chrono::seconds(0);
  Open();
  ASSERT_TRUE(pool_->Shared(Key(), false)->Send("a\r\n", sink_, Plain()));
  Lane* const address = pool_->Shared(Key(), false).get();
  ASSERT_TRUE(RunUntil(loop_, [&] { return metrics_.idle_lanes.value() == 0; }));
  EXPECT_EQ(pool_->Shared(Key(), false).get(), address);
}

}  // namespace
}  // namespace herdgate::upstream
