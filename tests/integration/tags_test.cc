// Keys with tags: they behave as Redis has it, and what readers, writers and transactions see of a bump.
#include <gtest/gtest.h>

#include <algorithm>

#include "sidecar/base/random.h"
#include "tests/integration/support/invalidation_fixture.h"

namespace herdgate::integration {
namespace {

using Kind = InvalidationKind;

constexpr const char* kTagged = R"yaml(
policies:
  - name: user
    match: ["u:*"]
    version: {schema: 7, generation: true}
    near: {enabled: true, max_ttl: 60s}
    stampede: {coalesce: "on", max_wait: 5s}
    tags: [{match: "u:([0-9]+):.*", tag: "t:{1}"}, {match: "u:.*:(a|b)", tag: "{1}"}]
)yaml";
constexpr const char* kOk = "+OK\r\n";
constexpr const char* kNil = "$-1\r\n";

class TagsTest : public InvalidationTest {
 protected:
  void SetUp() override {
    InvalidationTest::SetUp();
    if (!IsSkipped()) Open(kTagged);
  }
  bool Armed() { return gate_->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1); }
  // The keys of a listing, whatever their order.
  static std::string Sorted(const std::string& reply) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < reply.size();) {
      const std::size_t end = std::min(reply.find("\r\n", at), reply.size());
      lines.push_back(reply.substr(at, end - at));
      at = end + 2;
    }
    std::ranges::sort(lines);
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }
};

// The same random commands to a Redis of their own, and through the sidecar. Without flights: a late SET would be kept
// short.
class TagsDifferential : public TagsTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    TagsTest::SetUp();
    std::string plain(kTagged);
    const std::string on = "{coalesce: \"on\", max_wait: 5s}";
    plain.replace(plain.find(on), on.size(), "{coalesce: \"off\"}");
    if (!IsSkipped()) gate_->Reload(plain);
  }
  static std::string Key(base::Random& random) {
    constexpr const char* kEnds[] = {":a", ":b", ":c"};
    return "u:" + std::to_string(random.Below(4)) + kEnds[random.Below(3)];
  }
  static Words Command(base::Random& random) {
    const std::string key = Key(random);
    const std::string other = Key(random);
    const std::string value = std::to_string(random.Below(100));
    const std::vector<Words> all = {{"SET", key, value},
                                    {"GET", key},
                                    {"MGET", key, other, "plain"},
                                    {"MSET", key, value, other, value},
                                    {"DEL", key, other},
                                    {"INCR", key},
                                    {"APPEND", key, value},
                                    {"STRLEN", key},
                                    {"EXISTS", key, other, key},
                                    {"EXPIRE", key, "1000"},
                                    {"TTL", key},
                                    {"RENAME", key, other},
                                    {"COPY", key, other, "REPLACE"},
                                    {"LPUSH", "u:9:" + value.substr(0, 1), value},
                                    {"LRANGE", "u:9:" + value.substr(0, 1), "0", "-1"},
                                    {"BLPOP", "u:9:1", "u:9:2", "0.01"},
                                    {"SADD", "u:8:a", value},
                                    {"SUNIONSTORE", "u:8:b", "u:8:a", "u:8:c"},
                                    {"SCARD", "u:8:b"},
                                    {"EVAL", "return redis.call('GET', KEYS[1])", "1", key},
                                    {"KEYS", "u:*"},
                                    {"KEYS", "u:?:a"},
                                    {"KEYS", key},
                                    {"TYPE", key},
                                    {"SET", key, value, "NX", "GET"},
                                    {"GETDEL", key}};
    return all[random.Below(all.size())];
  }
};

TEST_P(TagsDifferential, EveryReplyIsThatOfRedis) {
  if (GetParam()) {
    for (const char* tag : {"t:1", "a", "t:8", "t:9"}) ASSERT_EQ(Done(Ask(Kind::kTag, {tag})).bumped, 1U);
  }
  RedisProcess plain;
  RawClient direct = plain.Client();
  RawClient through = gate_->Client();
  base::Random random(17);
  for (int round = 0; round < 100; ++round) {
    std::vector<Words> batch(20);
    std::string bytes;
    for (Words& words : batch) bytes += Encode(words = Command(random));
    direct.Send(bytes);
    through.Send(bytes);
    for (const Words& words : batch) {
      const bool listing = words[0] == "KEYS";
      const std::string expected = direct.Read();
      const std::string got = through.Read();
      ASSERT_EQ(listing ? Sorted(got) : got, listing ? Sorted(expected) : expected) << round << ": " << Encode(words);
    }
  }
  EXPECT_EQ(Direct().Do({"KEYS", "v7.*.t*:u:*"}) == "*0\r\n", !GetParam());
}

