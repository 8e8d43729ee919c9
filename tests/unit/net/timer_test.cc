#include "sidecar/net/timer.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/loop_turns.h"

namespace herdgate::net {
namespace {

using std::chrono::milliseconds;
using testing::RunFor;
using testing::RunTurns;
using testing::RunUntil;

TEST(TimerTest, RunsItsTaskOnceAfterTheDelay) {
  Loop loop(0);
  Timer timer(loop);
  int runs = 0;
  const auto start = std::chrono::steady_clock::now();
  timer.After(milliseconds(20), [&] { ++runs; });
  EXPECT_TRUE(timer.armed());
  ASSERT_TRUE(RunUntil(loop, [&] { return runs > 0; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(19));
  EXPECT_FALSE(timer.armed());
  RunFor(loop, milliseconds(30));
  EXPECT_EQ(runs, 1);
}

TEST(TimerTest, ForgetsAnEarlierDeadline) {
  Loop loop(0);
  Timer timer(loop);
  std::vector<int> ran;
  timer.After(milliseconds(1), [&] { ran.push_back(1); });
  timer.After(milliseconds(2), [&] { ran.push_back(2); });
  ASSERT_TRUE(RunUntil(loop, [&] { return !ran.empty(); }));
  RunFor(loop, milliseconds(10));
  EXPECT_EQ(ran, std::vector<int>{2});
}

TEST(TimerTest, DoesNotRunAfterCancel) {
  Loop loop(0);
  Timer timer(loop);
  bool ran = false;
  timer.After(milliseconds(1), [&] { ran = true; });
  timer.Cancel();
  EXPECT_FALSE(timer.armed());
  RunFor(loop, milliseconds(10));
  EXPECT_FALSE(ran);
}

TEST(TimerTest, DoesNotRunAfterItsDestruction) {
  Loop loop(0);
  bool ran = false;
  {
    Timer timer(loop);
    timer.After(milliseconds(1), [&] { ran = true; });
  }
  RunFor(loop, milliseconds(10));
  EXPECT_FALSE(ran);
}

TEST(TimerTest, MayBeArmedAgainByItsOwnTask) {
  Loop loop(0);
  Timer timer(loop);
  int runs = 0;
  std::function<void()> task = [&] {
    if (++runs < 3) timer.After(milliseconds(0), task);
  };
  timer.After(milliseconds(0), task);
  ASSERT_TRUE(RunUntil(loop, [&] { return runs == 3; }));
}

TEST(TimerTest, MayBeDestroyedByItsOwnTask) {
  Loop loop(0);
  auto timer = std::make_unique<Timer>(loop);
  bool ran = false;
  timer->After(milliseconds(0), [&] {
    timer.reset();
    ran = true;
  });
  ASSERT_TRUE(RunUntil(loop, [&] { return ran; }));
  RunTurns(loop);
}

TEST(TimerTest, ShowsItsTaskTheTimeOfTheDeadline) {
  Loop loop(0);
  Timer timer(loop);
  const auto start = std::chrono::steady_clock::now();
  base::SteadyTime seen;
  bool ran = false;
  timer.After(milliseconds(15), [&] {
    seen = loop.Now();
    ran = true;
  });
  ASSERT_TRUE(RunUntil(loop, [&] { return ran; }));
  EXPECT_GE(seen - start, milliseconds(14));
}

}  // namespace
}  // namespace herdgate::net
