#include "sidecar/policy/request_judge.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sidecar/policy/reply_rewriter.h"
#include "tests/unit/policy/judge_fixture.h"
#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

SnapshotPtr Audited() {
  std::vector<Policy> policies = {VersionedPolicy("user", "user:*", 7), VersionedPolicy("cart", "cart:*", 2, true)};
  for (Policy& policy : policies) policy.mode = Mode::kAudit;
  return SnapshotOf(std::move(policies));
}

// user:* is v7:, cart:* waits for its generation.
SnapshotPtr Waiting() {
  return SnapshotOf({VersionedPolicy("user", "user:*", 7), VersionedPolicy("cart", "cart:*", 2, true)}, {0, 0});
}

// "script 0 command 1": reasons with their policies.
std::string Refusals(const RequestPlan& plan) {
  static constexpr std::string_view kNames[] = {"missing_ttl", "require", "script",
                                                "command",     "pattern", "key_too_long"};
  std::string out;
  for (const RefusalCount& refusal : plan.refusals) {
    out += (out.empty() ? "" : " ") + std::string(kNames[static_cast<std::size_t>(refusal.reason)]);
    out += " " + std::to_string(refusal.policy);
  }
  return out;
}

TEST(RequestJudgeTest, KeysGetTheirVersionAtEveryPosition) {
  Bench bench(ThreePolicies());
  constexpr Row kRows[] = {
      {"GET user:1", "GET v7:user:1"},
      {"get cart:1", "get v2.1700:cart:1"},
      {"GET gen:1", "GET g9:gen:1"},
      {"GET other", "pass"},
      {"MGET user:1 other gen:1 user:2", "MGET v7:user:1 other g9:gen:1 v7:user:2"},
      {"MSET user:1 user:1 other user:2", "MSET v7:user:1 user:1 other user:2"},
      {"DEL cart:1 user:1", "DEL v2.1700:cart:1 v7:user:1"},
      {"WATCH user:1", "WATCH v7:user:1"},
      {"OBJECT ENCODING user:1", "OBJECT ENCODING v7:user:1"},
      {"MEMORY USAGE user:1 SAMPLES 0", "MEMORY USAGE v7:user:1 SAMPLES 0"},
      {"ZUNIONSTORE user:1 2 user:2 cart:1 WEIGHTS 1 2",
       "ZUNIONSTORE v7:user:1 2 v7:user:2 v2.1700:cart:1 WEIGHTS 1 2"},
      {"XREAD COUNT 1 STREAMS user:1 other 0 0", "XREAD COUNT 1 STREAMS v7:user:1 other 0 0"},
      {"EVAL return 2 user:1 other user:2", "EVAL return 2 v7:user:1 other user:2"},
      {"BLPOP user:1 user:2 0", "BLPOP v7:user:1 v7:user:2 0"},
      {"SORT user:1 BY nosort GET # STORE cart:1", "SORT v7:user:1 BY nosort GET # STORE v2.1700:cart:1"},
      {"GEORADIUS user:1 0 0 1 m STORE user:2", "GEORADIUS v7:user:1 0 0 1 m STORE v7:user:2"},
      {"XGROUP CREATE user:1 g $", "XGROUP CREATE v7:user:1 g $"},
      {"RENAME user:1 cart:1", "RENAME v7:user:1 v2.1700:cart:1"},
      {"COMMAND GETKEYS GET user:1", "pass"},
      {"SPUBLISH user:1 m", "pass"},
      {"SSUBSCRIBE user:1", "pass"},
      {"PUBLISH user:1 m", "pass"},
      {"NOSUCH user:1", "pass"},
      {"PING user:1", "pass"},
      {"ECHO user:1", "pass"},
      {"GET user:", "GET v7:user:"},
  };
  ExpectRows(bench, kRows);
}

TEST(RequestJudgeTest, RenamedKeysAreCountedByPolicy) {
  Bench bench(ThreePolicies());
  bench.Judge("MGET user:1 other gen:1 user:2");
  ASSERT_EQ(bench.plan().rewrites.size(), 2U);
  EXPECT_EQ(bench.plan().rewrites[0].policy, 0U);
  EXPECT_EQ(bench.plan().rewrites[0].keys, 2U);
  EXPECT_EQ(bench.plan().rewrites[1].policy, 2U);
  EXPECT_EQ(bench.plan().rewrites[1].keys, 1U);
}

