#include "sidecar/admin/figures.h"

#include <gtest/gtest.h>

#include <chrono>

#include "sidecar/metrics/buckets.h"

namespace herdgate::admin {
namespace {

using namespace std::chrono_literals;

constexpr metrics::CounterFamily kLookups{"herdgate_lookups_total", "Lookups."};
constexpr metrics::CounterFamily kCommands{"herdgate_commands_total", "Commands."};
constexpr metrics::HistogramFamily kDuration{"herdgate_command_duration_seconds", "Durations.",
                                             metrics::kCommandDurationBuckets};

class TestClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return now; }
  base::WallTime Wall() const override { return {}; }
  base::SteadyTime now{1h};
};

class FiguresTest : public ::testing::Test {
 protected:
  void Look(double hits, double misses) {
    hits_ += hits;
    misses_ += misses;
  }

  TestClock clock_;
  metrics::Registry registry_;
  double hits_ = 0;
  double misses_ = 0;
  metrics::Histogram durations_{metrics::kCommandDurationBuckets};
  const metrics::Registration registration_ = registry_.Register([this](metrics::SampleSink& sink) {
    sink.Add(kLookups, {{"policy", "a"}, {"outcome", "hit"}, {"source", "redis"}}, hits_);
    sink.Add(kLookups, {{"policy", "a"}, {"outcome", "hit"}, {"source", "fallback"}}, 0);
    sink.Add(kLookups, {{"policy", "b"}, {"outcome", "miss"}, {"source", "redis"}}, misses_);
    sink.Add(kCommands, {{"command", "get"}, {"outcome", "ok"}}, hits_ + misses_);
    sink.Add(kDuration, {{"class", "read"}}, durations_);
  });
  Figures figures_{registry_, clock_};
};

TEST_F(FiguresTest, LookupsAreSummedByPolicyAndOutcome) {
  Look(30, 10);
  figures_.Update();
  EXPECT_EQ(figures_.Lookups({}).lookups(), 40);
  EXPECT_EQ(figures_.Lookups({}).hit_ratio(), 0.75);
  EXPECT_EQ(figures_.Lookups("a").hit_ratio(), 1);
  EXPECT_EQ(figures_.Lookups("b").hit_ratio(), 0);
  EXPECT_FALSE(figures_.Lookups("c").hit_ratio());
}

TEST_F(FiguresTest, RatesNeedTwoSamplesASecondApart) {
  figures_.Update();
  EXPECT_FALSE(figures_.Rates({}));
  clock_.now += 500ms;
  figures_.Update();
  EXPECT_FALSE(figures_.Rates({}));
  Look(100, 0);
  clock_.now += 1500ms;
  figures_.Update();
  ASSERT_TRUE(figures_.Rates({}));
  EXPECT_DOUBLE_EQ(figures_.Rates({})->lookups(), 50);
  EXPECT_DOUBLE_EQ(figures_.Rates("b")->lookups(), 0);
  EXPECT_DOUBLE_EQ(*figures_.CommandsPerSecond(), 50);
}

TEST_F(FiguresTest, RatesForgetWhatIsOlderThanTheWindow) {
  figures_.Update();
  Look(1000, 0);
  for (int i = 0; i < 20; ++i) {
    clock_.now += 1s;
    figures_.Update();
  }
  EXPECT_EQ(figures_.Rates({})->lookups(), 0);
  clock_.now += 2min;
  figures_.Update();
  EXPECT_FALSE(figures_.Rates({}));
}

TEST_F(FiguresTest, LatencyIsOfTheWindowAlone) {
  durations_.Record(10s, 100);
  figures_.Update();
  clock_.now += 1s;
  figures_.Update();
  EXPECT_FALSE(figures_.Latency());
  durations_.Record(90us, 1000);
  clock_.now += 1s;
  figures_.Update();
  ASSERT_TRUE(figures_.Latency());
  EXPECT_GT(figures_.Latency()->p50_s, 0);
  EXPECT_LE(figures_.Latency()->p999_s, 0.0002);
}

}  // namespace
}  // namespace herdgate::admin
