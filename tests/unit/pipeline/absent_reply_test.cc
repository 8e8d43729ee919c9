#include "sidecar/pipeline/absent_reply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/table.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::pipeline {
namespace {

using Request = std::vector<std::string>;

// Every form of every read, on keys that are not there.
constexpr std::string_view kForms[] = {
    "DUMP k", "EXISTS k", "EXISTS k k l", "EXPIRETIME k", "MEMORY USAGE k", "MEMORY USAGE k SAMPLES 0",
    "memory usage k samples 5", "OBJECT ENCODING k", "object freq k", "OBJECT IDLETIME k", "OBJECT REFCOUNT k",
    "PEXPIRETIME k", "PTTL k", "SORT k", "SORT k LIMIT 0 10 DESC ALPHA", "SORT_RO k", "sort_ro k asc limit -1 -1",
    "TOUCH k", "TOUCH k l m", "TTL k", "TYPE k",
    // strings
    "BITCOUNT k", "BITCOUNT k 0 -1", "BITCOUNT k 1 2 BIT", "bitcount k 1 2 byte", "BITFIELD_RO k",
    "BITFIELD_RO k GET u8 0", "bitfield_ro k get u63 7 GET i64 #3 GET i1 0", "BITPOS k 1", "BITPOS k 0", "BITPOS k 1 2",
    "BITPOS k 0 2 -1", "BITPOS k 0 0 -1 bit", "GET k", "GETBIT k 0", "GETBIT k 4294967295", "GETRANGE k 0 -1",
    "LCS k l", "LCS k l LEN", "LCS k l IDX", "lcs k l idx withmatchlen minmatchlen 3", "LCS k l MINMATCHLEN 0",
    "MGET k", "MGET k l k m", "PFCOUNT k", "PFCOUNT k l", "STRLEN k", "SUBSTR k 0 3",
    // lists
    "LINDEX k 0", "LINDEX k -1", "LLEN k", "LPOS k e", "LPOS k e RANK -2", "LPOS k e COUNT 0",
    "lpos k e rank 1 count 5 maxlen 100", "LPOS k e MAXLEN 3", "LRANGE k 0 -1",
    // hashes
    "HEXISTS k f", "HGET k f", "HGETALL k", "HKEYS k", "HLEN k", "HMGET k f", "HMGET k f g f", "HRANDFIELD k",
    "HRANDFIELD k 0", "HRANDFIELD k -5 WITHVALUES", "hrandfield k 5 withvalues", "HSCAN k 0", "HSCAN k 17 MATCH f*",
    "hscan k 0 match * count 100", "HSTRLEN k f", "HVALS k",
    // sets
    "SCARD k", "SDIFF k", "SDIFF k l", "SINTER k", "SINTER k l", "SINTERCARD 1 k", "SINTERCARD 2 k l LIMIT 3",
    "SISMEMBER k m", "SMEMBERS k", "SMISMEMBER k m", "SMISMEMBER k m n o", "SRANDMEMBER k", "SRANDMEMBER k 3",
    "SRANDMEMBER k -3", "SSCAN k 0 COUNT 10", "SUNION k l",
    // sorted sets
    "ZCARD k", "ZCOUNT k -inf +inf", "ZCOUNT k (1 2.5", "ZDIFF 1 k", "ZDIFF 2 k l WITHSCORES", "ZINTER 1 k",
    "ZINTER 2 k l WEIGHTS 1 2 AGGREGATE MIN WITHSCORES", "ZINTERCARD 2 k l", "ZINTERCARD 1 k LIMIT 0",
    "ZLEXCOUNT k - +", "ZLEXCOUNT k [a (b", "ZMSCORE k m", "ZMSCORE k m n", "ZRANDMEMBER k", "ZRANDMEMBER k 3",
    "ZRANDMEMBER k -3 WITHSCORES", "ZRANGE k 0 -1", "ZRANGE k 0 -1 WITHSCORES", "ZRANGE k 5 1 REV",
    "zrange k (1 inf byscore limit 0 10 withscores", "ZRANGE k + - BYLEX REV LIMIT 1 -1", "ZRANGEBYLEX k [a +",
    "ZRANGEBYLEX k - + LIMIT 0 5", "ZRANGEBYSCORE k -inf (5", "zrangebyscore k 1e3 +2 withscores limit 0 5",
    "ZRANK k m", "ZREVRANGE k 0 -1", "ZREVRANGE k 0 -1 WITHSCORES", "ZREVRANGEBYLEX k + -",
    "ZREVRANGEBYSCORE k 5 1 LIMIT 0 1", "ZREVRANK k m", "ZSCAN k 0", "ZSCORE k m", "ZUNION 2 k l",
    "ZUNION 1 k WEIGHTS 0.5 AGGREGATE SUM",
    // places
    "GEODIST k m n", "GEODIST k m n KM", "GEOHASH k", "GEOHASH k m n", "GEOPOS k", "GEOPOS k m n",
    "GEORADIUS_RO k 1.5 2 100 m", "GEORADIUS_RO k -180 85 1 mi WITHCOORD WITHDIST WITHHASH COUNT 5 ANY ASC",
    "GEORADIUSBYMEMBER_RO k m 5 ft", "GEORADIUSBYMEMBER_RO k m 5 ft COUNT 1 DESC",
    "GEOSEARCH k FROMMEMBER m BYRADIUS 5 km", "GEOSEARCH k FROMLONLAT 1 2 BYBOX 5 6 m ASC COUNT 3 WITHDIST",
    // streams
    "XLEN k", "XRANGE k - +", "XRANGE k 5 (7-3 COUNT 10", "XREAD STREAMS k 0", "XREAD COUNT 5 STREAMS k l $ 12-3",
    "XREVRANGE k + -", "XREVRANGE k + - COUNT 0"};

// What is no answer from here: errors, waiting, writes, keys elsewhere.
constexpr std::string_view kNoReply[] = {"GET",
                                         "GET k l",
                                         "HMGET k",
                                         "GETRANGE k a 1",
                                         "GETRANGE k 01 1",
                                         "GETBIT k -1",
                                         "GETBIT k 4294967296",
                                         "BITPOS k 2",
                                         "BITFIELD_RO k SET u8 0 1",
                                         "BITFIELD_RO k GET u64 0",
                                         "LPOS k e RANK 0",
                                         "LPOS k e COUNT -1",
                                         "LCS k l LEN IDX",
                                         "HSCAN k x",
                                         "SINTERCARD 0 k",
                                         "SINTERCARD 3 k l",
                                         "ZINTER 2 k l WEIGHTS 1",
                                         "ZRANGE k 0 -1 LIMIT 0 1",
                                         "ZRANGE k a b",
                                         "ZRANGE k - + BYLEX WITHSCORES",
                                         "ZCOUNT k nan 1",
                                         "ZRANGEBYLEX k a b",
                                         "GEODIST k m n parsec",
                                         "GEORADIUS_RO k 200 0 1 m",
                                         "GEOSEARCH k FROMMEMBER m",
                                         "XRANGE k a b",
                                         "XREAD STREAMS k l 0",
                                         "XREAD STREAMS",
                                         "XREAD COUNT STREAMS k 0",
                                         "XREAD BLOCK 0 STREAMS k 0",
                                         "SORT k STORE l",
                                         "SORT k BY w_*",
                                         "SORT_RO k GET #",
                                         "SET k v",
                                         "GETDEL k",
                                         "GETEX k",
                                         "DEL k",
                                         "INCR k",
                                         "XINFO STREAM k",
                                         "XPENDING k g",
                                         "EVAL_RO x 1 k",
                                         "BLPOP k 0",
                                         "PING",
                                         "KEYS k",
                                         "DBSIZE",
                                         "OBJECT HELP",
                                         "ZRANK k m WITHSCORE",
                                         "HTTL k FIELDS 1 f",
                                         "NOSUCH k"};

Request Words(std::string_view line) {
  Request words;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    words.emplace_back(word);
  }
  return words;
}

