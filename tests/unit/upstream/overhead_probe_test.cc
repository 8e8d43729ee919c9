#include "sidecar/upstream/overhead_probe.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

namespace herdgate::upstream {
namespace {

// A loop that nobody runs: turns end when the test says so.
class OverheadProbeTest : public testing::Test {
 protected:
  // The number of the next command that is looked at.
  std::uint8_t Sample() {
    for (std::uint32_t i = 1; i < OverheadProbe::kEvery; ++i) EXPECT_EQ(probe_->Begin(*loop_), 0) << i;
    return probe_->Begin(*loop_);
  }
  // As a turn's flush does: first the probe, then once more, behind the others.
  void EndTurn() {
    probe_->OnFlush();
    probe_->OnFlush();
  }
  std::uint64_t Observed() const { return probe_->histogram().Snapshot().Count(); }

  std::unique_ptr<net::Loop> loop_ = std::make_unique<net::Loop>(0);
  std::unique_ptr<OverheadProbe> probe_ = std::make_unique<OverheadProbe>();
};

TEST_F(OverheadProbeTest, OneCommandInManyIsLookedAt) {
  EXPECT_NE(Sample(), 0);
  EndTurn();
  EXPECT_EQ(Observed(), 0U) << "it has no reply yet";
}

TEST_F(OverheadProbeTest, TheTwoTurnsAreAddedUpWithoutWhatIsBetween) {
  const auto clock = [] { return std::chrono::steady_clock::now(); };
  const base::SteadyTime began = loop_->Now();
  const std::uint8_t id = Sample();
  EndTurn();
  const base::SteadyTime sent = clock();
  do loop_->RefreshNow();
  while (loop_->Now() - sent < std::chrono::milliseconds(2));
  probe_->OnReply(id);
  EndTurn();
  const std::chrono::nanoseconds at_most = (clock() - began) - (loop_->Now() - sent);
  EXPECT_LE(probe_->histogram().Snapshot().sum, static_cast<std::uint64_t>(at_most.count()));
  EXPECT_EQ(Observed(), 1U);
  probe_->OnReply(id);
  EXPECT_EQ(Observed(), 1U) << "once";
}

TEST_F(OverheadProbeTest, ACommandThatIsNeverAnsweredMakesRoomForTheNext) {
  const std::uint8_t lost = Sample();
  EndTurn();
  const std::uint8_t next = Sample();
  ASSERT_NE(next, 0);
  EXPECT_NE(next, lost);
  EndTurn();
  probe_->OnReply(lost);
  probe_->OnReply(next);
  EndTurn();
  EXPECT_EQ(Observed(), 1U);
}

TEST_F(OverheadProbeTest, ATurnUnderWayIsNotDisturbed) {
  EXPECT_NE(Sample(), 0);
  for (std::uint32_t i = 0; i < 3 * OverheadProbe::kEvery; ++i) EXPECT_EQ(probe_->Begin(*loop_), 0);
}

TEST_F(OverheadProbeTest, MayGoWhileItsLoopHasATurnToEnd) {
  EXPECT_NE(Sample(), 0);
  probe_.reset();
  loop_.reset();
}

}  // namespace
}  // namespace herdgate::upstream
