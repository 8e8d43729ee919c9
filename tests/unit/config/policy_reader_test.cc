#include "sidecar/config/policy_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sidecar/config/loader.h"
#include "sidecar/config/policy_fields.h"
#include "tests/unit/config/policy_text.h"

namespace herdgate::config {
namespace {

using policy::MissingTtl;
using policy::Mode;
using policy::Policy;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

std::vector<Policy> Good(const std::string& text) {
  EXPECT_EQ(Problems(text), "");
  return LoadText(text, "c").options.policies;
}

TEST(PolicyReaderTest, WhatHoldsWhileTheUpstreamIsAwayIsRead) {
  const Policy policy = Only("stampede: {stale_if_error: 10m}, offline: {reads: error, fallback: memory}");
  EXPECT_EQ(policy.stale_if_error, 10min);
  EXPECT_EQ(policy.offline.reads, policy::OfflineReads::kError);
  EXPECT_EQ(policy.offline.fallback, policy::Fallback::kMemory);
  EXPECT_EQ(Only("stampede: {stale_if_error: 0ms}").stale_if_error, 0ms);
  EXPECT_EQ(Only("mode: enforce").stale_if_error, 1h);
  EXPECT_EQ(Only("mode: enforce").offline, policy::OfflineRules{});
  EXPECT_EQ(Only("offline: {reads: pass, fallback: none}").offline.reads, policy::OfflineReads::kPass);
}

TEST(PolicyReaderTest, EveryOptionIsRead) {
  const std::vector<Policy> policies = Good(R"(
policies:
  - name: user
    match: ["user:*", 'profile:[0-9]*']
    mode: enforce
    ttl: {missing: apply, default: 1h, min: 10s, max: 24h, jitter: 10%}
    version: {schema: 7, generation: true, require: "user:[0-9]+"}
  - name: the-rest_2
    match: "*"
    mode: audit
    ttl: {missing: reject}
)");
  ASSERT_EQ(policies.size(), 2U);
  EXPECT_EQ(policies[0].name, "user");
  EXPECT_EQ(policies[0].match, (std::vector<std::string>{"user:*", "profile:[0-9]*"}));
  EXPECT_EQ(policies[0].mode, Mode::kEnforce);
  EXPECT_EQ(policies[0].ttl.missing, MissingTtl::kApply);
  EXPECT_EQ(policies[0].ttl.default_ttl, 1h);
  EXPECT_EQ(policies[0].ttl.min, 10s);
  EXPECT_EQ(policies[0].ttl.max, 24h);
  EXPECT_EQ(policies[0].ttl.jitter, 0.1);
  EXPECT_EQ(policies[0].version.schema, 7U);
  EXPECT_TRUE(policies[0].version.generation);
  EXPECT_EQ(policies[0].version.require, "user:[0-9]+");
  EXPECT_EQ(policies[1].name, "the-rest_2");
  EXPECT_EQ(policies[1].match, std::vector<std::string>{"*"});
  EXPECT_EQ(policies[1].mode, Mode::kAudit);
  EXPECT_EQ(policies[1].ttl.missing, MissingTtl::kReject);
}

TEST(PolicyReaderTest, WhatIsNotGivenKeepsItsDefault) {
  const std::vector<Policy> policies = Good("policies: [{name: p, match: 'p:*'}]");
  ASSERT_EQ(policies.size(), 1U);
  EXPECT_EQ(policies[0].mode, Mode::kEnforce);
  EXPECT_EQ(policies[0].ttl, policy::TtlRules{});
  EXPECT_EQ(policies[0].version, policy::VersionRules{});
  EXPECT_EQ(policies[0].ttl.missing, MissingTtl::kAllow);
  EXPECT_TRUE(Good("policies: []").empty());
  EXPECT_TRUE(Good("loops: 1").empty());
}

TEST(PolicyReaderTest, JitterIsAShareOrAPercentage) {
  EXPECT_EQ(Only("ttl: {jitter: 0.1}").ttl.jitter, 0.1);
  EXPECT_EQ(Only("ttl: {jitter: 10%}").ttl.jitter, 0.1);
  EXPECT_EQ(Only("ttl: {jitter: \"12.5%\"}").ttl.jitter, 0.125);
  EXPECT_EQ(Only("ttl: {jitter: 0}").ttl.jitter, 0.0);
  EXPECT_EQ(Only("ttl: {jitter: 1}").ttl.jitter, 1.0);
  EXPECT_EQ(Only("ttl: {jitter: 100%}").ttl.jitter, 1.0);
}

TEST(PolicyReaderTest, ExpiriesReachFromAMillisecondToTenYears) {
  EXPECT_EQ(Only("ttl: {min: 1ms, max: 87600h}").ttl.min, 1ms);
  EXPECT_EQ(Only("ttl: {min: 1ms, max: 87600h}").ttl.max, 87600h);
}

TEST(PolicyReaderTest, AMinimumMayEqualTheMaximumAndTheDefault) {
  EXPECT_EQ(Only("ttl: {missing: apply, default: 1h, min: 60m, max: 3600s}").ttl.default_ttl, 1h);
}

TEST(PolicyReaderTest, ARejectingPolicyMayHaveADefault) {
  EXPECT_EQ(Only("ttl: {missing: reject, default: 1h}").ttl.default_ttl, 1h);
}

TEST(PolicyReaderTest, TheSchemaHas32Bits) {
  EXPECT_EQ(Only("version: {schema: 0}").version.schema, 0U);
  EXPECT_EQ(Only("version: {schema: 4294967295}").version.schema, 4294967295U);
  EXPECT_EQ(Only("version: {schema: \"7\"}").version.schema, 7U);
}

TEST(PolicyReaderTest, AnEmptyRequireIsAnyKey) {
  EXPECT_EQ(Only("version: {require: \"\"}").version.require, "");
}

TEST(PolicyReaderTest, PatternsHoldAnyByte) {
  const std::vector<Policy> policies = Good("policies: [{name: p, match: [\"celery\\x06\\x16*\", \"\\0\"]}]");
  ASSERT_EQ(policies.size(), 1U);
  EXPECT_EQ(policies[0].match, (std::vector<std::string>{"celery\x06\x16*", std::string(1, '\0')}));
}

TEST(PolicyReaderTest, AliasesAreRead) {
  const std::vector<Policy> policies =
      Good("policies: [{name: a, match: a, ttl: &t {max: 1h}}, {name: b, match: b, ttl: *t}]");
  ASSERT_EQ(policies.size(), 2U);
  EXPECT_EQ(policies[1].ttl.max, 1h);
}

TEST(PolicyReaderTest, ALongerLiteralPrefixIsNoOverlap) {
  EXPECT_EQ(
      Good("policies: [{name: a, match: '*'}, {name: b, match: 'b:*'}, {name: c, match: ['b:x:*', 'b:x:y']}]").size(),
      3U);
}

TEST(PolicyReaderTest, ANarrowerPatternMayStandBeforeAWiderOneOfTheSamePrefix) {
  EXPECT_EQ(Good("policies: [{name: a, match: 'p:?'}, {name: b, match: 'p:*'}]").size(), 2U);
}

struct BadCase {
  const char* name;
  std::string text;
  std::string problems;
};

void PrintTo(const BadCase& bad, std::ostream* out) {
  *out << bad.name;
}

class PolicyReaderBadTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(PolicyReaderBadTest, SaysWhatWhereAndWhatToDo) {
  EXPECT_EQ(Problems(GetParam().text), GetParam().problems);
}

const char* const kDurationRange = "expected a duration from 1ms to 87600h, with a unit: ms, s, m or h\n";
const char* const kShare = "expected a share from 0 to 1, like 0.1, or from 0% to 100%, like 10%\n";
const char* const kSchema = "expected a whole number from 0 to 4294967295, without leading zeros\n";
const char* const kName = "name: expected 1 to 64 of the letters a to z, digits, '_' and '-'\n";

const BadCase kBadCases[] = {
    {"NotAList", "policies: {name: a}\n",
     "c:1:11: policies: expected a list, like policies: [{name: user, match: \"user:*\"}]\n"},
    {"Empty", "policies:\nloops: 1\n",
     "c:1:1: policies: expected a list, like policies: [{name: user, match: \"user:*\"}]\n"},
    {"ItemIsNoMapping", "policies:\n  - user\n  - ~\n",
     "c:2:3: policies[1]: expected a mapping, like {name: user, match: \"user:*\"}\n"
     "c:2:5: policies[0]: expected a mapping, like {name: user, match: \"user:*\"}\n"},
    {"NameIsMissing", "policies:\n  - match: a\n",
     "c:2:5: policies[0]: name: it is missing; a policy is at least {name: user, match: \"user:*\"}\n"},
    {"MatchIsMissing", "policies:\n  - name: a\n",
     "c:2:5: policy 'a': match: it is missing; a policy is at least {name: user, match: \"user:*\"}\n"},
    {"NameInCapitals", "policies: [{name: User, match: a}]\n", std::string("c:1:19: policies[0]: ") + kName},
    {"NameWithASpace", "policies: [{name: a b, match: a}]\n", std::string("c:1:19: policies[0]: ") + kName},
    {"NameIsEmptyText", "policies: [{name: '', match: a}]\n", std::string("c:1:19: policies[0]: ") + kName},
    {"NameIsTooLong", "policies: [{name: " + std::string(65, 'a') + ", match: a}]\n",
     std::string("c:1:19: policies[0]: ") + kName},
    {"NameIsAbsent", "policies:\n  - name:\n    match: a\n", "c:2:5: policies[0]: name: the value is missing\n"},
    {"NameOfTheOverflow", "policies: [{name: overflow, match: a}]\n",
     "c:1:19: policy 'overflow': name: overflow is what metrics call all policies beyond their limit; choose "
     "another\n"},
    {"NameTwice", "policies:\n  - {name: a, match: a}\n  - {name: a, match: b}\n",
     "c:3:12: policy 'a': name: the policy in line 2 has this name already; choose another\n"},
    {"DuplicateKey", "policies:\n  - name: a\n    match: a\n    mode: off\n    mode: audit\n",
     "c:5:5: policy 'a': mode: this key stands already in line 4; keep one\n"},
    {"DuplicateKeyInANestedMap", "policies:\n  - name: a\n    match: a\n    ttl: {max: 1h,\n      max: 2h}\n",
     "c:5:7: policy 'a': ttl.max: this key stands already in line 4; keep one\n"},
    {"DuplicateSection", With("ttl: {max: 1h}, ttl: {min: 1s}"),
     "c:1:52: policy 'p': ttl: this key stands already in line 1; keep one\n"},
    {"UnknownKey", With("mod: off"), "c:1:36: policy 'p': mod: unknown key; did you mean mode?\n"},
    {"UnknownKeyOfTheTtl", With("ttl: {jiter: 1%}"),
     "c:1:42: policy 'p': ttl.jiter: unknown key; did you mean jitter?\n"},
    {"UnknownKeyNearNothing", With("version: {zzzzzz: 1}"),
     "c:1:46: policy 'p': version.zzzzzz: unknown key; known here: schema, generation, require\n"},
    {"KeyOfAnotherSection", With("schema: 7"),
     "c:1:36: policy 'p': schema: unknown key; did you mean version.schema?\n"},
    {"KeyOfALaterVersion", With("origin: {url: x}"),
     "c:1:36: policy 'p': origin: this version does not have it yet; remove it\n"},
    {"UnknownKeyOfStampede", With("stampede: {zzzzzz: 1}"),
     "c:1:47: policy 'p': stampede.zzzzzz: unknown key; known here: coalesce, max_wait, lease, on_timeout, stale_set, "
     "grace, stale_while_revalidate, stale_if_error\n"},
    {"StaleIfErrorWithoutUnit", With("stampede: {stale_if_error: 60}"),
     "c:1:63: policy 'p': stampede.stale_if_error: expected a duration from 0ms to 87600h, with a unit: ms, s, m or "
     "h\n"},
    {"StaleIfErrorTooLong", With("stampede: {stale_if_error: 87601h}"),
     "c:1:63: policy 'p': stampede.stale_if_error: expected a duration from 0ms to 87600h, with a unit: ms, s, m or "
     "h\n"},
    {"OfflineReadsUnknown", With("offline: {reads: stale}"),
     "c:1:53: policy 'p': offline.reads: expected one of miss, error, pass\n"},
    {"OfflineReadsIsAList", With("offline: {reads: [miss]}"),
     "c:1:53: policy 'p': offline.reads: expected a single value\n"},
    {"OfflineFallbackUnknown", With("offline: {fallback: disk}"),
     "c:1:56: policy 'p': offline.fallback: expected one of none, memory\n"},
    {"OfflineFallbackWithPass", With("offline: {reads: pass, fallback: memory}"),
     "c:1:69: policy 'p': offline.fallback: it has no effect with reads: pass; use miss or error\n"},
    {"OfflineIsEmpty", With("offline: {}"),
     "c:1:45: policy 'p': offline: it is empty; fill it, or leave the key out\n"},
    {"OfflineIsAWord", With("offline: miss"),
     "c:1:45: policy 'p': offline: expected a mapping, like offline: {reads: ...}\n"},
    {"OptionOfTheProcessInAPolicy", With("offline: {max_deletes: 5}"),
     "c:1:46: policy 'p': offline.max_deletes: unknown key; known here: reads, fallback\n"},
    {"SecretAsKey", With("redis://u:s3cret@h: 1"), "c:1:36: policy 'p': unknown key\n"},
    {"KeyIsAList", With("[a]: 1"), "c:1:36: policy 'p': a key must be a plain name\n"},
    {"ModeIsUnknown", With("mode: on"), "c:1:42: policy 'p': mode: expected one of enforce, audit, off\n"},
    {"ModeIsAList", With("mode: [off]"), "c:1:42: policy 'p': mode: expected a single value\n"},
    {"MatchIsEmpty", "policies: [{name: p, match: []}]\n",
     "c:1:29: policy 'p': match: the list is empty; give at least one pattern\n"},
    {"MatchIsAbsent", "policies: [{name: p, match: }]\n", "c:1:22: policy 'p': match: the value is missing\n"},
    {"MatchIsAMapping", "policies: [{name: p, match: {a: b}}]\n",
     "c:1:29: policy 'p': match: expected a text or a list of texts\n"},
    {"PatternIsEmpty", "policies: [{name: p, match: [a, '']}]\n",
     "c:1:33: policy 'p': match: the pattern is empty; \"*\" matches every key\n"},
    {"PatternIsAbsent", "policies: [{name: p, match: [a, ~]}]\n", "c:1:29: policy 'p': match: the value is missing\n"},
    {"PatternIsAList", "policies: [{name: p, match: [a, [b]]}]\n",
     "c:1:33: policy 'p': match: expected a text or a list of texts\n"},
    {"PatternIsTooLong", "policies: [{name: p, match: " + std::string(1025, 'a') + "}]\n",
     "c:1:29: policy 'p': match: expected a pattern of at most 1024 bytes\n"},
    {"PatternWithAnOpenClass", "policies: [{name: p, match: 'a[0-9'}]\n",
     "c:1:29: policy 'p': match: 'a[0-9': a '[' is not closed; a key's own '[' is written \\[\n"},
    {"PatternOfTheSidecarsOwnKeys", "policies: [{name: p, match: '__herdgate:*'}]\n",
     "c:1:29: policy 'p': match: '__herdgate:*': keys that begin with __herdgate: are the sidecar's own\n"},
    {"PatternTwiceInAPolicy", "policies: [{name: p, match: ['a:*', 'a:*']}]\n",
     "c:1:37: policy 'p': match: 'a:*' stands already in line 1, in policy 'p'; keep one\n"},
    {"PatternInTwoPolicies", "policies:\n  - {name: a, match: 'k:*'}\n  - {name: b, match: [b, 'k:*']}\n",
     "c:3:26: policy 'b': match: 'k:*' stands already in line 2, in policy 'a'; keep one\n"},
    {"PatternTwiceButForStars", "policies:\n  - {name: a, match: 'k:*x'}\n  - {name: b, match: 'k:**x'}\n",
     "c:3:22: policy 'b': match: 'k:**x' stands already in line 2, in policy 'a'; keep one\n"},
    {"PatternWithControlBytesIsShownInAscii", "policies: [{name: p, match: [\"a\\x06\\n\", \"a\\x06\\n\"]}]\n",
     "c:1:41: policy 'p': match: 'a\\x06\\x0a' stands already in line 1, in policy 'p'; keep one\n"},
    {"PatternThatNeverGetsAKey", "policies:\n  - {name: a, match: 'k:*'}\n  - {name: b, match: 'k:[0-9]'}\n",
     "c:3:22: policy 'b': match: 'k:[0-9]' never gets a key: 'k:*' in line 2, in policy 'a', takes them all; put "
     "this one before it\n"},
    {"TtlIsAScalar", With("ttl: 1h"), "c:1:41: policy 'p': ttl: expected a mapping, like ttl: {missing: ...}\n"},
    {"TtlIsEmpty", With("ttl: {}"), "c:1:41: policy 'p': ttl: it is empty; fill it, or leave the key out\n"},
    {"VersionIsEmpty", With("version: {}"),
     "c:1:45: policy 'p': version: it is empty; fill it, or leave the key out\n"},
    {"VersionIsAbsent", With("version: "),
     "c:1:36: policy 'p': version: expected a mapping, like version: {schema: ...}\n"},
    {"MissingIsUnknown", With("ttl: {missing: deny}"),
     "c:1:51: policy 'p': ttl.missing: expected one of apply, reject, allow\n"},
    {"ApplyWithoutADefault", With("ttl: {missing: apply}"),
     "c:1:51: policy 'p': ttl.missing: apply needs a default, like default: 1h\n"},
    {"DefaultWithoutEffect", With("ttl: {default: 1h}"),
     "c:1:51: policy 'p': ttl.default: it has no effect where a missing expiry is allowed; add missing: apply\n"},
    {"DefaultBelowTheMinimum", With("ttl: {missing: apply, default: 1s, min: 2s}"),
     "c:1:67: policy 'p': ttl.default: it is less than ttl.min\n"},
    {"DefaultAboveTheMaximum", With("ttl: {missing: apply, default: 3s, max: 2s}"),
     "c:1:67: policy 'p': ttl.default: it is greater than ttl.max\n"},
    {"MinimumAboveTheMaximum", With("ttl: {max: 1s, min: 2s}"),
     "c:1:56: policy 'p': ttl.min: it is greater than ttl.max\n"},
    {"DurationWithoutUnit", With("ttl: {max: 60}"), std::string("c:1:47: policy 'p': ttl.max: ") + kDurationRange},
    {"DurationOfZero", With("ttl: {min: 0s}"), std::string("c:1:47: policy 'p': ttl.min: ") + kDurationRange},
    {"DurationTooLong", With("ttl: {max: 87601h}"), std::string("c:1:47: policy 'p': ttl.max: ") + kDurationRange},
    {"DurationIsAbsent", With("ttl: {missing: apply, default: }"),
     "c:1:58: policy 'p': ttl.default: the value is missing\n"},
    {"JitterAboveOne", With("ttl: {jitter: 1.1}"), std::string("c:1:50: policy 'p': ttl.jitter: ") + kShare},
    {"JitterAboveAHundredPercent", With("ttl: {jitter: 101%}"),
     std::string("c:1:50: policy 'p': ttl.jitter: ") + kShare},
    {"JitterBelowZero", With("ttl: {jitter: -0.1}"), std::string("c:1:50: policy 'p': ttl.jitter: ") + kShare},
    {"JitterInScientificNotation", With("ttl: {jitter: 1e-1}"),
     std::string("c:1:50: policy 'p': ttl.jitter: ") + kShare},
    {"SchemaLooksOctal", With("version: {schema: 007}"), std::string("c:1:54: policy 'p': version.schema: ") + kSchema},
    {"SchemaIsHexadecimal", With("version: {schema: 0x7}"),
     std::string("c:1:54: policy 'p': version.schema: ") + kSchema},
    {"SchemaIsNegative", With("version: {schema: -7}"), std::string("c:1:54: policy 'p': version.schema: ") + kSchema},
    {"SchemaIsTooLarge", With("version: {schema: 4294967296}"),
     std::string("c:1:54: policy 'p': version.schema: ") + kSchema},
    {"SchemaIsAFraction", With("version: {schema: 7.0}"),
     std::string("c:1:54: policy 'p': version.schema: ") + kSchema},
    {"GenerationIsYes", With("version: {generation: yes}"),
     "c:1:58: policy 'p': version.generation: expected one of true, false\n"},
    {"RequireHasAnOpenParenthesis", With("version: {require: 's3cret('}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): the parentheses do not match, or "
     "nothing "
     "stands before a '*', '+', '?' or '{'\n"},
    {"RequireHasAnOpenBracket", With("version: {require: '[a'}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): a '[' is not closed\n"},
    {"RequireRepeatsNothing", With("version: {require: '*a'}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): the parentheses do not match, or "
     "nothing stands before a '*', '+', '?' or '{'\n"},
    {"RequireHasAWrongRange", With("version: {require: '[z-a]'}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): a range in '[]' ends before it "
     "starts\n"},
    {"RequireEndsWithABackslash", With("version: {require: 'a\\'}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): an unknown escape, or a '\\' at the "
     "end\n"},
    {"RequireRefersToAGroup", With("version: {require: '(a)\\1'}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): a reference to a group is not "
     "possible here: it can take any time to match\n"},
    {"RequireIsTooLarge", With("version: {require: '((a{999}){999}){999}'}"),
     "c:1:55: policy 'p': version.require: not a regular expression (ECMAScript): it is too large\n"},
    {"RequireIsTooLong", With("version: {require: " + std::string(1025, 'a') + "}"),
     "c:1:55: policy 'p': version.require: expected a regular expression of at most 1024 bytes\n"},
    {"AllProblemsAtOnce",
     "policies:\n"
     "  - name: A\n"
     "    mode: none\n"
     "    ttl: {missing: apply, max: 5, mx: 1}\n"
     "  - name: b\n"
     "    match: ['*', '*']\n"
     "    version: {schema: 010, generation: maybe}\n"
     "loops: 0\n",
     std::string("c:2:5: policies[0]: match: it is missing; a policy is at least {name: user, match: \"user:*\"}\n") +
         "c:2:11: policies[0]: " + kName + "c:3:11: policies[0]: mode: expected one of enforce, audit, off\n" +
         "c:4:20: policies[0]: ttl.missing: apply needs a default, like default: 1h\n" +
         "c:4:32: policies[0]: ttl.max: " + kDurationRange +
         "c:4:35: policies[0]: ttl.mx: unknown key; did you mean max?\n" +
         "c:6:18: policy 'b': match: '*' stands already in line 6, in policy 'b'; keep one\n" +
         "c:7:23: policy 'b': version.schema: " + kSchema +
         "c:7:40: policy 'b': version.generation: expected one of true, false\n" +
         "c:8:8: loops: expected auto or a whole number from 1 to 64\n"},
};

INSTANTIATE_TEST_SUITE_P(All, PolicyReaderBadTest, ::testing::ValuesIn(kBadCases),
                         [](const auto& made) { return std::string(made.param.name); });

TEST(PolicyReaderTest, AThousandPoliciesAreEnough) {
  std::string text = "policies:\n";
  for (int i = 0; i < 1000; ++i)
    text += "- {name: p" + std::to_string(i) + ", match: 'p" + std::to_string(i) + ":*'}\n";
  EXPECT_EQ(Good(text).size(), 1000U);
  EXPECT_EQ(Problems(text + "- {name: one-more, match: m}\n- {name: b, match: b}\n"),
            "c:1002:3: policies: more than 1000; merge some\n");
}

TEST(PolicyReaderTest, TenThousandPatternsAreEnoughEvenByAlias) {
  std::string text = "policies:\n- name: a\n  match: &m\n";
  for (int i = 0; i < 10000; ++i) text += "  - k" + std::to_string(i) + "\n";
  EXPECT_EQ(Good(text)[0].match.size(), 10000U);
  EXPECT_EQ(Problems(text + "  - z\n  - y\n- {name: b, match: *m}\n"),
            "c:10004:5: policy 'a': match: more than 10000 patterns in the file; merge some\n");
}

TEST(PolicyReaderTest, ADeepRegularExpressionIsNoCrash) {
  EXPECT_EQ(Problems(With("version: {require: '" + std::string(512, '(') + std::string(512, ')') + "'}")), "");
}

TEST(PolicyFieldsTest, TheReferencePageHasARowForEveryOption) {
  const std::filesystem::path root = std::filesystem::path(__FILE__).parent_path() / "../../..";
  std::ifstream file(root / "sidecar/config/README.md");
  ASSERT_TRUE(file);
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  for (const PolicyField& field : PolicyFields()) {
    EXPECT_NE(page.find("| `" + std::string(field.key) + "` |"), std::string::npos) << field.key;
  }
}

}  // namespace
}  // namespace herdgate::config
