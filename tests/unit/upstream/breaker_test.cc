#include "sidecar/upstream/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/log.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using State = Breaker::State;

class MovedClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return now; }
  base::WallTime Wall() const override { return {}; }
  base::SteadyTime now{std::chrono::hours(1)};
};

class CountingSink final : public metrics::SampleSink {
 public:
  std::map<std::string, double> values;

 private:
  void AddValue(const metrics::Family& family, Labels labels, double value) override {
    std::string name(family.name);
    for (const auto& label : labels) name += "," + std::string(label.value);
    values[name] = value;
  }
  void AddHistogram(const metrics::HistogramFamily&, Labels, const metrics::HistogramSnapshot&) override {}
};

class BreakerTest : public ::testing::Test {
 protected:
  BreakerTest() {
    base::ConfigureLog(base::LogFormat::kAuto, base::LogLevel::kError);
    breaker_.SetOnChange([this](State, std::string_view reason) {
      // Not under its mutex.
      seen_.push_back(std::string(Name(breaker_.Get().state)) + " " + std::string(reason));
    });
  }
  // A lane was there and broke; the next attempt failed.
  void Open() {
    breaker_.OnReady();
    breaker_.OnReadyEnded(true);
    breaker_.OnFailed("Connection refused");
    ASSERT_EQ(breaker_.state(), State::kOpen);
  }

  MovedClock clock_;
  Breaker breaker_{clock_};
  std::vector<std::string> seen_;
};

TEST_F(BreakerTest, NeverOpensWithoutAnOwner) {
  Breaker breaker(clock_);
  breaker.OnFailed("Connection refused");
  breaker.OnSilent("no answer");
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_TRUE(breaker.MayConnect());
  EXPECT_TRUE(breaker.MayConnect());
}

TEST_F(BreakerTest, OpensWhenAnAttemptFailsAndNoLaneIsReady) {
  breaker_.OnFailed("Connection refused");
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.Get().error, "Connection refused");
  EXPECT_THAT(seen_, ElementsAre("open unreachable"));
}

TEST_F(BreakerTest, StaysClosedWhileALaneIsReady) {
  breaker_.OnReady();
  breaker_.OnFailed("max number of clients reached");
  EXPECT_EQ(breaker_.state(), State::kClosed);
  breaker_.OnReadyEnded(true);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, OpensWhenALaneIsSilentAndHalfOpensWhenNoneIs) {
  breaker_.OnReady();
  breaker_.OnSilent("no answer");
  breaker_.OnSilent("no answer");
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_FALSE(breaker_.TryHalfOpen());
  breaker_.OnSilenceEnded();
  EXPECT_FALSE(breaker_.TryHalfOpen());
  breaker_.OnSilenceEnded();
  EXPECT_TRUE(breaker_.TryHalfOpen());
  EXPECT_TRUE(breaker_.TryHalfOpen());
  EXPECT_THAT(seen_, ElementsAre("open silent", "half_open answered"));
}

TEST_F(BreakerTest, ClosesAndReopensFromHalfOpenOnly) {
  breaker_.Close();
  breaker_.Reopen(Breaker::kProbeFailed);
  EXPECT_FALSE(breaker_.TryHalfOpen());
  EXPECT_TRUE(seen_.empty());
  Open();
  breaker_.Close();
  EXPECT_EQ(breaker_.state(), State::kOpen);
  ASSERT_TRUE(breaker_.TryHalfOpen());
  breaker_.Reopen(Breaker::kReplayFailed);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  ASSERT_TRUE(breaker_.TryHalfOpen());
  breaker_.Close();
  EXPECT_THAT(seen_, ElementsAre("open unreachable", "half_open answered", "open replay_failed", "half_open answered",
                                 "closed replayed"));
}

TEST_F(BreakerTest, OpensAgainWhenALaneFallsSilentDuringTheReplay) {
  Open();
  ASSERT_TRUE(breaker_.TryHalfOpen());
  breaker_.OnSilent("no answer");
  breaker_.Close();
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

// ---- who may connect

TEST_F(BreakerTest, AllLanesMayConnectAtTheStart) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(breaker_.MayConnect());
}

TEST_F(BreakerTest, AllLanesMayConnectWhenTheOthersWereClosedByOurOwnWill) {
  breaker_.OnReady();
  breaker_.OnReadyEnded(false);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(breaker_.MayConnect());
}

