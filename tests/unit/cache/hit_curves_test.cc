#include "sidecar/cache/hit_curves.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CurveTerms Terms(const std::string& name) {
  return {.name = name, .sizes = true, .lives = true, .near_for = seconds(5), .life = seconds(60)};
}

class Samples : public metrics::SampleSink {
 public:
  std::map<std::string, double> values;

 private:
  void AddValue(const metrics::Family& family, Labels labels, double value) override {
    std::string name(family.name);
    for (const auto& [label, text] : labels) name += " " + std::string(text);
    values[name] += value;
  }
  void AddHistogram(const metrics::HistogramFamily&, Labels, const metrics::HistogramSnapshot&) override {}
};

class HitCurvesTest : public testing::Test {
 protected:
  static std::uint64_t HashOf(std::uint64_t key) { return base::Random(key).Next(); }
  // How many look-ups had to be told.
  std::size_t LookUp(HitCurves::Tap& tap, std::uint64_t key, bool found, bool near = false) {
    const HitCurves::Lookup lookup{.hash = HashOf(key), .room = near ? std::size_t{200} : 0, .found = found};
    if (!tap.Counts(lookup.hash, near, found)) return 0;
    curves_.LookedUp(tap, lookup, now_);
    return 1;
  }
  void Pass(seconds time) {
    for (; time.count() > 0; time -= seconds(1)) {
      now_ += seconds(1);
      curves_.EverySecond(now_);
    }
  }
  HitCurve CurveOf(const std::string& policy) {
    for (HitCurve& curve : curves_.Snapshot(now_)) {
      if (curve.policy == policy) return std::move(curve);
    }
    return {};
  }
  std::map<std::string, double> Collected() const {
    Samples sink;
    curves_.Collect(sink);
    return sink.values;
  }

  base::SteadyTime now_{std::chrono::hours(5)};
  HitCurves curves_{2, 1'000'000, now_};
  HitCurves::Tap& user_ = [this]() -> HitCurves::Tap& {
    curves_.SetPolicies({Terms("user"), Terms("page")});
    return *curves_.TapOf(0, "user");
  }();
};

