#include "sidecar/app/reloader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "sidecar/config/diff.h"

namespace herdgate::app {
namespace {

using Result = Reloader::Result;

class SetClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return {}; }
  base::WallTime Wall() const override { return base::WallTime(std::chrono::milliseconds(ms)); }

  std::int64_t ms = 1000500;
};

config::Options OptionsOf(const std::string& text) {
  return config::LoadText(text, "c").options;
}

constexpr const char* kStart = "loops: 2\npolicies: [{name: a, match: 'a:*'}]\n";

class ReloaderTest : public ::testing::Test {
 protected:
  ReloaderTest() {
    registration_ = registry_.Register([this](metrics::SampleSink& sink) { reloader_.Collect(sink); });
  }

  Result Reload(const std::string& text) {
    text_ = text;
    return reloader_.Reload("test");
  }
  // "name" or "name{value of its label}" -> value.
  std::map<std::string, double> Metrics() {
    std::map<std::string, double> values;
    for (const metrics::FamilySamples& family : registry_.Collect()) {
      for (const metrics::Series& series : family.series) {
        std::string name(family.family.name.substr(std::string_view("herdgate_config_").size()));
        for (const auto& label : series.labels) name += "{" + label.second + "}";
        values[name] = series.value;
      }
    }
    return values;
  }

  std::string text_ = kStart;
  std::vector<config::Options> applied_;
  SetClock clock_;
  Reloader reloader_{OptionsOf(kStart), [this] { return config::LoadText(text_, "c"); },
                     [this](const config::Options& options) { applied_.push_back(options); }, clock_};
  metrics::Registry registry_;
  metrics::Registration registration_;
};

TEST_F(ReloaderTest, TheStartIsTheFirstGoodConfiguration) {
  const auto metrics = Metrics();
  EXPECT_EQ(metrics.at("reloads_total{applied}"), 0);
  EXPECT_EQ(metrics.at("reloads_total{refused}"), 0);
  EXPECT_EQ(metrics.at("reloads_total{unchanged}"), 0);
  EXPECT_EQ(metrics.at("last_reload_success"), 1);
  EXPECT_EQ(metrics.at("last_reload_timestamp_seconds"), 1000.5);
  EXPECT_EQ(metrics.at("pending_restart"), 0);
  EXPECT_EQ(metrics.at("info{" + config::HashOptions(OptionsOf(kStart)) + "}"), 1);
}

TEST_F(ReloaderTest, NewPoliciesAreApplied) {
  const std::string wanted = "loops: 2\npolicies: [{name: b, match: 'b:*'}]\n";
  clock_.ms = 2000000;
  EXPECT_EQ(Reload(wanted), Result::kApplied);
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_EQ(applied_[0].policies[0].name, "b");
  const auto metrics = Metrics();
  EXPECT_EQ(metrics.at("reloads_total{applied}"), 1);
  EXPECT_EQ(metrics.at("last_reload_timestamp_seconds"), 2000);
  EXPECT_EQ(metrics.count("info{" + config::HashOptions(OptionsOf(wanted)) + "}"), 1U);
}

TEST_F(ReloaderTest, TheViewShowsWhatIsInForceAndWhatWaits) {
  clock_.ms = 7000;
  EXPECT_EQ(Reload("loops: 3\nlog: {level: warn}\n"), Result::kApplied);
  admin::ConfigView view = reloader_.View();
  const std::map<std::string, std::string> options(view.options.begin(), view.options.end());
  EXPECT_EQ(options.at("loops"), "2");
  EXPECT_EQ(options.at("log.level"), "warn");
  EXPECT_EQ(view.pending, std::vector<std::string>{"loops"});
  EXPECT_EQ(view.applied, 1U);
  EXPECT_TRUE(view.last_reload_ok);
  EXPECT_EQ(view.last_good_at->time_since_epoch(), std::chrono::milliseconds(7000));
  EXPECT_EQ(Reload("loops: x\n"), Result::kRefused);
  EXPECT_FALSE(reloader_.View().last_reload_ok);
  EXPECT_EQ(reloader_.View().hash, view.hash);
}