const command::CommandSpec& SpecOf(const Request& request) {
  const std::vector<std::string_view> args(request.begin(), request.end());
  return *command::BuiltIn().Resolve(args);
}

std::optional<std::string> Reply(const Request& request, int proto) {
  const std::vector<std::string_view> args(request.begin(), request.end());
  return AbsentReply(SpecOf(request), args, proto);
}

std::string Line(const Request& request) {
  std::string line;
  for (const std::string& word : request) line += (line.empty() ? "" : " ") + (word.empty() ? "''" : word);
  return line;
}

TEST(AbsentReplyTest, WhatRedisWouldRefuseOrWouldNotReadHasNone) {
  for (const std::string_view line : kNoReply) {
    for (const int proto : {2, 3}) EXPECT_EQ(Reply(Words(line), proto), std::nullopt) << line;
  }
}

TEST(AbsentReplyTest, EveryReadOfRedis70ThatNamesKeysIsKnown) {
  std::set<std::string_view> known;
  for (const std::string_view line : kForms) known.insert(SpecOf(Words(line)).name);
  // They give an error if the key is missing.
  const std::set<std::string_view> errors = {"xinfo|consumers", "xinfo|groups", "xinfo|stream", "xpending"};
  for (const command::CommandSpec& spec : command::BuiltIn().specs()) {
    const bool reads = spec.since == command::Since::kRedis70 && spec.group == command::CommandGroup::kRead &&
                       spec.flags.Has(command::CommandFlag::kReadonly);
    const bool keys =
        std::ranges::any_of(spec.keys, [](const auto& key) { return key.access != command::KeyAccess::kChannel; });
    EXPECT_TRUE(!reads || !keys || known.contains(spec.name) || errors.contains(spec.name)) << spec.name;
  }
}

