#include "sidecar/policy/policy_metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/policy/judge_fixture.h"

namespace herdgate::policy {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<const PolicySet> SetOf(const std::vector<std::string>& names) {
  std::vector<Policy> policies;
  for (const std::string& name : names) {
    policies.push_back(TtlPolicy());
    policies.back().name = name;
  }
  return std::make_shared<const PolicySet>(std::move(policies));
}

// "name{label=value,...}" -> value; of histograms the count, and "..._sum" in seconds.
std::map<std::string, double> Collected(const PolicyMetrics& metrics) {
  metrics::Registry registry;
  const auto registration = registry.Register([&](metrics::SampleSink& sink) { metrics.Collect(sink); });
  std::map<std::string, double> values;
  for (const auto& family : registry.Collect()) {
    for (const auto& series : family.series) {
      std::string labels;
      for (const auto& [name, value] : series.labels) labels += (labels.empty() ? "" : ",") + name + "=" + value;
      const std::string name(family.family.name);
      const bool is_histogram = series.histogram.layout != nullptr;
      values[name + "{" + labels + "}"] = is_histogram ? static_cast<double>(series.histogram.Count()) : series.value;
      if (is_histogram) values[name + "_sum{" + labels + "}"] = static_cast<double>(series.histogram.sum) / 1e9;
    }
  }
  return values;
}

RequestPlan Judged(TtlAction action, std::int64_t requested, std::int64_t applied, std::size_t policy = 0) {
  RequestPlan plan;
  plan.judgements.push_back(
      {.policy = policy, .action = action, .requested = milliseconds(requested), .applied = milliseconds(applied)});
  return plan;
}

TEST(PolicyMetricsTest, EachJudgementIsCountedByItsAction) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user", "cart"}));
  metrics.Count(Judged(TtlAction::kClamped, 1'000, 10'000), kNow);
  metrics.Count(Judged(TtlAction::kApplied, 0, 60'000), kNow);
  metrics.Count(Judged(TtlAction::kAllowed, 0, 0), kNow);
  metrics.Count(Judged(TtlAction::kRejected, 0, 0, 1), kNow);
  const auto values = Collected(metrics);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=clamped,policy=user}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=applied,policy=user}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=allowed,policy=user}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=unchanged,policy=user}"), 0);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=rejected,policy=cart}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_writes_without_ttl_total{policy=user}"), 2);
  EXPECT_EQ(values.at("herdgate_policy_ttl_requested_seconds{}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_ttl_requested_seconds_sum{}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_ttl_applied_seconds{}"), 2);
  EXPECT_EQ(values.at("herdgate_policy_ttl_applied_seconds_sum{}"), 70);
}

TEST(PolicyMetricsTest, RefusalsAndRewritesAreCountedByPolicy) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user", "cart"}));
  RequestPlan plan;
  plan.refusals = {{.policy = 1, .reason = Refusal::kScript}, {.policy = 0, .reason = Refusal::kKeyTooLong}};
  plan.rewrites = {{.policy = 0, .keys = 3}, {.policy = 1, .keys = 1}};
  metrics.Count(plan, kNow);
  const auto values = Collected(metrics);
  EXPECT_EQ(values.at("herdgate_policy_refusals_total{policy=cart,reason=script}"), 1);
  EXPECT_EQ(values.at("herdgate_policy_refusals_total{policy=user,reason=key_too_long}"), 1);
  EXPECT_EQ(values.count("herdgate_policy_refusals_total{policy=user,reason=script}"), 0U);
  EXPECT_EQ(values.at("herdgate_policy_key_rewrites_total{policy=user}"), 3);
  EXPECT_EQ(values.at("herdgate_policy_key_rewrites_total{policy=cart}"), 1);
}

