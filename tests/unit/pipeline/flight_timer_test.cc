#include "sidecar/pipeline/flight_timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sidecar/stampede/flight_table.h"
#include "tests/support/loop_turns.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;

class FlightTimerTest : public ::testing::Test {
 protected:
  FlightTimerTest()
      : timer_(table_, loop_, [this] {
          ++wakes_;
          stampede::Todo todo;
          table_.OnDue(loop_.Now(), todo);
          woken_ += todo.wakes.size();
        }) {}
  ~FlightTimerTest() override {
    timer_.Close();
    testing::RunTurns(loop_);
  }

  // A flight led by one caller and awaited by another, who is let go after `max_wait`.
  void Wait(const std::string& key, milliseconds max_wait) {
    const auto now = base::SystemClock().Now();
    stampede::Todo todo;
    const stampede::FlightTerms terms{.lease = false, .max_wait = max_wait, .overtime = milliseconds(0)};
    table_.Begin(table_.Hash(key), {++caller_}, terms, now, todo);
    table_.Begin(table_.Hash(key), {++caller_}, terms, now, todo);
  }
  void Look(bool on_home = true) { timer_.Look(base::SystemClock().Now(), on_home); }

  net::Loop loop_{0};
  stampede::FlightTable table_;
  std::uint64_t caller_ = 0;
  int wakes_ = 0;
  std::size_t woken_ = 0;
  FlightTimer timer_;
};

TEST_F(FlightTimerTest, WakesForWhatIsDue) {
  Wait("k", milliseconds(5));
  Look();
  EXPECT_TRUE(testing::RunUntil(loop_, [&] { return woken_ == 1; }));
}

TEST_F(FlightTimerTest, SleepsWhileNothingIsDue) {
  Wait("k", milliseconds(60000));
  Look();
  testing::RunFor(loop_, milliseconds(50));
  EXPECT_EQ(wakes_, 0);
}

TEST_F(FlightTimerTest, SleepsWithoutFlights) {
  Look();
  testing::RunFor(loop_, milliseconds(20));
  EXPECT_EQ(wakes_, 0);
}

TEST_F(FlightTimerTest, EarlierDueEndsTheSleepEarlier) {
  Wait("late", milliseconds(60000));
  Look();
  testing::RunTurns(loop_);
  Wait("early", milliseconds(5));
  Look();
  EXPECT_TRUE(testing::RunUntil(loop_, [&] { return woken_ == 1; }));
}

TEST_F(FlightTimerTest, AnotherThreadEndsTheSleepEarlier) {
  Wait("late", milliseconds(60000));
  Look();
  testing::RunTurns(loop_);
  std::jthread([this] {
    Wait("early", milliseconds(5));
    Look(false);
  }).join();
  EXPECT_TRUE(testing::RunUntil(loop_, [&] { return woken_ == 1; }));
}

TEST_F(FlightTimerTest, GoesOnUntilNothingIsDueAnyMore) {
  for (int i = 0; i < 5; ++i) Wait("k" + std::to_string(i), milliseconds(5 * i));
  Look();
  EXPECT_TRUE(testing::RunUntil(loop_, [&] { return woken_ == 5; }));
}

TEST_F(FlightTimerTest, CloseEndsIt) {
  Wait("k", milliseconds(5));
  Look();
  timer_.Close();
  Look();
  testing::RunFor(loop_, milliseconds(30));
  EXPECT_EQ(wakes_, 0);
}

TEST_F(FlightTimerTest, NoFlightOfAnyThreadIsForgotten) {
  constexpr int kThreads = 3;
  constexpr int kFlights = 300;
  std::atomic<int> running{kThreads};
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kFlights; ++i) {
        const auto now = base::SystemClock().Now();
        const std::string key = std::to_string(thread) + ":" + std::to_string(i);
        const auto caller = static_cast<std::uint64_t>(1000000 + 2 * (thread * kFlights + i));
        stampede::Todo todo;
        const stampede::FlightTerms terms{.lease = false, .max_wait = milliseconds(i % 7), .overtime = milliseconds(0)};
        table_.Begin(table_.Hash(key), {caller}, terms, now, todo);
        table_.Begin(table_.Hash(key), {caller + 1}, terms, now, todo);
        timer_.Look(now, false);
        if (i % 10 == 0) std::this_thread::sleep_for(milliseconds(i % 3));
      }
      --running;
    });
  }
  EXPECT_TRUE(testing::RunUntil(loop_, [&] { return running == 0 && woken_ == kThreads * kFlights; }));
}

}  // namespace
}  // namespace herdgate::pipeline
