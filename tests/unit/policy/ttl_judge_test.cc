#include "sidecar/policy/ttl_judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "tests/unit/policy/judge_fixture.h"

namespace herdgate::policy {
namespace {

using std::chrono::milliseconds;

constexpr Row kSetRows[] = {
    {"SET user:1 v", "SET user:1 v PX 3600000"},
    {"SET user:1 v NX GET", "SET user:1 v NX GET PX 3600000"},
    {"set user:1 '' xx", "set user:1 '' xx PX 3600000"},
    {"SET user:1 EX", "SET user:1 EX PX 3600000"},
    {"SET user:1 v KEEPTTL", "pass; PEXPIRE user:1 3600000 NX"},
    {"SET user:1 v XX keepttl GET", "pass; PEXPIRE user:1 3600000 NX"},
    {"SET user:1 v EX 60", "pass"},
    {"SET user:1 v ex 60 nx", "pass"},
    {"SET user:1 v EX 10", "pass"},
    {"SET user:1 v EX 9", "SET user:1 v PX 10000"},
    {"SET user:1 v EX 86400", "pass"},
    {"SET user:1 v EX 86401", "SET user:1 v PX 86400000"},
    {"SET user:1 v NX EX 1 GET", "SET user:1 v NX PX 10000 GET"},
    {"SET user:1 v PX 9999", "SET user:1 v PX 10000"},
    {"SET user:1 v PX 86400001", "SET user:1 v PX 86400000"},
    {"SET user:1 v EXAT 1000000060", "pass"},
    {"SET user:1 v EXAT 1000000009", "SET user:1 v PXAT 1000000010000"},
    {"SET user:1 v EXAT 1000999999", "SET user:1 v PXAT 1000086400000"},
    {"SET user:1 v PXAT 1000000000001", "SET user:1 v PXAT 1000000010000"},
    {"SET user:1 v PXAT 1000999999999 GET", "SET user:1 v PXAT 1000086400000 GET"},
    {"SET user:1 v PXAT 1000000000000", "pass"},  // now: it deletes
    {"SET user:1 v EXAT 1", "pass"},
    {"SET user:1 v EX 999999 NX EX 5", "SET user:1 v PX 10000 NX PX 10000"},  // the last one counts
    {"SET user:1 v IFEQ EX EX 5", "SET user:1 v IFEQ EX PX 10000"},
    {"SETEX user:1 60 v", "pass"},
    {"SETEX user:1 5 v", "PSETEX user:1 10000 v"},
    {"setex user:1 86401 v", "setex user:1 86400 v"},
    {"PSETEX user:1 1 v", "PSETEX user:1 10000 v"},
    {"PSETEX user:1 999999999 v", "PSETEX user:1 86400000 v"},
    {"SETNX user:1 v", "pass; PEXPIRE user:1 3600000 NX"},
    {"GETSET user:1 v", "SET user:1 v PX 3600000 GET"},
    {"GETEX user:1", "pass"},
    {"GETEX user:1 EX 60", "pass"},
    {"GETEX user:1 EX 5", "GETEX user:1 PX 10000"},
    {"GETEX user:1 PX 999999999", "GETEX user:1 PX 86400000"},
    {"GETEX user:1 EXAT 1000999999", "GETEX user:1 PXAT 1000086400000"},
    {"GETEX user:1 PXAT 1", "pass"},
    {"GETEX user:1 PERSIST", "GETEX user:1 PX 3600000"},
    {"GETEX user:1 PERSIST PERSIST", "pass; PEXPIRE user:1 3600000 NX"},
    {"GETEX user:1 EX 5 EX 6", "GETEX user:1 PX 10000 PX 10000"},
};

constexpr Row kExpireRows[] = {
    {"EXPIRE user:1 60", "pass"},
    {"EXPIRE user:1 5", "PEXPIRE user:1 10000"},
    {"expire user:1 86401 nx", "expire user:1 86400 nx"},
    {"EXPIRE user:1 5 GT", "PEXPIRE user:1 10000 GT"},
    {"EXPIRE user:1 5 XX LT", "PEXPIRE user:1 10000 XX LT"},
    {"PEXPIRE user:1 9999", "PEXPIRE user:1 10000"},
    {"PEXPIRE user:1 999999999 XX", "PEXPIRE user:1 86400000 XX"},
    {"EXPIREAT user:1 1000000005 LT", "PEXPIREAT user:1 1000000010000 LT"},
    {"EXPIREAT user:1 1000999999", "EXPIREAT user:1 1000086400"},
    {"PEXPIREAT user:1 1000999999999", "PEXPIREAT user:1 1000086400000"},
    {"EXPIRE user:1 0", "pass"},
    {"EXPIRE user:1 -1", "pass"},
    {"EXPIREAT user:1 1000000000", "pass"},
    {"PEXPIREAT user:1 999999999999 NX", "pass"},
    {"PERSIST user:1", "pass; PEXPIRE user:1 3600000 NX"},
    {"RESTORE user:1 0 x", "RESTORE user:1 3600000 x"},
    {"RESTORE user:1 0 x ABSTTL", "RESTORE user:1 1000003600000 x ABSTTL"},
    {"RESTORE user:1 60000 x REPLACE", "pass"},
    {"RESTORE user:1 5 x REPLACE IDLETIME 9", "RESTORE user:1 10000 x REPLACE IDLETIME 9"},
    {"RESTORE user:1 1000999999999 x replace absttl", "RESTORE user:1 1000086400000 x replace absttl"},
    {"RESTORE user:1 1000 x ABSTTL FREQ 1", "pass"},
    {"RESTORE-ASKING user:1 0 x", "RESTORE-ASKING user:1 3600000 x"},
    {"HEXPIRE user:1 5 FIELDS 1 f", "pass"},
    {"HPEXPIREAT user:1 5 FIELDS 1 f", "pass"},
};

constexpr Row kFollowUpRows[] = {
    {"MSET user:1 a other b user:2 c", "pass; PEXPIRE user:1 3600000 NX; PEXPIRE user:2 3600000 NX"},
    {"MSETNX user:1 a", "pass; PEXPIRE user:1 3600000 NX"},
    {"MSETEX 1 user:1 a", "pass; PEXPIRE user:1 3600000 NX"},
    {"MSETEX 1 user:1 a KEEPTTL", "pass; PEXPIRE user:1 3600000 NX"},
    {"MSETEX 2 user:1 a user:2 b NX EX 999999", "pass; PEXPIRE user:1 86400000 XX LT; PEXPIRE user:2 86400000 XX LT"},
    {"LMOVE user:1 user:2 LEFT RIGHT", "pass; PEXPIRE user:2 3600000 NX"},
    {"BLMOVE user:1 user:2 LEFT RIGHT 0", "pass; PEXPIRE user:2 3600000 NX"},
    {"RPOPLPUSH user:1 user:2", "pass; PEXPIRE user:2 3600000 NX"},
    {"BRPOPLPUSH user:1 user:2 0", "pass; PEXPIRE user:2 3600000 NX"},
    {"SMOVE user:1 user:2 m", "pass; PEXPIRE user:2 3600000 NX"},
    {"BITOP AND user:1 user:2 user:3", "pass; PEXPIRE user:1 3600000 NX"},
    {"PFMERGE user:1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"SUNIONSTORE user:1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"SDIFFSTORE user:1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"SINTERSTORE user:1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"ZUNIONSTORE user:1 1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"ZINTERSTORE user:1 1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"ZDIFFSTORE user:1 1 user:2", "pass; PEXPIRE user:1 3600000 NX"},
    {"ZRANGESTORE user:1 user:2 0 -1", "pass; PEXPIRE user:1 3600000 NX"},
    {"GEOSEARCHSTORE user:1 user:2 FROMMEMBER m BYRADIUS 1 m", "pass; PEXPIRE user:1 3600000 NX"},
    {"GEORADIUS user:1 0 0 1 m STORE user:2", "pass; PEXPIRE user:2 3600000 NX"},
    {"GEORADIUS user:1 0 0 1 m", "pass"},
    {"SORT user:1 STORE user:2", "pass; PEXPIRE user:2 3600000 NX"},
    {"SORT user:1", "pass"},
    {"SORT_RO user:1", "pass"},
    {"XGROUP CREATE user:1 g $ MKSTREAM", "pass; PEXPIRE user:1 3600000 NX"},
    {"COPY user:1 user:2", "pass; PEXPIRE user:2 3600000 NX; PEXPIRE user:2 86400000 XX LT"},
    {"COPY DB user:2 REPLACE", "pass; PEXPIRE user:2 3600000 NX; PEXPIRE user:2 86400000 XX LT"},
    {"COPY user:1 user:2 DB 1", "pass"},
    {"COPY user:1 other", "pass"},
    {"RENAME user:1 user:2", "pass; PEXPIRE user:2 3600000 NX; PEXPIRE user:2 86400000 XX LT"},
    {"RENAMENX other user:2", "pass; PEXPIRE user:2 3600000 NX; PEXPIRE user:2 86400000 XX LT"},
    {"MOVE user:1 1", "pass"},
    {"EVAL s 2 user:1 user:2 user:3", "pass; PEXPIRE user:1 3600000 NX; PEXPIRE user:2 3600000 NX"},
    {"EVALSHA s 1 user:1", "pass; PEXPIRE user:1 3600000 NX"},
    {"FCALL f 1 user:1", "pass; PEXPIRE user:1 3600000 NX"},
    {"EVAL_RO s 1 user:1", "pass"},
    {"EVALSHA_RO s 1 user:1", "pass"},
    {"FCALL_RO f 1 user:1", "pass"},
};

// Commands that may make the key or leave it as it is.
constexpr const char* kFollowed[] = {
    "INCR user:1",         "INCRBY user:1 1",         "INCRBYFLOAT user:1 1",
    "DECR user:1",         "DECRBY user:1 1",         "APPEND user:1 v",
    "SETRANGE user:1 0 v", "SETBIT user:1 0 1",       "BITFIELD user:1 SET u8 0 1",
    "HSET user:1 f v",     "HMSET user:1 f v",        "HSETNX user:1 f v",
    "HINCRBY user:1 f 1",  "HINCRBYFLOAT user:1 f 1", "LPUSH user:1 v",
    "RPUSH user:1 v",      "SADD user:1 m",           "ZADD user:1 1 m",
    "ZINCRBY user:1 1 m",  "XADD user:1 * f v",       "PFADD user:1 m",
    "GEOADD user:1 0 0 m",
};

constexpr const char* kNotWritten[] = {
    "GET user:1",     "MGET user:1 user:2", "DEL user:1",
    "UNLINK user:1",  "TTL user:1",         "EXISTS user:1",
    "HGETALL user:1", "HDEL user:1 f",      "LPOP user:1",
    "BLPOP user:1 0", "LPUSHX user:1 v",    "SPOP user:1",
    "ZPOPMIN user:1", "XDEL user:1 1-1",    "XREAD STREAMS user:1 0",
    "GETDEL user:1",  "PFCOUNT user:1",     "OBJECT FREQ user:1",
    "WATCH user:1",   "TOUCH user:1",       "SET other v",
    "PING",           "INCR other",         "EVAL s 0",
    "NOSUCH user:1",
};

// Redis words the errors of these.
constexpr const char* kMalformed[] = {
    "SET user:1",
    "SET user:1 v EX",
    "SET user:1 v EX 0",
    "SET user:1 v EX -1",
    "SET user:1 v EX +1",
    "SET user:1 v EX 01",
    "SET user:1 v EX abc",
    "SET user:1 v EX ''",
    "SET user:1 v EX 9223372036854775807",
    "SET user:1 v EX 9223372036854776",
    "SET user:1 v EX 9223372036854775",  // now and this overflow
    "SET user:1 v PX 9223372036854775807",
    "SET user:1 v PX 9223371036854775808",
    "SET user:1 v EXAT 9223372036854775807",
    "SET user:1 v PX 99999999999999999999",
    "SET user:1 v EX 10 PX 10",
    "SET user:1 v EX 10 KEEPTTL",
    "SET user:1 v KEEPTTL EX 10",
    "SET user:1 v NX XX",
    "SET user:1 v PERSIST",
    "SET user:1 v EX 5 FOO",
    "SETEX user:1 5",
    "SETEX user:1 0 v",
    "SETEX user:1 abc v",
    "SETEX user:1 9223372036854775807 v",
    "SETEX user:1 9223372036854775 v",
    "PSETEX user:1 9223372036854775807 v",
    "PSETEX user:1 -5 v",
    "SETNX user:1",
    "GETSET user:1",
    "GETEX",
    "GETEX user:1 EX",
    "GETEX user:1 EX 0",
    "GETEX user:1 FOO",
    "GETEX user:1 KEEPTTL",
    "GETEX user:1 PERSIST EX 10",
    "GETEX user:1 EX 10 PX 5",
    "EXPIRE user:1",
    "EXPIRE user:1 abc",
    "EXPIRE user:1 5 FOO",
    "EXPIRE user:1 5 NX XX",
    "EXPIRE user:1 5 NX GT",
    "EXPIRE user:1 5 NX LT",
    "EXPIRE user:1 5 GT LT",
    "EXPIRE user:1 9223372036854775807",
    "EXPIRE user:1 9223372036854775",
    "PEXPIRE user:1 9223372036854775807",
    "EXPIREAT user:1 9223372036854775807",
    "PERSIST user:1 x",
    "RESTORE user:1 0",
    "RESTORE user:1 abc x",
    "RESTORE user:1 -1 x",
    "RESTORE user:1 00 x",
    "RESTORE user:1 0 x FOO",
    "RESTORE user:1 5 x IDLETIME",
    "MSETEX 1 user:1 a EX",
    "HSET user:1 f",
    "INCR user:1 2",
};

TEST(TtlJudgeTest, SetAndItsKinCarryABoundedExpiry) {
  Bench bench(TtlPolicy());
  ExpectRows(bench, kSetRows);
}

TEST(TtlJudgeTest, ExpiriesThatAreSetLaterAreBounded) {
  Bench bench(TtlPolicy());
  ExpectRows(bench, kExpireRows);
}

TEST(TtlJudgeTest, WhatCanNotCarryAnExpiryIsFollowedByOne) {
  Bench bench(TtlPolicy());
  ExpectRows(bench, kFollowUpRows);
  for (const char* request : kFollowed) {
    EXPECT_EQ(bench.Outcome(request), "pass; PEXPIRE user:1 3600000 NX") << request;
  }
}

TEST(TtlJudgeTest, WhatWritesNoKeyIsNotTouched) {
  Bench bench(TtlPolicy());
  for (const char* request : kNotWritten) {
    EXPECT_EQ(bench.Outcome(request), "pass") << request;
    EXPECT_TRUE(bench.plan().judgements.empty()) << request;
  }
}

TEST(TtlJudgeTest, WhatIsMalformedIsNotTouched) {
  for (const MissingTtl missing : {MissingTtl::kApply, MissingTtl::kReject}) {
    for (const bool in_multi : {false, true}) {
      Bench bench(TtlPolicy(missing));
      bench.in_multi = in_multi;
      for (const char* request : kMalformed) {
        EXPECT_EQ(bench.Outcome(request), "pass") << request;
        EXPECT_TRUE(bench.plan().judgements.empty()) << request;
        EXPECT_TRUE(bench.plan().expiries.empty()) << request;
      }
    }
  }
}

TEST(TtlJudgeTest, WhatIsMalformedIsRenamedAllTheSame) {
  Policy policy = TtlPolicy();
  policy.version.schema = 7;
  Bench bench(policy);
  for (const std::string request : kMalformed) {
    const std::size_t at = request.find("user:1");
    std::string renamed = request;
    if (at != std::string::npos) renamed.insert(at, "v7:");
    EXPECT_EQ(bench.Outcome(request), renamed == request ? "pass" : renamed) << request;
  }
}

TEST(TtlJudgeTest, TheLargestExpiryOfRedisIsBounded) {
  Bench bench(TtlPolicy());
  const std::string longest = std::to_string(std::numeric_limits<std::int64_t>::max() - 1'000'000'000'000);
  EXPECT_EQ(bench.Outcome("SET user:1 v PX " + longest), "SET user:1 v PX 86400000");
  EXPECT_EQ(bench.Outcome("SET user:1 v PXAT 9223372036854775807"), "SET user:1 v PXAT 1000086400000");
  EXPECT_EQ(bench.Outcome("PEXPIREAT user:1 9223372036854775807"), "PEXPIREAT user:1 1000086400000");
  EXPECT_EQ(bench.Outcome("EXPIREAT user:1 9223372036854775"), "EXPIREAT user:1 1000086400");
}

TEST(TtlJudgeTest, RejectRefusesWhatCouldCarryAnExpiry) {
  Bench bench(TtlPolicy(MissingTtl::kReject));
  constexpr Row kRows[] = {
      {"SET user:1 v", "refused: -ERR herdgate: policy 'user' requires a TTL on SET"},
      {"set user:1 v xx", "refused: -ERR herdgate: policy 'user' requires a TTL on SET"},
      {"SETNX user:1 v", "refused: -ERR herdgate: policy 'user' requires a TTL on SETNX"},
      {"GETSET user:1 v", "refused: -ERR herdgate: policy 'user' requires a TTL on GETSET"},
      {"GETEX user:1 PERSIST", "refused: -ERR herdgate: policy 'user' requires a TTL on GETEX"},
      {"PERSIST user:1", "refused: -ERR herdgate: policy 'user' requires a TTL on PERSIST"},
      {"RESTORE user:1 0 x", "refused: -ERR herdgate: policy 'user' requires a TTL on RESTORE"},
      {"SET user:1 v EX 60", "pass"},
      {"SET user:1 v EX 5", "SET user:1 v PX 10000"},
      {"SETEX user:1 60 v", "pass"},
      {"GETEX user:1", "pass"},
      {"EXPIRE user:1 86401", "EXPIRE user:1 86400"},
      {"RESTORE user:1 5 x", "RESTORE user:1 10000 x"},
      {"HSET user:1 f v", "pass; PEXPIRE user:1 3600000 NX"},
      {"MSET user:1 v", "pass; PEXPIRE user:1 3600000 NX"},
      {"SET user:1 v KEEPTTL", "pass; PEXPIRE user:1 3600000 NX"},
      {"SET other v", "pass"},
  };
  ExpectRows(bench, kRows);
}

TEST(TtlJudgeTest, RejectWithoutADefaultLetsThroughWhatCanNotCarryAnExpiry) {
  Policy policy = TtlPolicy(MissingTtl::kReject);
  policy.ttl.default_ttl = milliseconds(0);
  Bench bench(policy);
  for (const char* request : {"HSET user:1 f v", "INCR user:1", "MSET user:1 v", "SET user:1 v KEEPTTL"}) {
    EXPECT_EQ(bench.Outcome(request), "pass") << request;
    ASSERT_EQ(bench.plan().judgements.size(), 1U) << request;
    EXPECT_EQ(bench.plan().judgements[0].action, TtlAction::kAllowed) << request;
  }
}

TEST(TtlJudgeTest, AllowBoundsButGivesNothing) {
  Bench bench(TtlPolicy(MissingTtl::kAllow));
  constexpr Row kRows[] = {
      {"SET user:1 v", "pass"},
      {"SETNX user:1 v", "pass"},
      {"GETSET user:1 v", "pass"},
      {"GETEX user:1 PERSIST", "pass"},
      {"PERSIST user:1", "pass"},
      {"RESTORE user:1 0 x", "pass"},
      {"HSET user:1 f v", "pass"},
      {"SET user:1 v EX 5", "SET user:1 v PX 10000"},
      {"EXPIRE user:1 86401", "EXPIRE user:1 86400"},
      // Shortened if there is an expiry, else left without.
      {"RENAME user:1 user:2", "pass; PEXPIRE user:2 86400000 XX LT"},
  };
  ExpectRows(bench, kRows);
}

TEST(TtlJudgeTest, APolicyWithoutRulesJudgesNothing) {
  Policy policy = TtlPolicy();
  policy.ttl = {};
  Bench bench(policy);
  for (const Row& row : kSetRows) EXPECT_EQ(bench.Outcome(row.request), "pass") << row.request;
  for (const Row& row : kFollowUpRows) EXPECT_EQ(bench.Outcome(row.request), "pass") << row.request;
  EXPECT_TRUE(bench.plan().judgements.empty());
}

void ExpectJudgement(Bench& bench, std::string_view request, TtlAction action, std::int64_t requested,
                     std::int64_t applied) {
  bench.Judge(request);
  ASSERT_EQ(bench.plan().judgements.size(), 1U) << request;
  const TtlJudgement& judgement = bench.plan().judgements[0];
  EXPECT_EQ(judgement.policy, 0U);
  EXPECT_EQ(judgement.action, action) << request;
  EXPECT_EQ(judgement.requested.count(), requested) << request;
  EXPECT_EQ(judgement.applied.count(), applied) << request;
}

TEST(TtlJudgeTest, EachKeyOfAWriteIsJudgedOnce) {
  Bench bench(TtlPolicy());
  ExpectJudgement(bench, "SET user:1 v", TtlAction::kApplied, 0, 3600000);
  ExpectJudgement(bench, "SET user:1 v EX 60", TtlAction::kUnchanged, 60000, 60000);
  ExpectJudgement(bench, "SET user:1 v EX 1", TtlAction::kClamped, 1000, 10000);
  ExpectJudgement(bench, "EXPIREAT user:1 1000999999", TtlAction::kClamped, 999999000, 86400000);
  ExpectJudgement(bench, "INCR user:1", TtlAction::kApplied, 0, 3600000);
  ExpectJudgement(bench, "PERSIST user:1", TtlAction::kApplied, 0, 3600000);
  ExpectJudgement(bench, "COPY user:1 user:2", TtlAction::kApplied, 0, 3600000);
  bench.Judge("MSET user:1 a user:2 b user:3 c");
  EXPECT_EQ(bench.plan().judgements.size(), 3U);
}

TEST(TtlJudgeTest, AuditJudgesTheSameAndChangesNothing) {
  for (const MissingTtl missing : {MissingTtl::kApply, MissingTtl::kReject, MissingTtl::kAllow}) {
    Policy policy = TtlPolicy(missing);
    Bench enforced(policy);
    policy.mode = Mode::kAudit;
    Bench audited(policy);
    const auto compare = [&](const char* request) {
      enforced.Judge(request);
      EXPECT_EQ(audited.Outcome(request), "pass") << request;
      EXPECT_TRUE(audited.plan().reply.plain()) << request;
      EXPECT_EQ(audited.plan().refusals.size(), enforced.plan().refusals.size()) << request;
      ASSERT_EQ(audited.plan().judgements.size(), enforced.plan().judgements.size()) << request;
      for (std::size_t i = 0; i < enforced.plan().judgements.size(); ++i) {
        EXPECT_EQ(audited.plan().judgements[i].action, enforced.plan().judgements[i].action) << request;
        EXPECT_EQ(audited.plan().judgements[i].applied, enforced.plan().judgements[i].applied) << request;
      }
    };
    for (const Row& row : kSetRows) compare(row.request);
    for (const Row& row : kExpireRows) compare(row.request);
    for (const Row& row : kFollowUpRows) compare(row.request);
  }
}

TEST(TtlJudgeTest, OffDoesNothing) {
  Policy policy = TtlPolicy(MissingTtl::kReject);
  policy.mode = Mode::kOff;
  Bench bench(policy);
  for (const Row& row : kSetRows) {
    EXPECT_EQ(bench.Outcome(row.request), "pass") << row.request;
    EXPECT_TRUE(bench.plan().judgements.empty()) << row.request;
    EXPECT_TRUE(bench.plan().refusals.empty()) << row.request;
  }
}

TEST(TtlJudgeTest, InsideATransactionExpiriesAreBoundedAtOnce) {
  Bench bench(TtlPolicy());
  bench.in_multi = true;
  ExpectRows(bench, kSetRows);
  ExpectRows(bench, kExpireRows);
  ExpectRows(bench, kFollowUpRows);
}

TEST(TtlJudgeTest, InsideATransactionRejectRefusesNothingYet) {
  Bench bench(TtlPolicy(MissingTtl::kReject));
  bench.in_multi = true;
  for (const char* request : {"SET user:1 v", "GETSET user:1 v", "HSET user:1 f v", "PERSIST user:1"}) {
    EXPECT_EQ(bench.Outcome(request), "pass") << request;
    ASSERT_EQ(bench.plan().expiries.size(), 1U) << request;
    EXPECT_EQ(bench.plan().expiries[0].key, "user:1");
    EXPECT_EQ(bench.plan().expiries[0].error.substr(0, 49), "-EXECABORT herdgate: policy 'user' requires a TTL");
    EXPECT_TRUE(bench.plan().judgements.empty()) << request;
  }
}

TEST(TtlJudgeTest, KeysAreNamedAsRedisKnowsThem) {
  Policy policy = TtlPolicy();
  policy.version.schema = 7;
  Bench bench(policy);
  constexpr Row kRows[] = {
      {"SET user:1 v", "SET v7:user:1 v PX 3600000"},
      {"GETSET user:1 v", "SET v7:user:1 v PX 3600000 GET"},
      {"SETEX user:1 1 v", "PSETEX v7:user:1 10000 v"},
      {"HSET user:1 f v", "HSET v7:user:1 f v; PEXPIRE v7:user:1 3600000 NX"},
      {"MSET user:1 a other b", "MSET v7:user:1 a other b; PEXPIRE v7:user:1 3600000 NX"},
      {"RENAME other user:1", "RENAME other v7:user:1; PEXPIRE v7:user:1 3600000 NX; PEXPIRE v7:user:1 86400000 XX LT"},
  };
  ExpectRows(bench, kRows);
}

TEST(TtlJudgeTest, SecondsAreNeverRoundedBelowTheMinimum) {
  Policy policy = TtlPolicy();
  policy.ttl.min = policy.ttl.max = milliseconds(20500);
  Bench bench(policy);
  EXPECT_EQ(bench.Outcome("SETEX user:1 60 v"), "PSETEX user:1 20500 v");
  EXPECT_EQ(bench.Outcome("EXPIRE user:1 60 NX"), "PEXPIRE user:1 20500 NX");
  policy.ttl.min = milliseconds(20000);
  Bench lower(policy);
  EXPECT_EQ(lower.Outcome("SETEX user:1 60 v"), "SETEX user:1 20 v");
  EXPECT_EQ(lower.plan().judgements.at(0).applied, milliseconds(20000));
}

TEST(TtlJudgeTest, JitterSpreadsWhatIsWrittenTogether) {
  Policy policy = TtlPolicy();
  policy.ttl.jitter = 0.1;
  Bench bench(policy);
  std::vector<std::string> keys = {"MSET"};
  for (int i = 0; i < 100; ++i) {
    keys.push_back("user:" + std::to_string(i));
    keys.emplace_back("v");
  }
  bench.Judge(keys);
  ASSERT_EQ(bench.plan().follow_ups.size(), 100U);
  std::vector<milliseconds> ttls;
  for (const FollowUp& follow_up : bench.plan().follow_ups) ttls.push_back(follow_up.ttl);
  std::ranges::sort(ttls);
  EXPECT_GE(ttls.front(), milliseconds(3240000));
  EXPECT_LE(ttls.back(), milliseconds(3600000));
  EXPECT_GT(ttls.back() - ttls.front(), milliseconds(180000));
}

}  // namespace
}  // namespace herdgate::policy