TEST(RequestJudgeTest, APlanIsFilledAnewForEachRequest) {
  Bench bench(ThreePolicies());
  bench.Judge("EVAL return 1 user:1");
  EXPECT_FALSE(bench.plan().reply.plain());
  EXPECT_EQ(bench.Outcome("GET other"), "pass");
  EXPECT_TRUE(bench.plan().reply.plain());
  EXPECT_TRUE(bench.plan().rewrites.empty());
  EXPECT_TRUE(bench.plan().raw.empty());
}

struct Shape {
  const char* request;
  ReplyShape shape;
};

TEST(RequestJudgeTest, RepliesThatHoldKeysAreNoted) {
  Bench bench(ThreePolicies());
  const Shape shapes[] = {
      {"BLPOP user:1 0", ReplyShape::kFirstIsKey},
      {"BRPOP user:1 0", ReplyShape::kFirstIsKey},
      {"BZPOPMIN user:1 0", ReplyShape::kFirstIsKey},
      {"BZPOPMAX user:1 0", ReplyShape::kFirstIsKey},
      {"LMPOP 1 user:1 LEFT", ReplyShape::kFirstIsKey},
      {"BLMPOP 0 1 user:1 LEFT", ReplyShape::kFirstIsKey},
      {"ZMPOP 1 user:1 MIN", ReplyShape::kFirstIsKey},
      {"BZMPOP 0 1 user:1 MIN", ReplyShape::kFirstIsKey},
      {"XREAD STREAMS user:1 0", ReplyShape::kStreams},
      {"XREADGROUP GROUP g c STREAMS user:1 >", ReplyShape::kStreams},
      {"XPENDING user:1 g", ReplyShape::kNamedKeys},
      {"EVAL return 1 user:1", ReplyShape::kNamedKeys},
      {"EVALSHA s 1 user:1", ReplyShape::kNamedKeys},
      {"FCALL_RO f 1 user:1", ReplyShape::kNamedKeys},
      {"KEYS *", ReplyShape::kKeys},
      {"SCAN 0", ReplyShape::kScan},
      {"RANDOMKEY", ReplyShape::kRandomKey},
      {"SLOWLOG GET", ReplyShape::kAnyName},
      {"ACL LOG", ReplyShape::kAnyName},
      {"CLIENT TRACKINGINFO", ReplyShape::kAnyName},
      {"GET user:1", ReplyShape::kPlain},
      {"BLPOP other 0", ReplyShape::kPlain},
      {"EVAL return 1 other", ReplyShape::kPlain},
  };
  for (const Shape& row : shapes) {
    bench.Judge(row.request);
    EXPECT_EQ(bench.plan().reply.shape, row.shape) << row.request;
    EXPECT_EQ(bench.plan().reply.snapshot != nullptr, row.shape != ReplyShape::kPlain) << row.request;
  }
  bench.Judge("EVAL return 2 user:1 other");
  ASSERT_EQ(bench.plan().reply.keys.size(), 1U);
  EXPECT_EQ(bench.plan().reply.keys[0], std::pair(std::string("v7:user:1"), std::string("user:1")));
}

TEST(RequestJudgeTest, AKeyWithoutAKnownGenerationWaits) {
  Bench bench(Waiting());
  constexpr Row kRows[] = {
      {"GET user:1", "GET v7:user:1"},
      {"GET cart:1", "wait"},
      {"MGET user:1 cart:1", "wait"},
      {"KEYS user:*", "wait"},
      {"SCAN 0", "wait"},
      {"RANDOMKEY", "wait"},
      {"SUBSCRIBE news", "pass"},
      {"SUBSCRIBE __keyspace@0__:cart:1", "wait"},
      {"SUBSCRIBE __keyspace@0__:user:1", "SUBSCRIBE __keyspace@0__:v7:user:1"},
      {"PSUBSCRIBE __keyspace@0__:cart:*", "PSUBSCRIBE __keyspace@0__:v2.[0-9]*:cart:*"},
      {"CLIENT TRACKING ON BCAST PREFIX cart:", "wait"},
      {"CLIENT TRACKING ON", "pass"},
      {"DEBUG OBJECT cart:1", "wait"},
      {"DEBUG OBJECT user:1", "DEBUG OBJECT v7:user:1"},
      {"SORT user:1 BY cart:*", "wait"},
      {"SORT user:1", "SORT v7:user:1"},
      {"SORT user:1 BY nosort", "SORT v7:user:1 BY nosort"},
      {"PING", "pass"},
      {"MULTI", "pass"},
  };
  ExpectRows(bench, kRows);
  bench.Judge("MGET user:1 cart:1");
  EXPECT_EQ(bench.plan().waiting_for, 1U);
  EXPECT_TRUE(bench.plan().rewrites.empty());
}