TEST_F(ReloaderTest, TheViewHoldsNoPassword) {
  const Reloader reloader(OptionsOf("upstream: {url: 'redis://bob:s3cret@h:1'}"), nullptr, nullptr, clock_);
  for (const auto& [name, text] : reloader.View().options) EXPECT_EQ(text.find("s3cret"), std::string::npos) << name;
}

TEST_F(ReloaderTest, ABadFileKeepsTheOldConfiguration) {
  clock_.ms = 2000000;
  EXPECT_EQ(Reload("policies: [{name: B}]\nloops: x\n"), Result::kRefused);
  EXPECT_TRUE(applied_.empty());
  const auto metrics = Metrics();
  EXPECT_EQ(metrics.at("reloads_total{refused}"), 1);
  EXPECT_EQ(metrics.at("last_reload_success"), 0);
  EXPECT_EQ(metrics.at("last_reload_timestamp_seconds"), 1000.5);
  EXPECT_EQ(metrics.count("info{" + config::HashOptions(OptionsOf(kStart)) + "}"), 1U);
}

TEST_F(ReloaderTest, EveryProblemIsLogged) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Reload("policies: [{name: B, match: b}]\nloops: x\n"), Result::kRefused);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("c:1:19: policies[0]: name: expected"), std::string::npos) << log;
  EXPECT_NE(log.find("c:2:8: loops: expected"), std::string::npos) << log;
  EXPECT_NE(log.find("reload.refused"), std::string::npos) << log;
}

TEST_F(ReloaderTest, AFileThatIsGoodAgainIsASuccessWithoutAChange) {
  EXPECT_EQ(Reload("loops: x\n"), Result::kRefused);
  EXPECT_EQ(Reload(kStart), Result::kUnchanged);
  EXPECT_TRUE(applied_.empty());
  EXPECT_EQ(Metrics().at("last_reload_success"), 1);
}

TEST_F(ReloaderTest, AnotherSpellingIsUnchanged) {
  EXPECT_EQ(Reload("# the same\npolicies:\n- match: ['a:*']\n  name: a\nloops: 2\n"), Result::kUnchanged);
  EXPECT_TRUE(applied_.empty());
  EXPECT_EQ(Metrics().at("reloads_total{unchanged}"), 1);
}

TEST_F(ReloaderTest, WhatNeedsARestartIsNamedAndStays) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Reload("loops: 3\nlog: {level: warn, format: text}\n"), Result::kApplied);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("loops, log.format"), std::string::npos) << log;
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_EQ(applied_[0].loops, 2U);
  EXPECT_EQ(applied_[0].log.level, base::LogLevel::kWarn);
  EXPECT_TRUE(applied_[0].policies.empty());
  EXPECT_EQ(Metrics().at("pending_restart"), 2);
  EXPECT_EQ(Metrics().count("info{" + config::HashOptions(applied_[0]) + "}"), 1U);
}

TEST_F(ReloaderTest, WhatIsTakenBackNeedsNoRestart) {
  EXPECT_EQ(Reload("loops: 3\n"), Result::kApplied);
  EXPECT_EQ(Reload(kStart), Result::kApplied);
  EXPECT_EQ(Metrics().at("pending_restart"), 0);
  EXPECT_EQ(applied_.back().policies.size(), 1U);
}

TEST_F(ReloaderTest, CatchingUpCountsOnlyWhatHasChanged) {
  reloader_.CatchUp();
  EXPECT_EQ(Metrics().at("reloads_total{unchanged}"), 0);
  text_ = "policies: []\n";
  reloader_.CatchUp();
  EXPECT_EQ(Metrics().at("reloads_total{applied}"), 1);
  text_ = "x";
  reloader_.CatchUp();
  EXPECT_EQ(Metrics().at("reloads_total{refused}"), 1);
}

TEST_F(ReloaderTest, WithoutAFileNothingChanges) {
  Reloader reloader(
      {}, nullptr, [](const config::Options&) { FAIL(); }, clock_);
  EXPECT_EQ(reloader.Reload("SIGHUP"), Result::kUnchanged);
  reloader.CatchUp();
}

}  // namespace
}  // namespace herdgate::app
