#include "sidecar/app/explain.h"

#include <gtest/gtest.h>

#include <string>

#include "sidecar/config/loader.h"

namespace herdgate::app {
namespace {

std::string Explained(const std::string& policies, const std::string& key) {
  const config::Loaded loaded = config::LoadText("policies:\n" + policies, "c");
  for (const config::Problem& problem : loaded.problems) ADD_FAILURE() << problem.ToString();
  return Explainer(loaded.options.policies).Explain(key);
}

// What stands behind a command of the table, with the lines that continue it.
std::string Outcome(const std::string& text, const std::string& command) {
  const auto start = text.find("\n  " + command + "  ");
  if (start == std::string::npos) return "no such command";
  const auto value = text.find_first_not_of(' ', start + 3 + command.size());
  auto end = text.find('\n', value);
  while (text.compare(end, 4, "\n    ") == 0) end = text.find('\n', end + 1);
  return text.substr(value, end - value);
}

// The line of that label, without its end.
std::string Line(const std::string& text, const std::string& label) {
  const auto start = text.find("\n  " + label + " ");
  return start == std::string::npos ? "" : text.substr(start + 1, text.find('\n', start + 1) - start - 1);
}

TEST(ExplainTest, AKeyOfNoPolicyPassesUnchanged) {
  EXPECT_EQ(Explained("- {name: a, match: 'a:*'}", "b"), "b\n  policy    none: every command passes unchanged\n");
}

TEST(ExplainTest, AKeyOfAPolicyThatIsOffPassesUnchanged) {
  EXPECT_EQ(Explained("- {name: a, match: 'a:*', mode: off, version: {schema: 1}}", "a:1"),
            "a:1\n  policy    a, by the pattern a:*\n  mode      off: every command passes unchanged\n");
}

TEST(ExplainTest, TheWholeTextOfATypicalPolicy) {
  EXPECT_EQ(Explained("- {name: user, match: ['u:*', 'user:*'], version: {schema: 7, generation: true},\n"
                      "   ttl: {missing: apply, default: 1h, min: 10s, max: 24h, jitter: 10%}}",
                      "user:42"),
            R"(user:42
  policy    user, by the pattern user:*
  mode      enforce
  in Redis  v7.<generation>:user:42
  near      off: every read goes to Redis
  misses    once traffic shows that it is a cache: one caller computes, the others wait up to 400ms, then a miss
  late SET  kept for 2s at most, if the key was invalidated after the miss
  refresh   off: a value is computed again once it is gone
  offline   every command waits for Redis, then an error

  GET key               GET v7.<generation>:user:42
  SET key v             SET v7.<generation>:user:42 v PX 3240000..3600000
  SET key v EX 3600     SET v7.<generation>:user:42 v PX 3240000..3600000
  SET key v KEEPTTL     SET v7.<generation>:user:42 v KEEPTTL
                        then PEXPIRE v7.<generation>:user:42 3240000..3600000 NX
  SETEX key 3600 v      SETEX v7.<generation>:user:42 3240..3600 v
  MSET key v            MSET v7.<generation>:user:42 v
                        then PEXPIRE v7.<generation>:user:42 3240000..3600000 NX
  INCR key              INCR v7.<generation>:user:42
                        then PEXPIRE v7.<generation>:user:42 3240000..3600000 NX
  HSET key f v          HSET v7.<generation>:user:42 f v
                        then PEXPIRE v7.<generation>:user:42 3240000..3600000 NX
  EXPIRE key 3600       EXPIRE v7.<generation>:user:42 3240..3600
  PERSIST key           PERSIST v7.<generation>:user:42
                        then PEXPIRE v7.<generation>:user:42 3240000..3600000 NX
  DEL key               DEL v7.<generation>:user:42
)");
}

TEST(ExplainTest, TheTagsOfAKeyAreShown) {
  const std::string policy =
      "- {name: a, match: 'a:*', version: {generation: true},\n"
      "   tags: [{match: 'a:([^:]*):.*', tag: 't:{1}'}, {match: '.*:x', tag: 'x y'}, {match: 'a:(.):.*', tag: "
      "'t:{1}'}]}";
  EXPECT_EQ(Line(Explained(policy, "a:1:x"), "tags"), "  tags      t:1, \"x y\"");
  EXPECT_EQ(Line(Explained(policy, "a:1"), "tags"), "  tags      none of its rules matches the key");
  EXPECT_EQ(Line(Explained("- {name: a, match: 'a:*'}", "a:1"), "tags"), "");
}

TEST(ExplainTest, NearAndOfflineAreShown) {
  const auto lines = [](const std::string& more) {
    const std::string text = Explained("- {name: a, match: '*', " + more + "}", "k");
    return Line(text, "near") + "\n" + Line(text, "offline");
  };
  EXPECT_EQ(lines("near: {enabled: true, max_ttl: 2s}, stampede: {stale_if_error: 10m}"),
            "  near      hot keys are answered from memory for up to 2s, values up to 64KiB\n"
            "  offline   reads: near values up to 10m stale, a miss; writes: an error; deletes are made up for");
  EXPECT_EQ(lines("near: {enabled: true}, stampede: {stale_if_error: 0ms}, offline: {reads: error}"),
            "  near      hot keys are answered from memory for up to 5s, values up to 64KiB\n"
            "  offline   reads: near values, an error; writes: an error; deletes are made up for");
  EXPECT_EQ(lines("offline: {fallback: memory}"),
            "  near      off: every read goes to Redis\n"
            "  offline   reads: a store in memory, a miss; writes: that store; deletes are made up for");
  EXPECT_EQ(lines("near: {enabled: true}, offline: {reads: pass}"),
            "  near      hot keys are answered from memory for up to 5s, values up to 64KiB\n"
            "  offline   every command waits for Redis, then an error");
}

TEST(ExplainTest, WhoComputesAMissingValueIsShown) {
  const auto misses = [](const std::string& more) {
    return Line(Explained("- {name: a, match: '*', " + more + "}", "k"), "misses");
  };
  EXPECT_EQ(misses("stampede: {coalesce: off}"), "  misses    every caller computes");
  EXPECT_EQ(misses("stampede: {coalesce: on}"),
            "  misses    one caller computes, the others wait up to 400ms, then a miss");
  EXPECT_EQ(misses("stampede: {coalesce: auto, max_wait: 1s, lease: 2s, on_timeout: error}"),
            "  misses    once traffic shows that it is a cache: one caller computes, by a lease of 2s, the others wait "
            "up to 1s, then an error");
  EXPECT_EQ(misses("near: {enabled: true}, stampede: {coalesce: on, stale_while_revalidate: 30s}"),
            "  misses    one caller computes, the others get a value up to 30s past its expiry, or wait up to 400ms, "
            "then a miss");
  EXPECT_EQ(misses("near: {enabled: true}, stampede: {coalesce: on, on_timeout: stale}"),
            "  misses    one caller computes, the others get a value up to 10s past its expiry, or wait up to 400ms, "
            "then an old value or a miss");
  EXPECT_EQ(misses("stampede: {coalesce: on, grace: shadow}"),
            "  misses    one caller computes, the others get a value up to 10s past its expiry (of hot keys, kept in "
            "Redis), or wait up to 400ms, then a miss");
  EXPECT_EQ(misses("near: {enabled: true}, stampede: {coalesce: on, stale_while_revalidate: 0ms}"),
            "  misses    one caller computes, the others wait up to 400ms, then a miss");
}

TEST(ExplainTest, LateSetsAreShownWhereTheyCanBeTold) {
  const auto late = [](const std::string& more) {
    return Line(Explained("- {name: a, match: '*', stampede: {" + more + "}}", "k"), "late SET");
  };
  EXPECT_EQ(late("stale_set: short"), "  late SET  kept for 2s at most, if the key was invalidated after the miss");
  EXPECT_EQ(late("stale_set: drop"),
            "  late SET  answered and not kept (or for 2s at most), if the key was invalidated after the miss");
  EXPECT_EQ(late("stale_set: pass"), "  late SET  kept and counted, if the key was invalidated after the miss");
  EXPECT_EQ(late("coalesce: off"), "");
}

TEST(ExplainTest, RefreshIsShown) {
  const auto refresh = [](const std::string& more) {
    return Line(Explained("- {name: a, match: '*', " + more + "}", "k"), "refresh");
  };
  EXPECT_EQ(refresh("mode: enforce"), "  refresh   off: a value is computed again once it is gone");
  EXPECT_EQ(refresh("refresh: {mode: synthetic, beta: 1.5}"),
            "  refresh   shortly before a hot key expires, one caller gets a miss and computes (beta 1.5)");
}

TEST(ExplainTest, StampedeRulesOfAnAuditedPolicyAreWhatEnforcingWouldDo) {
  const std::string text = Explained("- {name: a, match: '*', mode: audit, stampede: {coalesce: on}}", "k");
  EXPECT_NE(text.find("audit: nothing is changed; enforced, it would be as follows\n"), std::string::npos) << text;
  EXPECT_EQ(Line(text, "misses"), "  misses    one caller computes, the others wait up to 400ms, then a miss");
}

TEST(ExplainTest, ItIsStable) {
  const std::string policy = "- {name: a, match: '*', ttl: {missing: apply, default: 10ms, jitter: 1%}}";
  EXPECT_EQ(Explained(policy, "k"), Explained(policy, "k"));
}

TEST(ExplainTest, ARefusalIsTheErrorThatTheAppGets) {
  const std::string text = Explained("- {name: user, match: '*', ttl: {missing: reject}}", "k");
  EXPECT_EQ(Outcome(text, "SET key v"), "refused: ERR herdgate: policy 'user' requires a TTL on SET");
  EXPECT_EQ(Outcome(text, "PERSIST key"), "refused: ERR herdgate: policy 'user' requires a TTL on PERSIST");
  EXPECT_EQ(Outcome(text, "SET key v EX 3600"), "unchanged");
  EXPECT_EQ(Outcome(text, "GET key"), "unchanged");
}

TEST(ExplainTest, AKeyThatDoesNotMatchRequireCanNotBeWritten) {
  const std::string text = Explained("- {name: user, match: 'u*', version: {require: 'u:[0-9]+'}}", "u:x");
  EXPECT_EQ(Outcome(text, "SET key v"),
            "refused: ERR herdgate: policy 'user' refuses the key: it does not match 'require'");
  EXPECT_EQ(Outcome(text, "GET key"), "unchanged");
}

TEST(ExplainTest, BoundsWithoutJitterAreExact) {
  const std::string text = Explained("- {name: a, match: '*', ttl: {max: 10m}}", "k");
  EXPECT_EQ(Outcome(text, "SET key v EX 3600"), "SET k v PX 600000");
  EXPECT_EQ(Outcome(text, "SETEX key 3600 v"), "SETEX k 600 v");
  EXPECT_EQ(Outcome(text, "SET key v"), "unchanged  (left without an expiry)");
}

TEST(ExplainTest, TheMinimumEndsTheRangeOfJitter) {
  const std::string text = Explained("- {name: a, match: '*', ttl: {min: 59m, jitter: 50%}}", "k");
  EXPECT_EQ(Outcome(text, "SET key v EX 3600"), "SET k v PX 3540000..3600000");
}

TEST(ExplainTest, AuditShowsWhatEnforcingWouldDo) {
  const std::string text = Explained("- {name: a, match: '*', mode: audit, version: {schema: 3}}", "k");
  EXPECT_NE(text.find("mode      audit: nothing is changed; enforced, it would be as follows\n  in Redis  v3:k\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(Outcome(text, "GET key"), "GET v3:k");
}

TEST(ExplainTest, TheLongestLiteralPrefixIsNamed) {
  const std::string policies = "- {name: a, match: ['*', 'a:?', 'a:*', 'a:b:*']}\n- {name: b, match: 'b'}";
  // Not the pattern that stands first.
  EXPECT_NE(Explained(policies, "a:b:1").find("by the pattern a:b:*\n"), std::string::npos);
  EXPECT_NE(Explained(policies, "a:1").find("by the pattern a:?\n"), std::string::npos);
  EXPECT_NE(Explained(policies, "x").find("policy    a, by the pattern *\n"), std::string::npos);
  EXPECT_NE(Explained(policies, "b").find("policy    b, by the pattern b\n"), std::string::npos);
}

TEST(ExplainTest, WhatIsNoPlainWordStandsInQuotes) {
  const std::string text = Explained("- {name: a, match: \"q\\x06*\", version: {schema: 1}}", "q\x06 \"\\\xff");
  EXPECT_NE(text.find("\"q\\x06 \\\"\\\\\\xff\"\n  policy    a, by the pattern \"q\\x06*\"\n"), std::string::npos)
      << text;
  EXPECT_EQ(Outcome(text, "GET key"), "GET \"v1:q\\x06 \\\"\\\\\\xff\"");
}

TEST(ExplainTest, AKeyThatLooksLikeAnExpiryIsNoExpiry) {
  const std::string text = Explained("- {name: a, match: '*', ttl: {missing: apply, default: 1h}}", "3600000");
  EXPECT_EQ(Outcome(text, "SET key v"), "SET 3600000 v PX 3600000");
}

}  // namespace
}  // namespace herdgate::app