TEST(RequestJudgeTest, RequireRefusesWritesOnly) {
  Policy policy = VersionedPolicy("user", "user:*", 7);
  policy.version.require = "user:[0-9]+";
  Bench bench(SnapshotOf({policy}));
  const char* const refused = "refused: -ERR herdgate: policy 'user' refuses the key: it does not match 'require'";
  const Row rows[] = {
      {"SET user:1 v", "SET v7:user:1 v"}, {"SET user:x v", refused},
      {"MSET user:1 v user:x v", refused}, {"GET user:x", "GET v7:user:x"},
      {"DEL user:x", "DEL v7:user:x"},     {"RENAME user:1 user:x", refused},
      {"EXPIRE user:x 60", refused},       {"COPY user:x user:1", "COPY v7:user:x v7:user:1"},
  };
  for (const Row& row : rows) EXPECT_EQ(bench.Outcome(row.request), row.outcome) << row.request;
  bench.Judge("MSET user:x v user:y v");
  EXPECT_EQ(Refusals(bench.plan()), "require 0");
  EXPECT_TRUE(bench.plan().rewrites.empty());
}

TEST(RequestJudgeTest, RequireHoldsWithoutAVersionToo) {
  Policy policy = TtlPolicy();
  policy.version.require = "user:[0-9]+";
  Bench bench(policy);
  EXPECT_EQ(bench.Outcome("SET user:1 v"), "SET user:1 v PX 3600000");
  EXPECT_EQ(bench.Outcome("INCR user:x"),
            "refused: -ERR herdgate: policy 'user' refuses the key: it does not match 'require'");
  EXPECT_TRUE(bench.plan().judgements.empty());
}

TEST(RequestJudgeTest, AKeyThatRedisWouldNotTakeIsRefused) {
  Bench bench(ThreePolicies());
  bench.max_key_bytes = 10;
  EXPECT_EQ(bench.Outcome("GET user:67"), "GET v7:user:67");
  EXPECT_EQ(bench.Outcome("GET user:678"),
            "refused: -ERR herdgate: policy 'user' makes a key longer than the upstream allows");
  EXPECT_EQ(Refusals(bench.plan()), "key_too_long 0");
  // Too long as it is: Redis says so.
  EXPECT_EQ(bench.Outcome("GET user:678901"), "GET v7:user:678901");
}

TEST(RequestJudgeTest, MigrateOfVersionedKeysIsRefused) {
  Bench bench(ThreePolicies());
  EXPECT_EQ(bench.Outcome("MIGRATE h 1 user:1 0 9"),
            "refused: -ERR herdgate: policy 'user' has versions: MIGRATE would lose them");
  EXPECT_EQ(bench.Outcome("MIGRATE h 1 '' 0 9 KEYS other gen:1"),
            "refused: -ERR herdgate: policy 'gen' has versions: MIGRATE would lose them");
  EXPECT_EQ(bench.Outcome("MIGRATE h 1 other 0 9"), "pass");
}

std::vector<std::string> Eval(std::string_view script, const std::vector<std::string>& keys) {
  std::vector<std::string> request = {"EVAL", std::string(script), std::to_string(keys.size())};
  request.insert(request.end(), keys.begin(), keys.end());
  return request;
}