TEST_F(HitCurvesTest, TellsOfEachSizeAndLife) {
  LookUp(user_, 1, false);
  curves_.Published(HashOf(1), 200, seconds(5), now_);
  for (int i = 0; i < 3; ++i) LookUp(user_, 1, true, true);
  const HitCurve curve = CurveOf("user");
  EXPECT_EQ(curve.lookups, 4);
  EXPECT_EQ(curve.near_keys, 1U);
  ASSERT_EQ(curve.sizes.size(), kSizes);
  EXPECT_DOUBLE_EQ(curve.sizes[0].at, 125'000);
  EXPECT_DOUBLE_EQ(curve.sizes[6].at, 8'000'000);
  EXPECT_DOUBLE_EQ(curve.sizes[3].hit_ratio, 0.75);
  ASSERT_EQ(curve.lives.size(), kLives);
  EXPECT_DOUBLE_EQ(curve.lives[0].at, 15);
  EXPECT_DOUBLE_EQ(curve.lives[2].hit_ratio, 0.75);
}

TEST_F(HitCurvesTest, OfAPolicyThatNobodyAskedForItSaysNothing) {
  LookUp(user_, 1, false);
  const HitCurve curve = CurveOf("page");
  EXPECT_EQ(curve.policy, "page");
  EXPECT_TRUE(curve.sizes.empty());
  EXPECT_TRUE(curve.lives.empty());
}

TEST_F(HitCurvesTest, LoopsAreAddedUp) {
  LookUp(user_, 1, false);
  LookUp(*curves_.TapOf(1, "user"), 1, true);
  EXPECT_EQ(CurveOf("user").lookups, 2);
}

TEST_F(HitCurvesTest, PoliciesHaveWhatTheyAskFor) {
  CurveTerms near = Terms("near");
  near.lives = false;
  CurveTerms none = Terms("none");
  none.sizes = none.lives = false;
  curves_.SetPolicies({near, none});
  EXPECT_EQ(curves_.TapOf(0, "none"), nullptr);
  EXPECT_EQ(curves_.TapOf(0, "user"), nullptr);
  LookUp(*curves_.TapOf(0, "near"), 1, false);
  EXPECT_TRUE(CurveOf("near").lives.empty());
  EXPECT_EQ(CurveOf("near").sizes.size(), kSizes);
}

TEST_F(HitCurvesTest, AReloadLeavesAPolicysCurvesUnlessItsTermsAreOthers) {
  LookUp(user_, 1, false);
  curves_.SetPolicies({Terms("user")});
  EXPECT_EQ(CurveOf("user").lookups, 1);
  EXPECT_EQ(CurveOf("user").near_keys, 1U);
  CurveTerms other = Terms("user");
  other.life = seconds(30);
  curves_.SetPolicies({other});
  EXPECT_EQ(CurveOf("user").lookups, 0);
  EXPECT_EQ(CurveOf("user").near_keys, 0U);
}

TEST_F(HitCurvesTest, CountersGoOnThroughAReload) {
  LookUp(user_, 1, false);
  Pass(seconds(1));
  CurveTerms other = Terms("user");
  other.life = seconds(30);
  curves_.SetPolicies({other});
  LookUp(user_, 1, false);
  Pass(seconds(1));
  const auto values = Collected();
  EXPECT_DOUBLE_EQ(values.at("herdgate_what_if_lookups_total user"), 2);
  EXPECT_DOUBLE_EQ(values.at("herdgate_what_if_size_misses_total user 8x"), 2);
  EXPECT_DOUBLE_EQ(values.at("herdgate_what_if_ttl_misses_total user 1/4x"), 2);
}

TEST_F(HitCurvesTest, APolicyHasThirteenSeries) {
  EXPECT_EQ(Collected().size(), 2 * (1 + kSizes + kLives));
}

TEST_F(HitCurvesTest, PoliciesBeyondTheLimitHaveNone) {
  std::vector<CurveTerms> many;
  for (std::size_t i = 0; i < kMostCurves + 3; ++i) many.push_back(Terms("p" + std::to_string(i)));
  curves_.SetPolicies(many);
  EXPECT_NE(curves_.TapOf(0, "p31"), nullptr);
  EXPECT_EQ(curves_.TapOf(0, "p32"), nullptr);
}

// However few keys are asked for however often.
TEST_F(HitCurvesTest, FewLookUpsOfASecondAreTold) {
  for (const std::size_t keys : {1UL, 10UL, 1000UL, 100'000UL}) {
    base::Random random(keys);
    std::size_t last = 0;
    for (int second = 0; second < 8; ++second) {
      std::size_t told = 0;
      for (int i = 0; i < 100'000; ++i) told += LookUp(user_, random.Below(keys), true);
      EXPECT_LE(told, HitCurves::kMostEvents * 2) << keys;
      EXPECT_GT(told, 0U) << keys;
      last = told;
      Pass(seconds(1));
    }
    EXPECT_LE(last, HitCurves::kMostEvents / 2) << keys << ": one of two policies";
  }
}

TEST_F(HitCurvesTest, APolicyThatRestsIsNotCounted) {
  // Twenty keys, each gone for every tenth look-up.
  for (int i = 0; i < 100'000; ++i) {
    LookUp(user_, static_cast<std::uint64_t>(i % 20), i / 20 % 10 != 0);
    if (i % 20'000 == 19'999) Pass(seconds(1));
  }
  const HitCurve curve = CurveOf("user");
  EXPECT_LT(curve.lookups, 20'000);
  EXPECT_NEAR(curve.lives[2].hit_ratio, 0.9, 0.01);
}

TEST_F(HitCurvesTest, WhatIsLongPastIsForgotten) {
  for (std::uint64_t i = 0; i < 500; ++i) LookUp(user_, i % 5, true, true);
  EXPECT_GT(CurveOf("user").sizes[6].hit_ratio, 0.9);
  Pass(2 * HitCurves::kWindow + seconds(2));
  for (std::uint64_t i = 0; i < 500; ++i) LookUp(user_, 1000 + i, false);
  EXPECT_EQ(CurveOf("user").lookups, 500);
  EXPECT_DOUBLE_EQ(CurveOf("user").sizes[6].hit_ratio, 0);
  EXPECT_LE(CurveOf("user").window, 2 * HitCurves::kWindow);
}

TEST_F(HitCurvesTest, AfterAFloodOfKeysAFewAreSeenWholeAgain) {
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    LookUp(user_, i, true);
    if (i % 2000 == 0) Pass(seconds(1));
  }
  Pass(std::chrono::minutes(10));  // their lives are over
  const auto sampled = [&] {
    for (std::uint64_t i = 0; i < 100; ++i) LookUp(user_, i, true);
    return CurveOf("user").live_keys;
  };
  EXPECT_LT(sampled(), 50U);
  Pass(std::chrono::hours(2));
  EXPECT_EQ(sampled(), 100U);
}

TEST_F(HitCurvesTest, LoopsTellWhileOthersAsk) {
  std::atomic<bool> done = false;
  const auto loop = [&](std::size_t index) {
    HitCurves::Tap& tap = *curves_.TapOf(index, "user");
    base::Random random(index);
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t key = random.Below(5000);
      LookUp(tap, key, i % 3 != 0, i % 4 == 0);
      curves_.Published(HashOf(key), 200, seconds(5), now_);
      if (i % 7 == 0) curves_.Dropped(HashOf(key));
      if (tap.Samples(HashOf(key))) curves_.Written(tap, HashOf(key), seconds(10), now_);
    }
  };
  std::thread scraper([&] {
    while (!done) {
      curves_.Snapshot(now_);
      Collected();
      curves_.EverySecond(now_);
      curves_.SetPolicies({Terms("user"), Terms("other")});
    }
  });
  std::thread first(loop, 0);
  std::thread second(loop, 1);
  first.join();
  second.join();
  done = true;
  scraper.join();
  EXPECT_GT(CurveOf("user").lookups, 0);
  EXPECT_LE(CurveOf("user").lookups, 40'000);
}

}  // namespace
}  // namespace herdgate::cache
