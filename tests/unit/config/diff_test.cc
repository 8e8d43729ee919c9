#include "sidecar/config/diff.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sidecar/config/fields.h"
#include "sidecar/config/loader.h"
#include "sidecar/config/policy_fields.h"

namespace herdgate::config {
namespace {

using Keys = std::vector<std::string>;

Options Read(const std::string& text) {
  const Loaded loaded = LoadText(text, "c");
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.ToString();
  return loaded.options;
}

Options With(std::string_view key, std::string_view value) {
  Options options;
  const Field* const field = FindField(key);
  if (field->is_list) field->clear(options);
  EXPECT_TRUE(field->set(value, options).ok()) << key;
  return options;
}

Options WithPolicy(std::string_view key, std::string_view value) {
  Options options;
  options.policies.resize(1);
  EXPECT_TRUE(FindPolicyField(key)->set(value, options.policies[0]).ok()) << key;
  return options;
}

// A value of each option that is not its default.
const std::map<std::string, std::string, std::less<>> kOther = {{"listen", "a:1"},
                                                                {"upstream.url", "memory://"},
                                                                {"upstream.timeout", "3s"},
                                                                {"telemetry.listen", "off"},
                                                                {"telemetry.command_buckets", "3ms"},
                                                                {"admin.listen", "a:2"},
                                                                {"admin.tokens_file", "/t"},
                                                                {"admin.allowed_hosts", "ops"},
                                                                {"admin.audit_file", "/a"},
                                                                {"loops", "3"},
                                                                {"limits.max_clients", "3"},
                                                                {"limits.max_dedicated", "3"},
                                                                {"limits.client_output_limit", "3MiB"},
                                                                {"memory.max_bytes", "3MiB"},
                                                                {"near.max_bytes", "3MiB"},
                                                                {"offline.max_deletes", "3"},
                                                                {"offline.max_bytes", "3MiB"},
                                                                {"shutdown.delay", "3s"},
                                                                {"shutdown.drain", "3s"},
                                                                {"log.level", "debug"},
                                                                {"log.format", "text"}};
const std::map<std::string, std::string, std::less<>> kOtherOfPolicy = {{"name", "a"},
                                                                        {"mode", "audit"},
                                                                        {"what_if", "false"},
                                                                        {"ttl.missing", "apply"},
                                                                        {"ttl.default", "1s"},
                                                                        {"ttl.min", "1s"},
                                                                        {"ttl.max", "1s"},
                                                                        {"ttl.jitter", "0.1"},
                                                                        {"version.schema", "0"},
                                                                        {"version.generation", "true"},
                                                                        {"near.enabled", "true"},
                                                                        {"near.max_ttl", "1s"},
                                                                        {"near.max_value", "3KiB"},
                                                                        {"stampede.coalesce", "off"},
                                                                        {"stampede.max_wait", "1s"},
                                                                        {"stampede.lease", "2s"},
                                                                        {"stampede.on_timeout", "error"},
                                                                        {"stampede.stale_set", "drop"},
                                                                        {"stampede.grace", "near"},
                                                                        {"stampede.stale_while_revalidate", "1s"},
                                                                        {"stampede.stale_if_error", "1s"},
                                                                        {"refresh.mode", "synthetic"},
                                                                        {"refresh.beta", "1.5"},
                                                                        {"offline.reads", "pass"},
                                                                        {"offline.fallback", "memory"},
                                                                        {"version.require", "a"}};

TEST(DiffTest, EveryOptionButTheLogLevelNeedsARestart) {
  for (const Field& field : Fields()) {
    const Keys expected = field.key == "log.level" ? Keys{} : Keys{std::string(field.key)};
    EXPECT_EQ(DiffOptions({}, With(field.key, kOther.at(std::string(field.key)))), expected) << field.key;
  }
}

TEST(DiffTest, PoliciesNeedNoRestart) {
  const Options wanted = Read("policies: [{name: a, match: a}]\nloops: 2\nlisten: [b:1]\n");
  EXPECT_EQ(DiffOptions({}, wanted), (Keys{"listen", "loops"}));
}

TEST(DiffTest, ANewPasswordIsADifference) {
  EXPECT_EQ(DiffOptions(With("upstream.url", "redis://:a@h"), With("upstream.url", "redis://:b@h")),
            Keys{"upstream.url"});
  EXPECT_FALSE(SameOptions(With("upstream.url", "redis://:a@h"), With("upstream.url", "redis://:b@h")));
}

TEST(DiffTest, EveryDifferenceIsSeen) {
  EXPECT_TRUE(SameOptions({}, {}));
  for (const Field& field : Fields()) EXPECT_FALSE(SameOptions({}, With(field.key, kOther.at(std::string(field.key)))));
  EXPECT_FALSE(SameOptions(Read("policies: [{name: a, match: a}]"), Read("policies: [{name: a, match: b}]")));
}

TEST(DiffTest, EveryDifferenceOfAPolicyIsSeen) {
  for (const PolicyField& field : PolicyFields()) {
    if (field.key == "stampede.grace") continue;  // it has one value only, its default
    const Options changed = WithPolicy(field.key, kOtherOfPolicy.at(std::string(field.key)));
    EXPECT_FALSE(SameOptions(WithPolicy("mode", "enforce"), changed)) << field.key;
    EXPECT_EQ(DiffOptions(WithPolicy("mode", "enforce"), changed), Keys{}) << field.key;
  }
}

TEST(DiffTest, WhatIsLiveIsTakenAndTheRestStays) {
  const Options wanted = Read("policies: [{name: a, match: a}]\nloops: 2\nlog: {level: debug, format: text}\n");
  const Options live = WithLive({}, wanted);
  EXPECT_EQ(live.policies, wanted.policies);
  EXPECT_EQ(live.log.level, base::LogLevel::kDebug);
  EXPECT_EQ(DiffOptions({}, live), Keys{});
}

TEST(HashTest, EveryOptionChangesIt) {
  std::set<std::string> seen = {HashOptions({}), HashOptions(WithPolicy("mode", "enforce"))};
  for (const Field& field : Fields()) {
    EXPECT_TRUE(seen.insert(HashOptions(With(field.key, kOther.at(std::string(field.key))))).second) << field.key;
  }
  for (const PolicyField& field : PolicyFields()) {
    if (field.key == "stampede.grace") continue;  // it has one value only, its default
    EXPECT_TRUE(seen.insert(HashOptions(WithPolicy(field.key, kOtherOfPolicy.at(std::string(field.key))))).second)
        << field.key;
  }
  EXPECT_EQ(HashOptions({}).size(), 16U);
}

TEST(HashTest, PatternsAndTheirOrderChangeIt) {
  std::set<std::string> seen;
  for (const char* match : {"[a, b]", "[b, a]", "[ab]", "['a1:b']", "[a]"}) {
    EXPECT_TRUE(seen.insert(HashOptions(Read(std::string("policies: [{name: p, match: ") + match + "}]"))).second);
  }
}

TEST(HashTest, NoPasswordIsPartOfIt) {
  EXPECT_EQ(HashOptions(With("upstream.url", "redis://u:a@h")), HashOptions(With("upstream.url", "redis://u:b@h")));
  EXPECT_NE(HashOptions(With("upstream.url", "redis://u:a@h")), HashOptions(With("upstream.url", "redis://v:a@h")));
}

TEST(HashTest, CommentsAndSpellingAreNoPartOfIt) {
  EXPECT_EQ(HashOptions(Read("upstream: {timeout: 3000ms}  # slow\n")),
            HashOptions(Read("upstream:\n  timeout: 3s\n")));
}

TEST(PolicyFieldsTest, WhatIsShownIsReadBack) {
  for (const PolicyField& field : PolicyFields()) {
    const std::string& value = kOtherOfPolicy.at(std::string(field.key));
    EXPECT_EQ(field.show(WithPolicy(field.key, value).policies[0]), value);
  }
}

}  // namespace
}  // namespace herdgate::config
