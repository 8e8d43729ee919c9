#include "sidecar/config/policy_fields.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "tests/unit/config/policy_text.h"

namespace herdgate::config {
namespace {

using policy::Coalesce;
using policy::Policy;
using policy::RefreshMode;
using namespace std::chrono_literals;

// What the field says of `text`; empty if it took it.
std::string Refusal(std::string_view key, std::string_view text) {
  Policy policy;
  const base::Status status = FindPolicyField(key)->set(text, policy);
  if (status.ok()) return "";
  EXPECT_EQ(policy, Policy{}) << "a refused value leaves no trace";
  return status.message();
}

// What is shown of `text` once it was read.
std::string Shown(std::string_view key, std::string_view text) {
  Policy policy;
  EXPECT_TRUE(FindPolicyField(key)->set(text, policy).ok()) << key << ": " << text;
  return FindPolicyField(key)->show(policy);
}

TEST(PolicyFieldsTest, EveryRuleOfStampedesAndRefreshIsRead) {
  const Policy policy = Only(
      "near: {enabled: true}, stampede: {coalesce: on, max_wait: 250ms, lease: 2s, on_timeout: stale, stale_set: drop, "
      "grace: near, stale_while_revalidate: 30s, stale_if_error: 10m}, refresh: {mode: synthetic, beta: 1.5}");
  const policy::StampedeRules expected{.coalesce = Coalesce::kOn,
                                       .max_wait = 250ms,
                                       .lease = 2s,
                                       .on_timeout = policy::OnTimeout::kStale,
                                       .stale_set = policy::StaleSet::kDrop,
                                       .grace = policy::Grace::kNear,
                                       .stale_while_revalidate = 30s};
  EXPECT_EQ(policy.stampede, expected);
  EXPECT_EQ(policy.stale_if_error, 10min);
  EXPECT_EQ(policy.refresh, (policy::RefreshRules{.mode = RefreshMode::kSynthetic, .beta = 1.5}));
}

TEST(PolicyFieldsTest, RulesOfStampedesThatAreNotGivenKeepTheirDefaults) {
  EXPECT_EQ(Only("mode: enforce").stampede, policy::StampedeRules{});
  EXPECT_EQ(Only("mode: enforce").refresh, policy::RefreshRules{});
  EXPECT_EQ(Only("stampede: {stale_if_error: 1m}").stampede, policy::StampedeRules{});
  EXPECT_EQ(Only("refresh: {beta: 3}").refresh, (policy::RefreshRules{.mode = RefreshMode::kOff, .beta = 3}));
}

TEST(PolicyFieldsTest, OnAndOffAreReadAsOlderYamlWritesThem) {
  for (const char* text : {"on", "true", "\"on\"", "'true'"})
    EXPECT_EQ(Only(std::string("stampede: {coalesce: ") + text + "}").stampede.coalesce, Coalesce::kOn) << text;
  for (const char* text : {"off", "false", "\"off\""}) {
    EXPECT_EQ(Only(std::string("stampede: {coalesce: ") + text + "}").stampede.coalesce, Coalesce::kOff) << text;
    EXPECT_EQ(Only(std::string("refresh: {mode: ") + text + "}").refresh.mode, RefreshMode::kOff) << text;
  }
  EXPECT_EQ(Shown("stampede.coalesce", "true"), "on");
  EXPECT_EQ(Shown("stampede.coalesce", "false"), "off");
  EXPECT_EQ(Shown("refresh.mode", "false"), "off");
}

TEST(PolicyFieldsTest, WordsAreReadAsTheyAreShown) {
  for (const char* text : {"auto", "on", "off"}) EXPECT_EQ(Shown("stampede.coalesce", text), text);
  for (const char* text : {"miss", "stale", "error"}) EXPECT_EQ(Shown("stampede.on_timeout", text), text);
  for (const char* text : {"short", "drop", "pass"}) EXPECT_EQ(Shown("stampede.stale_set", text), text);
  for (const char* text : {"off", "synthetic"}) EXPECT_EQ(Shown("refresh.mode", text), text);
  EXPECT_EQ(Shown("stampede.grace", "near"), "near");
}

TEST(PolicyFieldsTest, TheLeaseIsAutoOrATime) {
  EXPECT_EQ(Only("stampede: {lease: auto}").stampede.lease, std::nullopt);
  EXPECT_EQ(Only("stampede: {lease: 3s}").stampede.lease, 3s);
  Policy policy;
  EXPECT_EQ(FindPolicyField("stampede.lease")->show(policy), "auto");
  policy.stampede.lease = 1500ms;
  EXPECT_EQ(FindPolicyField("stampede.lease")->show(policy), "1500ms");
  EXPECT_TRUE(FindPolicyField("stampede.lease")->set("auto", policy).ok());
  EXPECT_EQ(policy.stampede.lease, std::nullopt);
}

TEST(PolicyFieldsTest, BothEndsOfEachRangeBelongToIt) {
  struct Range {
    const char* key;
    const char* least;
    const char* most;
    const char* below;
    const char* above;
  };
  for (const Range& range : {Range{"stampede.max_wait", "1ms", "10s", "0ms", "10001ms"},
                             Range{"stampede.lease", "250ms", "10s", "249ms", "10001ms"},
                             Range{"stampede.stale_while_revalidate", "0ms", "24h", "-1s", "86401s"},
                             Range{"refresh.beta", "0.000000001", "10", "0", "10.000000001"}}) {
    EXPECT_EQ(Refusal(range.key, range.least), "") << range.key;
    EXPECT_EQ(Refusal(range.key, range.most), "") << range.key;
    EXPECT_NE(Refusal(range.key, range.below), "") << range.key;
    EXPECT_NE(Refusal(range.key, range.above), "") << range.key;
  }
}

TEST(PolicyFieldsTest, ARefusalSaysWhatToWrite) {
  const std::string unit = ", with a unit: ms, s, m or h";
  EXPECT_EQ(Refusal("stampede.coalesce", "yes"), "expected one of auto, on, off");
  EXPECT_EQ(Refusal("stampede.max_wait", "400"), "expected a duration from 1ms to 10s" + unit);
  EXPECT_EQ(Refusal("stampede.lease", "on"), "expected auto or a duration from 250ms to 10s" + unit);
  EXPECT_EQ(Refusal("stampede.on_timeout", "nil"), "expected one of miss, stale, error");
  EXPECT_EQ(Refusal("stampede.stale_set", "keep"), "expected one of short, drop, pass");
  EXPECT_EQ(Refusal("stampede.grace", "redis"), "expected one of near, shadow");
  EXPECT_EQ(Refusal("stampede.stale_while_revalidate", "25h"), "expected a duration from 0ms to 24h" + unit);
  EXPECT_EQ(Refusal("refresh.mode", "on"), "expected one of off, synthetic");
  EXPECT_EQ(Refusal("refresh.mode", "true"), "expected one of off, synthetic");
  for (const char* beta : {"0", "0.0", "-1", "11", "1e0", "two", "", "2x", ".5", "010"})
    EXPECT_EQ(Refusal("refresh.beta", beta), "expected a number greater than 0 and at most 10, like 1.5") << beta;
}

TEST(PolicyFieldsTest, WhatIsNotBuiltYetSaysSo) {
  EXPECT_EQ(Problems(With("stampede: {grace: extend}")),
            "c:1:54: policy 'p': stampede.grace: this version does not have it yet; use near or shadow\n");
  EXPECT_EQ(Problems(With("refresh: {mode: loader}")),
            "c:1:52: policy 'p': refresh.mode: this version does not have it yet; use synthetic\n");
}

TEST(PolicyFieldsTest, MistakesInTheShapeAreNamed) {
  EXPECT_EQ(Problems(With("refresh: synthetic")),
            "c:1:45: policy 'p': refresh: expected a mapping, like refresh: {mode: ...}\n");
  EXPECT_EQ(Problems(With("stampede: auto")),
            "c:1:46: policy 'p': stampede: expected a mapping, like stampede: {coalesce: ...}\n");
  EXPECT_EQ(Problems(With("refresh: {}")), "c:1:45: policy 'p': refresh: it is empty; fill it, or leave the key out\n");
  EXPECT_EQ(Problems(With("refresh: {bta: 2}")), "c:1:46: policy 'p': refresh.bta: unknown key; did you mean beta?\n");
  EXPECT_EQ(Problems(With("coalesce: on")),
            "c:1:36: policy 'p': coalesce: unknown key; did you mean stampede.coalesce?\n");
  EXPECT_EQ(Problems(With("refresh: {max_wait: 1s}")),
            "c:1:46: policy 'p': refresh.max_wait: unknown key; did you mean stampede.max_wait?\n");
  EXPECT_EQ(Problems(With("stampede: {lease: }")), "c:1:47: policy 'p': stampede.lease: the value is missing\n");
  EXPECT_EQ(Problems(With("stampede: {lease: [1s]}")), "c:1:54: policy 'p': stampede.lease: expected a single value\n");
}

}  // namespace
}  // namespace herdgate::config