TEST_F(BreakerTest, OneLaneAtATimeMayConnectWhenAllAreLost) {
  breaker_.OnReady();
  breaker_.OnReadyEnded(true);
  EXPECT_TRUE(breaker_.MayConnect());
  EXPECT_FALSE(breaker_.MayConnect());
  clock_.now += milliseconds(149);
  EXPECT_FALSE(breaker_.MayConnect());
  clock_.now += milliseconds(1);
  EXPECT_TRUE(breaker_.MayConnect());
  EXPECT_FALSE(breaker_.MayConnect());
  breaker_.OnReady();
  EXPECT_TRUE(breaker_.MayConnect());
  EXPECT_TRUE(breaker_.MayConnect());
}

TEST_F(BreakerTest, NoLaneMayConnectWhileItIsOpen) {
  Open();
  clock_.now += std::chrono::hours(1);
  EXPECT_FALSE(breaker_.MayConnect());
}

TEST_F(BreakerTest, LanesMayConnectToAnUpstreamThatAnswersThoughALaneIsSilent) {
  breaker_.OnReady();
  breaker_.OnSilent("no answer");
  EXPECT_FALSE(breaker_.MayConnect());
  EXPECT_FALSE(breaker_.TryHalfOpen());
  EXPECT_TRUE(breaker_.MayConnect());
  breaker_.Reopen(Breaker::kProbeFailed);
  EXPECT_FALSE(breaker_.MayConnect());
}

TEST_F(BreakerTest, LanesMayConnectAfterAFailedReplayButNotAfterAFailedProbe) {
  Open();
  breaker_.OnReady();
  ASSERT_TRUE(breaker_.TryHalfOpen());
  breaker_.Reopen(Breaker::kReplayFailed);
  EXPECT_TRUE(breaker_.MayConnect());
  ASSERT_TRUE(breaker_.TryHalfOpen());
  breaker_.Reopen(Breaker::kProbeFailed);
  EXPECT_FALSE(breaker_.MayConnect());
}

// ---- what it tells

TEST_F(BreakerTest, CountsTransitionsAndTheTimeInWhichItWasNotClosed) {
  clock_.now += milliseconds(1000);
  Open();
  clock_.now += milliseconds(2000);
  ASSERT_TRUE(breaker_.TryHalfOpen());
  clock_.now += milliseconds(500);
  CountingSink half_open;
  breaker_.Collect(half_open);
  EXPECT_EQ(half_open.values["herdgate_upstream_breaker_state,half_open"], 1);
  EXPECT_EQ(half_open.values["herdgate_upstream_breaker_state,open"], 0);
  EXPECT_EQ(half_open.values["herdgate_upstream_degraded_seconds_total"], 2.5);
  breaker_.Close();
  clock_.now += milliseconds(9000);
  CountingSink closed;
  breaker_.Collect(closed);
  EXPECT_EQ(closed.values["herdgate_upstream_breaker_state,closed"], 1);
  EXPECT_EQ(closed.values["herdgate_upstream_degraded_seconds_total"], 2.5);
  EXPECT_EQ(closed.values["herdgate_upstream_breaker_transitions_total,open,unreachable"], 1);
  EXPECT_EQ(closed.values["herdgate_upstream_breaker_transitions_total,open,silent"], 0);
  EXPECT_EQ(closed.values["herdgate_upstream_breaker_transitions_total,half_open,answered"], 1);
  EXPECT_EQ(closed.values["herdgate_upstream_breaker_transitions_total,closed,replayed"], 1);
}

TEST_F(BreakerTest, KnowsSinceWhenAndWhy) {
  clock_.now += milliseconds(70);
  Open();
  const Breaker::Info info = breaker_.Get();
  EXPECT_EQ(info.since, clock_.now);
  EXPECT_EQ(info.reason, Breaker::kUnreachable);
  EXPECT_EQ(info.error, "Connection refused");
  breaker_.OnReady();
  EXPECT_EQ(breaker_.Get().error, "");
}

TEST(BreakerThreadsTest, CountsEveryChangeOfManyThreads) {
  base::ConfigureLog(base::LogFormat::kAuto, base::LogLevel::kError);
  Breaker breaker;
  std::atomic<int> opened{0};
  std::atomic<int> others{0};
  breaker.SetOnChange([&](State to, std::string_view) { (to == State::kOpen ? opened : others).fetch_add(1); });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        breaker.OnFailed("x");
        (void)breaker.MayConnect();
        if (breaker.TryHalfOpen()) breaker.Close();
        CountingSink sink;
        breaker.Collect(sink);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  breaker.OnFailed("x");
  EXPECT_EQ(others.load(), 2 * (opened.load() - 1));
  EXPECT_EQ(breaker.state(), State::kOpen);
}

}  // namespace
}  // namespace herdgate::upstream
