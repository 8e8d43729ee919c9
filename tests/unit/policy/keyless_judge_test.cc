#include "sidecar/policy/keyless_judge.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/policy/judge_fixture.h"
#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

TEST(KeylessJudgeTest, KeysListsTheVersionInForce) {
  Bench bench(ThreePolicies());
  constexpr Row kRows[] = {
      {"KEYS user:*", "KEYS v7:user:*"},
      {"keys cart:?", "keys v2.1700:cart:?"},
      {"KEYS *", "pass"},
      {"KEYS u*", "KEYS *u*"},
      {"KEYS other:*", "pass"},
      {"KEYS", "pass"},
      {"KEYS a b", "pass"},
  };
  ExpectRows(bench, kRows);
  bench.Judge("KEYS u*");
  EXPECT_EQ(bench.plan().reply.pattern, "u*");
  bench.Judge("KEYS user:*");
  EXPECT_EQ(bench.plan().reply.pattern, "");
  bench.Judge("KEYS *");
  EXPECT_EQ(bench.plan().reply.pattern, "");
  EXPECT_EQ(bench.plan().reply.shape, ReplyShape::kKeys);
}

TEST(KeylessJudgeTest, ScanMatchesTheVersionInForce) {
  Bench several(ThreePolicies());
  constexpr Row kRows[] = {
      {"SCAN 0 MATCH user:* COUNT 10", "SCAN 0 MATCH v7:user:* COUNT 10"},
      {"SCAN 0 COUNT 10 match gen:?", "SCAN 0 COUNT 10 match g9:gen:?"},
      {"SCAN 0 TYPE MATCH", "pass"},
      {"SCAN 0", "pass"},
      {"SCAN 0 COUNT", "pass"},
      {"SCAN 0 MATCH", "pass"},
  };
  ExpectRows(several, kRows);
  Bench one(OnePolicy());
  constexpr Row kOneRows[] = {
      {"SCAN 0", "SCAN 0 MATCH v7:*"},
      {"SCAN 17 COUNT 5 TYPE string", "SCAN 17 COUNT 5 TYPE string MATCH v7:*"},
      {"SCAN 0 MATCH *", "SCAN 0 MATCH v7:*"},
      {"SCAN 0 MATCH a MATCH b", "SCAN 0 MATCH a MATCH v7:b"},  // the last one counts
      {"SCAN 0 COUNT", "pass"},
  };
  ExpectRows(one, kOneRows);
}

TEST(KeylessJudgeTest, ChannelsOfKeysGetTheirVersion) {
  Bench bench(ThreePolicies());
  constexpr Row kRows[] = {
      {"SUBSCRIBE news __keyspace@0__:user:1", "SUBSCRIBE news __keyspace@0__:v7:user:1"},
      {"UNSUBSCRIBE __keyspace@0__:user:1", "UNSUBSCRIBE __keyspace@0__:v7:user:1"},
      {"UNSUBSCRIBE", "pass"},
      {"SUBSCRIBE user:1", "pass"},
      {"PSUBSCRIBE __keyspace@*__:user:*", "PSUBSCRIBE __keyspace@*__:v7:user:*"},
      {"PUNSUBSCRIBE __keyspace@0__:cart:*", "PUNSUBSCRIBE __keyspace@0__:v2.[0-9]*:cart:*"},
      {"PUBLISH __keyspace@0__:user:1 m", "pass"},
  };
  ExpectRows(bench, kRows);
}

TEST(KeylessJudgeTest, TrackingPrefixesGetTheirVersion) {
  Bench bench(ThreePolicies());
  constexpr Row kRows[] = {
      {"CLIENT TRACKING ON BCAST PREFIX user: PREFIX other", "CLIENT TRACKING ON BCAST PREFIX v7:user: PREFIX other"},
      {"CLIENT TRACKING ON PREFIX u BCAST",
       "refused: -ERR herdgate: the keys of this pattern belong to several versions"},
      {"CLIENT TRACKING OFF", "pass"},
      {"CLIENT TRACKING ON BCAST PREFIX", "pass"},
      {"CLIENT CACHING YES", "pass"},
  };
  ExpectRows(bench, kRows);
}

TEST(KeylessJudgeTest, SortPatternsGetTheirVersion) {
  Bench bench(ThreePolicies());
  constexpr Row kRows[] = {
      {"SORT user:1 BY user:w:* GET user:*->f GET # LIMIT 0 5 DESC",
       "SORT v7:user:1 BY v7:user:w:* GET v7:user:*->f GET # LIMIT 0 5 DESC"},
      {"SORT other BY user:* STORE GET", "SORT other BY v7:user:* STORE GET"},
      {"SORT_RO other GET cart:*", "SORT_RO other GET v2.1700:cart:*"},
      {"SORT other BY w_*", "pass"},
      {"SORT other LIMIT BY user:* GET gen:*", "SORT other LIMIT BY user:* GET g9:gen:*"},
      {"SORT other STORE BY", "pass"},
      {"SORT other BY", "pass"},
      {"SORT user:1 BY * STORE user:2", "refused: -ERR herdgate: the keys of this pattern belong to several versions"},
  };
  ExpectRows(bench, kRows);
  bench.Judge("SORT user:1 BY * GET u* STORE user:2");
  EXPECT_EQ(bench.plan().refusals.size(), 1U);
  EXPECT_TRUE(bench.plan().rewrites.empty());
}

TEST(KeylessJudgeTest, DebugNamesKeys) {
  Bench bench(ThreePolicies());
  constexpr Row kRows[] = {
      {"DEBUG OBJECT user:1", "DEBUG OBJECT v7:user:1"},
      {"debug object user:1 fast", "debug object v7:user:1 fast"},
      {"DEBUG DIGEST-VALUE user:1 other gen:1", "DEBUG DIGEST-VALUE v7:user:1 other g9:gen:1"},
      {"DEBUG SLEEP user:1", "pass"},
      {"DEBUG OBJECT", "pass"},
      {"DEBUG HELP", "pass"},
  };
  ExpectRows(bench, kRows);
}

TEST(KeylessJudgeTest, WithoutVersionsNothingIsTouched) {
  Bench bench(TtlPolicy());
  for (const char* request : {"KEYS *", "SCAN 0", "RANDOMKEY", "SUBSCRIBE __keyspace@0__:user:1", "DEBUG OBJECT user:1",
                              "CLIENT TRACKING ON BCAST PREFIX u", "SORT user:1 BY *"}) {
    EXPECT_EQ(bench.Outcome(request), "pass") << request;
    EXPECT_TRUE(bench.plan().reply.plain()) << request;
  }
}

}  // namespace
}  // namespace herdgate::policy