TEST(AbsentReplyTest, DeletesAreDelAndUnlink) {
  EXPECT_TRUE(IsDelete(SpecOf({"DEL", "k"})));
  EXPECT_TRUE(IsDelete(SpecOf({"unlink", "k"})));
  for (const char* name : {"GETDEL", "HDEL", "GET", "FLUSHALL", "NOSUCH"}) EXPECT_FALSE(IsDelete(SpecOf({name, "k"})));
}

class AbsentReplyRedisTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!redis_.available()) GTEST_SKIP() << "no redis-server";
    redis_.Call({"HELLO", std::to_string(GetParam())});
  }

  command::RealRedis redis_;
};

TEST_P(AbsentReplyRedisTest, EveryFormIsWhatRedisSays) {
  for (const std::string_view line : kForms) {
    const Request request = Words(line);
    const std::optional<std::string> reply = Reply(request, GetParam());
    ASSERT_TRUE(reply) << line;
    EXPECT_EQ(*reply, redis_.Call(request)) << line;
  }
}

// Not BLOCK, which waits.
constexpr std::string_view kPool =
    "0 1 -1 2 3 007 -0 +1 1.5 -1e400 1e-400 nan inf -inf (1 (inf [a ( - + (- $ > * 5-3 (0-0 (0 5- -5 0x10 "
    "9223372036854775807 -9223372036854775808 18446744073709551615 99999999999999999999 "
    "(18446744073709551615-18446744073709551615 4294967295 4294967296 u8 i65 u64 #0 #99999999 GET LIMIT COUNT ANY "
    "WITHSCORES WITHVALUES BYSCORE BYLEX REV LEN IDX MINMATCHLEN RANK MAXLEN MATCH NOVALUES WEIGHTS AGGREGATE SUM "
    "STORE "
    "BY ASC ALPHA BIT BYTE STREAMS SAMPLES FROMMEMBER BYRADIUS BYBOX FROMLONLAT WITHDIST km m k l";

// Arguments changed, left out and added at random: no reply, or that of Redis.
class Mutator {
 public:
  Request Make() {
    Request request = Words(kForms[Below(std::size(kForms))]);
    const std::size_t name = SpecOf(request).is_subcommand() ? 2 : 1;
    for (std::size_t changes = 1 + Below(3); changes > 0 && request.size() > name; --changes) {
      const std::size_t at = name + Below(request.size() - name);
      const auto place = request.begin() + static_cast<std::ptrdiff_t>(at);
      switch (Below(4)) {
        case 0:
          request.erase(place);
          break;
        case 1:
          request.insert(place, Word());
          break;
        case 2:
          request.push_back(Word());
          break;
        default:
          *place = Word();
      }
    }
    return request;
  }

 private:
  std::size_t Below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  std::string Word() {
    if (Below(40) == 0) return Below(2) == 0 ? "" : " 1";
    static const Request words = Words(kPool);
    return words[Below(words.size())];
  }

  std::mt19937 random_{4};
};

TEST_P(AbsentReplyRedisTest, NoReplyDiffersFromWhatRedisSays) {
  Mutator mutator;
  int replies = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<Request> requests;
    for (int i = 0; i < 200; ++i) requests.push_back(mutator.Make());
    const std::vector<std::string> said = redis_.CallAll(requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const std::optional<std::string> reply = Reply(requests[i], GetParam());
      if (!reply) continue;
      ++replies;
      EXPECT_EQ(*reply, said[i]) << Line(requests[i]);
    }
  }
  EXPECT_GT(replies, 5000);
}

INSTANTIATE_TEST_SUITE_P(Protocols, AbsentReplyRedisTest, ::testing::Values(2, 3));

}  // namespace
}  // namespace herdgate::pipeline