TEST(RequestJudgeTest, ScriptsThatBuildVersionedNamesAreRefused) {
  Bench bench(ThreePolicies());
  const char* const script = "return redis.call('GET', 'user:' .. ARGV[1])";
  const char* const other = "return redis.call('GET', 'queue:' .. ARGV[1])";
  for (int round = 0; round < 2; ++round) {  // the second time it is known
    EXPECT_EQ(Bench::Show(bench.Judge(Eval(script, {}))),
              "refused: -ERR herdgate: the script builds key names, which policy 'user' can't rename");
    EXPECT_EQ(Bench::Show(bench.Judge(Eval(other, {"gen:1"}))),
              "refused: -ERR herdgate: the script builds key names, which policy 'gen' can't rename");
    EXPECT_EQ(Bench::Show(bench.Judge(Eval(other, {"queue:1"}))), "pass");
    EXPECT_NE(Bench::Show(bench.Judge(Eval("return redis.call('GET', KEYS[1])", {"user:1"}))), "pass");
    EXPECT_EQ(bench.plan().action, RequestPlan::Action::kRewrite);
  }
  bench.Judge(Eval(script, {"user:1", "user:2"}));
  EXPECT_EQ(Refusals(bench.plan()), "script 0");
  EXPECT_TRUE(bench.plan().reply.plain());
}

TEST(RequestJudgeTest, ARefusalLeavesNothingElse) {
  Policy policy = TtlPolicy(MissingTtl::kReject);
  policy.version.schema = 7;
  Bench bench(policy);
  EXPECT_EQ(bench.Outcome("SET user:1 v"), "refused: -ERR herdgate: policy 'user' requires a TTL on SET");
  EXPECT_TRUE(bench.plan().rewrites.empty());
  EXPECT_TRUE(bench.plan().follow_ups.empty());
  EXPECT_TRUE(bench.plan().reply.plain());
  EXPECT_TRUE(bench.plan().raw.empty());
  EXPECT_EQ(Refusals(bench.plan()), "missing_ttl 0");
}

TEST(RequestJudgeTest, AuditCountsRenamesAndChangesNothing) {
  Bench bench(Audited());
  for (const char* request :
       {"GET user:1", "KEYS *", "SCAN 0", "RANDOMKEY", "BLPOP user:1 0", "XREAD STREAMS user:1 0",
        "EVAL return 1 user:1", "SUBSCRIBE __keyspace@0__:user:1", "GET cart:1",
        "CLIENT TRACKING ON BCAST PREFIX user:", "DEBUG OBJECT user:1", "SLOWLOG GET", "CLIENT TRACKINGINFO"}) {
    EXPECT_EQ(bench.Outcome(request), "pass") << request;
    EXPECT_TRUE(bench.plan().reply.plain()) << request;
    EXPECT_EQ(Refusals(bench.plan()), "") << request;
  }
  bench.Judge("MGET user:1 user:2");
  ASSERT_EQ(bench.plan().rewrites.size(), 1U);
  EXPECT_EQ(bench.plan().rewrites[0].keys, 2U);
}

TEST(RequestJudgeTest, AuditCountsWhatWouldBeRefused) {
  Bench bench(Audited());
  constexpr Row kRows[] = {
      {"MIGRATE h 1 user:1 0 9", "command 0"},
      {"MIGRATE h 1 '' 0 9 KEYS user:1 user:2 cart:1", "command 0 command 1"},
      {"SORT other BY *", "pattern 0"},
      {"SORT user:1 BY cart:* GET u* GET c*", "pattern 0"},
      {"SORT user:1 BY cart:* GET user:*", ""},
      {"CLIENT TRACKING ON BCAST PREFIX u PREFIX x", "pattern 0"},
      {"CLIENT TRACKING ON BCAST PREFIX user:", ""},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(bench.Outcome(row.request), "pass") << row.request;
    EXPECT_EQ(Refusals(bench.plan()), row.outcome) << row.request;
  }
  bench.Judge(Eval("return redis.call('GET', 'x' .. ARGV[1])", {"cart:1"}));
  EXPECT_EQ(Refusals(bench.plan()), "script 1");
  bench.max_key_bytes = 8;
  EXPECT_EQ(bench.Outcome("GET user:12"), "pass");
  EXPECT_EQ(Refusals(bench.plan()), "key_too_long 0");
}