INSTANTIATE_TEST_SUITE_P(With, TagsDifferential, ::testing::Values(false, true),
                         [](const auto& test) { return test.param ? "BumpedTags" : "NothingBumped"; });

TEST_F(TagsTest, AValueThatWasBeingComputedIsKeptShort) {
  ASSERT_TRUE(Armed());
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"GET", "u:1:a"}), kNil);
  Done(Ask(Kind::kTag, {"t:1"}));
  ASSERT_EQ(client.Do({"SET", "u:1:a", "late", "EX", "1000"}), kOk);
  const long long left = Number(client.Do({"PTTL", "u:1:a"}));
  EXPECT_LE(left, 2000);
  EXPECT_GT(left, -2) << "it is not dropped";
}

TEST_F(TagsTest, AFlightOfAnotherTagGoesOn) {
  ASSERT_TRUE(Armed());
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"GET", "u:2:a"}), kNil);
  Done(Ask(Kind::kTag, {"t:1"}));
  ASSERT_EQ(client.Do({"SET", "u:2:a", "v", "EX", "1000"}), kOk);
  EXPECT_GT(Number(client.Do({"PTTL", "u:2:a"})), 2000);
}

TEST_F(TagsTest, ReadersWaitForAValueUnderTheNewName) {
  Done(Ask(Kind::kTag, {"t:1"}));
  ASSERT_TRUE(Armed());
  RawClient leader = gate_->Client();
  RawClient waiter = gate_->Client();
  ASSERT_EQ(leader.Do({"GET", "u:1:a"}), kNil);
  waiter.Say({"GET", "u:1:a"});
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_flight_waiters", 1));
  ASSERT_EQ(leader.Do({"SET", "u:1:a", "v"}), kOk);
  EXPECT_EQ(waiter.Read(), "$1\r\nv\r\n");
}

TEST_F(TagsTest, TransactionsSeeTheNamesOfTheMoment) {
  RawClient client = gate_->Client();
  client.Do({"SET", "u:1:a", "old"});
  Done(Ask(Kind::kTag, {"t:1"}));
  client.Do({"SET", "u:2:a", "2"});
  client.Send(Encode({"MULTI"}) + Encode({"GET", "u:1:a"}) + Encode({"SET", "u:1:a", "new"}) +
              Encode({"MGET", "u:1:a", "u:2:a"}) + Encode({"EXEC"}));
  for (const char* reply : {kOk, "+QUEUED\r\n", "+QUEUED\r\n", "+QUEUED\r\n"}) EXPECT_EQ(client.Read(), reply);
  EXPECT_EQ(client.Read(), "*3\r\n$-1\r\n+OK\r\n*2\r\n$3\r\nnew\r\n$1\r\n2\r\n");
}

TEST_F(TagsTest, WatchNoticesAWriteUnderTheNewName) {
  Done(Ask(Kind::kTag, {"t:1"}));
  RawClient client = gate_->Client();
  RawClient other = gate_->Client();
  EXPECT_EQ(client.Do({"WATCH", "u:1:a"}), kOk);
  EXPECT_EQ(other.Do({"SET", "u:1:a", "theirs"}), kOk);
  client.Do({"MULTI"});
  client.Do({"SET", "u:1:a", "mine"});
  EXPECT_EQ(client.Do({"EXEC"}), "*-1\r\n");
}

// As if the key had been deleted, which in Redis makes EXEC fail.
TEST_F(TagsTest, WatchNoticesABumpOfItsTagOrPolicyAndNoOther) {
  for (const InvalidationRequest& bump :
       {Ask(Kind::kTag, {"t:1"}), Ask(Kind::kTag, {"a"}), Ask(Kind::kPolicy, {"user"})}) {
    for (const bool resp3 : {false, true}) {
      RawClient client = resp3 ? gate_->Resp3Client() : gate_->Client();
      RawClient other = gate_->Client();
      const std::string null = resp3 ? "_\r\n" : "*-1\r\n";
      ASSERT_EQ(client.Do({"SET", "u:1:a", "5"}), kOk);
      EXPECT_EQ(client.Do({"WATCH", "plain", "u:1:a"}), kOk);
      EXPECT_EQ(client.Do({"GET", "u:1:a"}), "$1\r\n5\r\n");
      Done(bump);
      EXPECT_EQ(other.Do({"SET", "u:1:a", "100"}), kOk);
      EXPECT_EQ(client.Do({"MULTI"}), kOk);
      EXPECT_EQ(client.Do({"SET", "u:1:a", "6"}), "+QUEUED\r\n");
      EXPECT_EQ(client.Do({"EXEC"}), null);
      EXPECT_EQ(client.Do({"GET", "u:1:a"}), "$3\r\n100\r\n");
      // Nothing is watched any more.
      client.Send(Encode({"MULTI"}) + Encode({"SET", "u:1:a", "7"}) + Encode({"EXEC"}));
      for (const char* reply : {kOk, "+QUEUED\r\n", "*1\r\n+OK\r\n"}) EXPECT_EQ(client.Read(), reply);
    }
  }
}

