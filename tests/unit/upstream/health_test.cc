#include "sidecar/upstream/health.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace herdgate::upstream {
namespace {

using std::chrono::seconds;
const base::SteadyTime kStart{seconds(100)};

TEST(HealthTest, IsNotConnectedAtFirst) {
  const Health health;
  EXPECT_FALSE(health.Get().connected);
  EXPECT_FALSE(health.Get().ever);
}

TEST(HealthTest, UpTellsWhetherItChangedAnything) {
  Health health;
  EXPECT_TRUE(health.Up(kStart));
  EXPECT_FALSE(health.Up(kStart + seconds(1)));
  EXPECT_TRUE(health.Get().connected);
  EXPECT_EQ(health.Get().since, kStart);
}

TEST(HealthTest, DownKeepsTheBeginningOfTheOutageAndTheLastReason) {
  Health health;
  (void)health.Up(kStart);
  EXPECT_TRUE(health.Down(kStart + seconds(1), "first"));
  EXPECT_FALSE(health.Down(kStart + seconds(2), "second"));
  const Health::State state = health.Get();
  EXPECT_FALSE(state.connected);
  EXPECT_TRUE(state.ever);
  EXPECT_EQ(state.error, "second");
  EXPECT_EQ(state.since, kStart + seconds(1));
}

TEST(HealthTest, AnUpstreamThatWasNeverReachedIsDownFromItsFirstFailure) {
  Health health;
  EXPECT_TRUE(health.Down(kStart, "refused"));
  EXPECT_FALSE(health.Get().ever);
  EXPECT_EQ(health.Get().since, kStart);
}

TEST(HealthTest, UpForgetsTheReason) {
  Health health;
  (void)health.Down(kStart, "refused");
  EXPECT_TRUE(health.Up(kStart + seconds(1)));
  EXPECT_EQ(health.Get().error, "");
}

TEST(HealthTest, IsSharedByThreads) {
  Health health;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 1000; ++k) {
        if (i % 2 == 0) {
          (void)health.Up(kStart);
        } else {
          (void)health.Down(kStart, "no");
        }
        const Health::State state = health.Get();
        EXPECT_EQ(state.connected, state.error.empty());
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace herdgate::upstream