TEST(RequestJudgeTest, OffKeepsItsKeysFromOtherPolicies) {
  Policy off = VersionedPolicy("off", "user:off:*", 9);
  off.mode = Mode::kOff;
  off.version.require = "never";
  Bench bench(SnapshotOf({VersionedPolicy("user", "user:*", 7), off}));
  EXPECT_EQ(bench.Outcome("SET user:1 v"), "SET v7:user:1 v");
  EXPECT_EQ(bench.Outcome("SET user:off:1 v"), "pass");
  EXPECT_TRUE(bench.plan().rewrites.empty());
}

TEST(RequestJudgeTest, InlineRequestsAreRewrittenToo) {
  const SnapshotPtr snapshot = ThreePolicies();
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  const std::string line = "GET \"user:1\"\r\n";
  ASSERT_EQ(decoder.Decode(line, request), resp::RequestDecoder::Outcome::kRequest);
  ASSERT_TRUE(request.was_inline);
  base::Random random(1);
  RequestJudge judge;
  RequestPlan plan;
  judge.Judge(snapshot, *command::BuiltIn().Resolve(request.args), request.args, request.raw,
              {.now = kNow, .random = random}, plan);
  EXPECT_EQ(Bench::Show(plan), "GET v7:user:1");
}

TEST(RequestJudgeTest, AnErrorThatQuotesTheArgumentsOfAnAbsentCommandIsRewritten) {
  const std::vector<std::string_view> args = {"HTTL", "user:1", "FIELDS", "1", "f"};
  std::string raw;
  resp::AppendRequest(raw, args);
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  ASSERT_EQ(decoder.Decode(raw, request), resp::RequestDecoder::Outcome::kRequest);
  command::CommandSpec spec = *command::BuiltIn().Resolve(request.args);
  base::Random random(1);
  RequestJudge judge;
  RequestPlan plan;
  judge.Judge(ThreePolicies(), spec, request.args, request.raw, {.now = kNow, .random = random}, plan);
  EXPECT_TRUE(plan.reply.plain());
  spec.absent = true;
  judge.Judge(ThreePolicies(), spec, request.args, request.raw, {.now = kNow, .random = random}, plan);
  EXPECT_EQ(Bench::Show(plan), "HTTL v7:user:1 FIELDS 1 f");
  EXPECT_EQ(
      RewriteReply(plan.reply, "-ERR unknown command 'HTTL', with args beginning with: 'v7:user:1' 'FIELDS' \r\n"),
      "-ERR unknown command 'HTTL', with args beginning with: 'user:1' 'FIELDS' \r\n");
}

// "c:*" and "d:*" are cache policies, "p:*" is none, "a:*" would be but is in audit mode, "x:*" but is off.
SnapshotPtr Caches() {
  const auto named = [](const char* name, OfflineReads reads, Mode mode) {
    Policy policy = VersionedPolicy(name, std::string(name) + ":*", 1);
    policy.offline.reads = reads;
    policy.mode = mode;
    return policy;
  };
  return SnapshotOf({named("c", OfflineReads::kMiss, Mode::kEnforce), named("d", OfflineReads::kError, Mode::kEnforce),
                     named("p", OfflineReads::kPass, Mode::kEnforce), named("a", OfflineReads::kMiss, Mode::kAudit),
                     named("x", OfflineReads::kMiss, Mode::kOff)});
}

TEST(RequestJudgeTest, CommandsWhoseKeysAreAllACachesAreDegradable) {
  Bench bench(Caches());
  for (const char* line :
       {"GET c:1", "SET c:1 v", "DEL c:1 d:1", "MGET c:1 d:1 c:2", "HGETALL d:1", "SORT c:1 LIMIT 0 1 ALPHA",
        "SORT_RO c:1", "XREAD STREAMS c:1 0", "OBJECT ENCODING c:1", "ZUNIONSTORE c:1 2 c:2 d:3", "SMEMBERS c:1"}) {
    EXPECT_TRUE(bench.Judge(line).degradable) << line;
  }
}

TEST(RequestJudgeTest, OneKeyOfNoCacheMakesACommandNotDegradable) {
  Bench bench(Caches());
  for (const char* line : {"GET p:1", "GET a:1", "GET x:1", "GET n:1", "MGET c:1 n:1", "MGET n:1 c:1", "MGET c:1 p:1",
                           "DEL c:1 a:1 d:1", "RENAME c:1 x:1"}) {
    EXPECT_FALSE(bench.Judge(line).degradable) << line;
  }
}