TEST_F(TagsTest, WatchIsNotDisturbedByOtherTags) {
  RawClient client = gate_->Client();
  const auto multi = [&] {
    EXPECT_EQ(client.Do({"MULTI"}), kOk);
    EXPECT_EQ(client.Do({"SET", "u:1:a", "6"}), "+QUEUED\r\n");
    return client.Do({"EXEC"});
  };
  EXPECT_EQ(client.Do({"WATCH", "u:1:a"}), kOk);
  Done(Ask(Kind::kTag, {"t:2"}));
  EXPECT_EQ(multi(), "*1\r\n+OK\r\n");
  EXPECT_EQ(client.Do({"WATCH", "u:1:a"}), kOk);
  EXPECT_EQ(client.Do({"UNWATCH"}), kOk);
  Done(Ask(Kind::kTag, {"t:1"}));
  EXPECT_EQ(multi(), "*1\r\n+OK\r\n");
  EXPECT_EQ(client.Do({"WATCH", "u:1:a"}), kOk);
  Done(Ask(Kind::kTag, {"t:1"}));
  EXPECT_EQ(client.Do({"MULTI"}), kOk);
  EXPECT_EQ(client.Do({"DISCARD"}), kOk);
  EXPECT_EQ(multi(), "*1\r\n+OK\r\n");
}

TEST_F(TagsTest, AClientThatTracksIsToldOfABump) {
  RawClient client = gate_->Resp3Client();
  ASSERT_EQ(client.Do({"CLIENT", "TRACKING", "ON"}), kOk);
  client.Do({"GET", "u:1:a"});
  Done(Ask(Kind::kTag, {"t:1"}));
  EXPECT_EQ(client.Read(), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

TEST_F(TagsTest, SortPatternsOverTaggedKeysAreRefused) {
  RawClient client = gate_->Client();
  EXPECT_EQ(client.Do({"SORT", "plain", "BY", "u:*:a"}),
            "-ERR herdgate: the keys of this pattern belong to several versions\r\n");
}

TEST_F(TagsTest, DeletesOfNearKeysReachTheNewName) {
  Done(Ask(Kind::kTag, {"t:1"}));
  ASSERT_TRUE(Armed());
  RawClient client = gate_->Client();
  client.Do({"SET", "u:1:a", "v"});
  ASSERT_TRUE(Eventually([&] {
    client.Do({"GET", "u:1:a"});
    return gate_->Metric("herdgate_near_entries") == 1;
  }));
  EXPECT_EQ(client.Do({"DEL", "u:1:a"}), ":1\r\n");
  EXPECT_EQ(client.Do({"EXISTS", "u:1:a"}), ":0\r\n");
}

// What others write is pushed under the new name.
TEST_F(TagsTest, NearValuesUnderTheNewNameFollowWritesFromElsewhere) {
  Done(Ask(Kind::kTag, {"t:1"}));
  ASSERT_TRUE(Armed());
  Sidecar other(redis_->Url(), Sidecar::Choices{.loops = 1, .policies = kTagged});
  ASSERT_TRUE(other.started());
  RawClient here = gate_->Client();
  here.Do({"SET", "u:1:a", "1"});
  ASSERT_TRUE(Eventually([&] {
    here.Do({"GET", "u:1:a"});
    return gate_->Metric("herdgate_near_entries") == 1;
  }));
  EXPECT_EQ(other.Client().Do({"SET", "u:1:a", "2"}), kOk);
  EXPECT_TRUE(Eventually([&] { return here.Do({"GET", "u:1:a"}) == "$1\r\n2\r\n"; }));
}

}  // namespace
}  // namespace herdgate::integration