TEST(PolicyMetricsTest, KeysThatFallDueTogetherShowAsAPeak) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user"}));
  for (int i = 0; i < 7; ++i) metrics.Count(Judged(TtlAction::kApplied, 0, 60'000 + i), kNow);
  metrics.Count(Judged(TtlAction::kApplied, 0, 61'000), kNow);
  EXPECT_EQ(Collected(metrics).at("herdgate_policy_expiry_peak_keys{policy=user}"), 7);
}

TEST(PolicyMetricsTest, TheLongestExpiryIsCounted) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user"}));
  constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max();
  metrics.Count(Judged(TtlAction::kUnchanged, kLongest, kLongest), kNow);
  const auto values = Collected(metrics);
  EXPECT_EQ(values.at("herdgate_policy_ttl_applied_seconds_sum{}"), 100.0 * 365 * 86'400);
  EXPECT_EQ(values.at("herdgate_policy_expiry_peak_keys{policy=user}"), 1);
}

TEST(PolicyMetricsTest, OneLoopDescribesThePolicies) {
  Policy policy = TtlPolicy();
  policy.mode = Mode::kAudit;
  const auto set = std::make_shared<const PolicySet>(std::vector<Policy>{policy});
  PolicyMetrics first(true);
  PolicyMetrics second(false);
  first.SetPolicies(set);
  second.SetPolicies(set);
  EXPECT_EQ(Collected(first).at("herdgate_policy_info{mode=audit,policy=user}"), 1);
  EXPECT_EQ(Collected(second).count("herdgate_policy_info{mode=audit,policy=user}"), 0U);
}

TEST(PolicyMetricsTest, CountersGoOnThroughAReloadThatKeepsTheName) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user", "cart"}));
  metrics.Count(Judged(TtlAction::kAllowed, 0, 0, 0), kNow);
  metrics.SetPolicies(SetOf({"new", "user"}));
  metrics.Count(Judged(TtlAction::kAllowed, 0, 0, 1), kNow);
  auto values = Collected(metrics);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=allowed,policy=user}"), 2);
  EXPECT_EQ(values.at("herdgate_policy_writes_total{action=applied,policy=new}"), 0);
  // Those of a policy that is gone go with it.
  EXPECT_EQ(values.count("herdgate_policy_writes_total{action=unchanged,policy=cart}"), 0U);
  EXPECT_EQ(values.count("herdgate_policy_info{mode=enforce,policy=cart}"), 0U);
  metrics.SetPolicies(nullptr);
  values = Collected(metrics);
  EXPECT_EQ(values.count("herdgate_policy_writes_total{action=allowed,policy=user}"), 0U);
  EXPECT_EQ(values.count("herdgate_policy_info{mode=enforce,policy=user}"), 0U);
}

TEST(PolicyMetricsTest, PoliciesThatAReloadTookAwayAreNotCounted) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user"}));
  RequestPlan plan = Judged(TtlAction::kRejected, 0, 0, 5);
  plan.refusals = {{.policy = 5, .reason = Refusal::kMissingTtl}};
  plan.rewrites = {{.policy = PolicySet::kNone, .keys = 1}};
  metrics.Count(plan, kNow);
  EXPECT_EQ(Collected(metrics).count("herdgate_policy_writes_total{action=rejected,policy=user}"), 0U);
}

TEST(PolicyMetricsTest, RowsThatTheRulesAllowAreThereFromTheStart) {
  Policy judged = TtlPolicy(MissingTtl::kReject);
  judged.ttl.jitter = 0.1;
  Policy versioned;
  versioned.name = "cart";
  versioned.match = {"cart:*"};
  versioned.version.schema = 7;
  PolicyMetrics metrics(true);
  metrics.SetPolicies(std::make_shared<const PolicySet>(std::vector<Policy>{judged, versioned}));
  const auto values = Collected(metrics);
  for (const char* row : {"writes_total{action=unchanged,policy=user}", "writes_total{action=clamped,policy=user}",
                          "writes_total{action=jittered,policy=user}", "writes_total{action=rejected,policy=user}",
                          "refusals_total{policy=user,reason=missing_ttl}", "writes_without_ttl_total{policy=user}",
                          "expiry_peak_keys{policy=user}", "refusals_total{policy=cart,reason=script}",
                          "refusals_total{policy=cart,reason=key_too_long}", "key_rewrites_total{policy=cart}"}) {
    EXPECT_EQ(values.count("herdgate_policy_" + std::string(row)), 1U) << row;
  }
  for (const char* row : {"writes_total{action=applied,policy=user}", "key_rewrites_total{policy=user}",
                          "refusals_total{policy=user,reason=script}", "writes_total{action=unchanged,policy=cart}",
                          "writes_without_ttl_total{policy=cart}", "refusals_total{policy=cart,reason=require}"}) {
    EXPECT_EQ(values.count("herdgate_policy_" + std::string(row)), 0U) << row;
  }
}

// For the thread sanitizer; what is held here is that no count is lost.
TEST(PolicyMetricsTest, ScrapesAndReloadsGoOnWhileTheLoopCounts) {
  PolicyMetrics metrics(true);
  metrics.SetPolicies(SetOf({"user"}));
  std::atomic<bool> stop{false};
  std::thread scraper([&] {
    while (!stop.load()) (void)Collected(metrics);
  });
  constexpr int kReloads = 200;
  for (int i = 0; i < kReloads; ++i) {
    metrics.SetPolicies(SetOf({"user", "other" + std::to_string(i % 3)}));
    metrics.Count(Judged(TtlAction::kApplied, 0, 60'000, static_cast<std::size_t>(i % 2)), kNow);
  }
  stop.store(true);
  scraper.join();
  EXPECT_EQ(Collected(metrics).at("herdgate_policy_writes_total{action=applied,policy=user}"), kReloads / 2);
}

}  // namespace
}  // namespace herdgate::policy