TEST(RequestJudgeTest, WhatIsNoPlainCommandIsNotDegradable) {
  Bench bench(Caches());
  for (const char* line : {"PING", "KEYS c:*", "DBSIZE", "FLUSHALL", "SPUBLISH c:1 m", "EVAL return 1 c:1",
                           "EVAL_RO x 1 c:1", "EVALSHA abc 1 c:1", "FCALL f 1 c:1", "FCALL_RO f 1 c:1", "BLPOP c:1 0",
                           "XREAD BLOCK 1 STREAMS c:1 0", "WATCH c:1", "MIGRATE h 1 c:1 0 5", "SORT c:1 BY w_*",
                           "SORT c:1 by w_* get #", "SORT_RO c:1 GET o_*", "GET", "NOSUCH c:1"}) {
    EXPECT_FALSE(bench.Judge(line).degradable) << line;
  }
}

TEST(RequestJudgeTest, DegradableIsNotLeftFromTheRequestBefore) {
  Bench bench(Caches());
  EXPECT_TRUE(bench.Judge("GET c:1").degradable);
  EXPECT_FALSE(bench.Judge("GET n:1").degradable);
  EXPECT_TRUE(bench.Judge("GET c:1").degradable);
  EXPECT_FALSE(bench.Judge("NOSUCH c:1").degradable);
}

// "near" has a near cache, "auto" and "on" coalesce, "off" does neither; "audit" and "idle" would.
SnapshotPtr Watched() {
  const auto named = [](std::string name, Mode mode, Coalesce coalesce, bool near) {
    Policy policy = VersionedPolicy(name, name + ":*", std::nullopt);
    policy.mode = mode;
    policy.stampede.coalesce = coalesce;
    policy.near.enabled = near;
    return policy;
  };
  return SnapshotOf(
      {named("near", Mode::kEnforce, Coalesce::kOff, true), named("auto", Mode::kEnforce, Coalesce::kAuto, false),
       named("on", Mode::kEnforce, Coalesce::kOn, false), named("off", Mode::kEnforce, Coalesce::kOff, false),
       named("audit", Mode::kAudit, Coalesce::kOn, true), named("idle", Mode::kOff, Coalesce::kOn, true)});
}

// The arguments' numbers, "w" behind those that are written, and the policies' names.
std::string WatchedKeysOf(Bench& bench, std::string_view line) {
  std::string out;
  for (const RequestPlan::WatchedKey& key : bench.Judge(line).watched_keys) {
    out += (out.empty() ? "" : " ") + std::to_string(key.argument) + (key.written ? "w " : " ") +
           bench.snapshot().set().at(key.policy).name;
  }
  return out;
}

TEST(RequestJudgeTest, KeysOfEnforcedPoliciesWithANearCacheOrCoalescingAreWatched) {
  Bench bench(Watched());
  EXPECT_EQ(WatchedKeysOf(bench, "GET near:1"), "1 near");
  EXPECT_EQ(WatchedKeysOf(bench, "SET auto:1 v"), "1w auto");
  EXPECT_EQ(WatchedKeysOf(bench, "MGET on:1 off:1 audit:1 idle:1 none near:2 auto:3"), "1 on 6 near 7 auto");
  EXPECT_EQ(WatchedKeysOf(bench, "DEL off:1 on:1"), "2w on");
  EXPECT_EQ(WatchedKeysOf(bench, "COPY on:1 auto:1"), "1 on 2w auto");
  EXPECT_EQ(WatchedKeysOf(bench, "GET off:1"), "");
}

TEST(RequestJudgeTest, ACommandThatWaitsForItsGenerationMayBeDegradable) {
  Policy policy = VersionedPolicy("g", "g:*", std::nullopt, true);
  policy.near.enabled = true;
  Bench bench(SnapshotOf({policy}));
  EXPECT_EQ(bench.Outcome("GET g:1"), "wait");
  EXPECT_TRUE(bench.plan().degradable);
}

}  // namespace
}  // namespace herdgate::policy
