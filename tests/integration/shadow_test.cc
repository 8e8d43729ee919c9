// Shadows: old values of hot keys, kept in Redis for the pods that have none.
#include <map>
#include <thread>
#include <utility>

#include "sidecar/stampede/lease.h"
#include "sidecar/stampede/shadow.h"
#include "sidecar/stampede/shadow_memory.h"
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using stampede::ShadowNameOf;
using std::chrono::milliseconds;

constexpr const char* kNil = "$-1\r\n";
constexpr const char* kShadows = R"(
policies:
  - {name: hot, match: ["s:*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s, grace: shadow, stale_while_revalidate: 60s}}
  - {name: versioned, match: ["v:*"], version: {schema: 3}, stampede: {coalesce: on, max_wait: 8s, lease: 10s, grace: shadow, stale_while_revalidate: 60s}}
  - {name: near, match: ["n:*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s, stale_while_revalidate: 60s}}
)";

class Shadows : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kShadows});
    other_ = std::make_unique<Sidecar>(Redis().Url(), Sidecar::Choices{.loops = GetParam(), .policies = kShadows});
    ASSERT_TRUE(other_->started());
    for (Sidecar* pod : {&Gate(), other_.get()}) {
      ASSERT_TRUE(pod->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
      ASSERT_TRUE(pod->MetricBecomes("herdgate_flight_leases", 1));
    }
  }
  void TearDown() override {
    other_ = nullptr;
    SidecarTest::TearDown();
  }
  Sidecar& Other() { return *other_; }
  static bool Exists(const std::string& key) { return Direct().Do({"EXISTS", key}) == ":1\r\n"; }
  static long long Pttl(const std::string& key) { return std::stoll(Direct().Do({"PTTL", key}).substr(1)); }
  static double Stale(Sidecar& pod) {
    return pod.Metric(R"(herdgate_lookups_total{outcome="stale",policy="hot",source="shadow")");
  }
  // Writes `key` with `writer` and reads it through `pod` until it has a shadow: on a slow machine it may end before.
  static bool Heat(RawClient writer, Sidecar& pod, const std::string& key, const std::string& prefix = {}) {
    RawClient client = pod.Client();
    for (int attempt = 0; attempt < 20; ++attempt) {
      writer.Do({"SET", key, "old", "PX", "900"});
      while (client.Do({"GET", key}) != kNil) {
        if (Exists(ShadowNameOf(prefix + key))) return true;
      }
    }
    return false;
  }
  // A shadow whose value has just ended, as a pod that is gone has left it.
  static void LeaveShadow(const std::string& key, const std::string& value, int age_ms = 10) {
    Direct().Do({"SET", ShadowNameOf(key), "60000:" + value, "PX", std::to_string(60000 - age_ms)});
  }
  // What a reader gets of an old value. Where the machine was too slow for its question to be answered in time, it has
  // waited for who computes; it asks again.
  std::string ReadOld(RawClient& client, Sidecar& pod, const std::string& key) {
    std::string answer = client.Do({"GET", key});
    while (answer == kNil && WasLate(pod)) answer = client.Do({"GET", key});
    return answer;
  }
  // Whether, since the last call, a shadow was asked for in vain.
  bool WasLate(Sidecar& pod) {
    double late = 0;
    for (const char* const why : {"late", "unsent", "broken"})
      late += pod.Metric("herdgate_shadow_reads_total{result=\"" + std::string(why) + "\"");
    return std::exchange(late_[&pod], late) < late;
  }
  static void AwaitEnd(const std::string& key) {
    ASSERT_TRUE(Eventually([&] { return !Exists(key); }));
  }

 private:
  std::unique_ptr<Sidecar> other_;
  std::map<Sidecar*, double> late_;
};

TEST_P(Shadows, PodWithoutACopyServesStaleWhileAnotherComputes) {
  ASSERT_TRUE(Heat(Gate().Client(), Gate(), "s:a"));
  AwaitEnd("s:a");
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "s:a"}), kNil);
  RawClient reader = Other().Client();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(ReadOld(reader, Other(), "s:a"), Bulk("old"));
  RawClient neighbour = Gate().Client();
  EXPECT_EQ(ReadOld(neighbour, Gate(), "s:a"), Bulk("old"));
  EXPECT_EQ(Stale(Other()), 20);
  EXPECT_EQ(Stale(Gate()), 1);
  ASSERT_EQ(leader.Do({"SET", "s:a", "new", "EX", "100"}), "+OK\r\n");
  EXPECT_EQ(reader.Do({"GET", "s:a"}), Bulk("new"));
  EXPECT_FALSE(Exists(ShadowNameOf("s:a")));
}

TEST_P(Shadows, VersionedKeysHaveThemToo) {
  ASSERT_TRUE(Heat(Gate().Client(), Gate(), "v:a", "v3:"));
  AwaitEnd("v3:v:a");
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "v:a"}), kNil);
  RawClient reader = Other().Client();
  EXPECT_EQ(ReadOld(reader, Other(), "v:a"), Bulk("old"));
}

TEST_P(Shadows, PodThatOnlyReadsCopiesWhatAnotherWrote) {
  EXPECT_TRUE(Heat(Direct(), Gate(), "s:a"));
}

TEST_P(Shadows, ReadersOfOneMissAskRedisOnce) {
  LeaveShadow("s:a", "old");
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "s:a"}), kNil);
  std::vector<RawClient> readers = Clients(10);
  for (int round = 0; round < 5; ++round) {
    for (RawClient& client : readers) client.Say({"GET", "s:a"});
    for (RawClient& client : readers) {
      const std::string answer = client.Read();
      if (answer == kNil && WasLate(Gate())) GTEST_SKIP() << "too slow a machine";
      ASSERT_EQ(answer, Bulk("old"));
    }
  }
  EXPECT_EQ(Stale(Gate()), 50);
  // What is remembered is so for a second.
  EXPECT_LT(Gate().Metric("herdgate_shadow_reads_total{result=\"old\""), 25);
}

TEST_P(Shadows, DirectClientSeesTheAppsValueAndExpiry) {
  ASSERT_TRUE(Heat(Gate().Client(), Gate(), "s:a"));
  RawClient app = Gate().Client();
  RawClient direct = Direct();
  // Of one step: the same that a key has which the app wrote past the sidecar, and which nobody copied.
  const std::string seen = direct.Do(
      {"EVAL", "return {redis.call('PTTL', KEYS[1]), redis.call('TYPE', KEYS[1]).ok, redis.call('GET', KEYS[1])}", "1",
       "s:a"});
  if (!seen.starts_with("*3\r\n:-2")) {
    EXPECT_LE(std::stoll(seen.substr(5)), 900) << "the app's expiry was not made longer";
    EXPECT_GE(std::stoll(seen.substr(5)), 0);
    EXPECT_TRUE(seen.ends_with("+string\r\n" + Bulk("old")) || seen.ends_with(Bulk("string") + Bulk("old"))) << seen;
  }
  const std::string keys = app.Do({"KEYS", "*"});
  EXPECT_EQ(keys.find("__herdgate:"), std::string::npos) << keys;
  AwaitEnd("s:a");
  const long long shadow = Pttl(ShadowNameOf("s:a"));
  EXPECT_GT(shadow, 0) << "always with an expiry";
  EXPECT_LE(shadow, 60000);
}

TEST_P(Shadows, NothingRemainsBeyondTheTimeInWhichItMayBeServed) {
  Restart({.loops = GetParam(), .policies = R"(
policies:
  - {name: hot, match: ["s:*"], stampede: {coalesce: on, grace: shadow, stale_while_revalidate: 300ms}}
)"});
  ASSERT_TRUE(Gate().MetricBecomes("herdgate_flight_leases", 1));
  ASSERT_TRUE(Heat(Gate().Client(), Gate(), "s:a"));
  EXPECT_LE(Pttl(ShadowNameOf("s:a")), 1200);
  EXPECT_TRUE(Eventually([] { return Direct().Do({"DBSIZE"}) == ":0\r\n"; }));
  EXPECT_EQ(Client().Do({"GET", "s:a"}), kNil);
}

TEST_P(Shadows, NoOldValueIsServedAfterADeleteThroughAnySidecar) {
  const std::vector<Words> deletes = {{"DEL", "s:a"},
                                      {"UNLINK", "s:a"},
                                      {"EXPIRE", "s:a", "0"},
                                      {"SET", "s:a", "x", "PX", "1"},
                                      {"GETDEL", "s:a"},
                                      {"RENAME", "s:a", "s:b"},
                                      {"EVAL", "return redis.call('DEL', KEYS[1])", "1", "s:a"}};
  for (const Words& words : deletes) {
    for (Sidecar* pod : {&Gate(), &Other()}) {
      LeaveShadow("s:a", "old");
      if (words[0] == "RENAME") Direct().Do({"SET", "s:a", "x", "PX", "100000"});
      RawClient writer = pod->Client();
      writer.Do(words);
      EXPECT_FALSE(Exists(ShadowNameOf("s:a"))) << words[0];
      Direct().Do({"DEL", "s:a", "s:b", stampede::LeaseNameOf("s:a")});
      RawClient reader = Other().Client();
      EXPECT_EQ(reader.Do({"GET", "s:a"}), kNil) << words[0];
      reader.Do({"SET", "s:a", "x", "PX", "100000"});
      Direct().Do({"FLUSHALL"});
    }
  }
}

TEST_P(Shadows, ValueThatIsOlderThanADeleteGetsNone) {
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "s:a"}), kNil);
  Gate().Client().Do({"DEL", "s:a"});
  ASSERT_EQ(leader.Do({"SET", "s:a", "late", "EX", "100"}), "+OK\r\n");
  RawClient reader = Other().Client();
  while (reader.Do({"GET", "s:a"}) == Bulk("late")) {
    const std::string shadow = Direct().Do({"GET", ShadowNameOf("s:a")});
    ASSERT_EQ(shadow.find("late"), std::string::npos) << shadow;
  }
  EXPECT_GT(Other().Metric("herdgate_shadow_copies_total{result=\"there\""), 0);
}

TEST_P(Shadows, DeleteWithinATransactionRemovesItToo) {
  LeaveShadow("s:a", "old");
  RawClient writer = Gate().Client();
  writer.Do({"MULTI"});
  writer.Do({"DEL", "s:a"});
  writer.Do({"EXEC"});
  EXPECT_FALSE(Exists(ShadowNameOf("s:a")));
}

TEST_P(Shadows, WhatWasJustReadOfAShadowIsForgottenWhenAnotherPodDeletes) {
  LeaveShadow("s:a", "old");
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "s:a"}), kNil);
  RawClient reader = Gate().Client();
  ASSERT_EQ(ReadOld(reader, Gate(), "s:a"), Bulk("old"));
  Other().Client().Do({"DEL", "s:a"});
  ASSERT_TRUE(Gate().MetricBecomes("herdgate_shadow_remembered_bytes", 0)) << "only a push does that";
  // Nothing old any more: it waits for who computes, or computes.
  reader.Say({"GET", "s:a"});
  RawClient writer = Other().Client();
  writer.Do({"SET", "s:a", "new", "EX", "100"});
  const std::string answer = reader.Read();
  EXPECT_TRUE(answer == Bulk("new") || answer == kNil) << answer;
}

TEST_P(Shadows, DeleteOfThisPodIsSeenByItsNextReader) {
  for (int i = 0; i < 20; ++i) {
    const std::string key = "s:" + std::to_string(i);
    LeaveShadow(key, "old");
    RawClient leader = Gate().Client();
    ASSERT_EQ(leader.Do({"GET", key}), kNil);
    RawClient reader = Gate().Client();
    ASSERT_EQ(ReadOld(reader, Gate(), key), Bulk("old"));
    RawClient writer = Gate().Client();
    writer.Do({"DEL", key});
    EXPECT_EQ(reader.Do({"GET", key}), kNil);
  }
}

TEST_P(Shadows, ValueThatWasDeletedPastAllSidecarsBeforeItsEndIsNotServed) {
  ASSERT_TRUE(Heat(Gate().Client(), Gate(), "s:a"));
  if (Direct().Do({"DEL", "s:a"}) == ":0\r\n") GTEST_SKIP() << "too slow a machine";
  // If the delete came in the last milliseconds of its life it can't be told from the end.
  const bool early = Exists(ShadowNameOf("s:a")) && Pttl(ShadowNameOf("s:a")) > 60050;
  RawClient reader = Other().Client();
  const std::string answer = reader.Do({"GET", "s:a"});
  if (!early) GTEST_SKIP() << "too slow a machine";
  EXPECT_EQ(answer, kNil);
  EXPECT_FALSE(Exists(ShadowNameOf("s:a")));
}

TEST_P(Shadows, PoliciesWithoutThemHaveNone) {
  RawClient client = Gate().Client();
  client.Do({"SET", "n:a", "v", "PX", "600"});
  for (int i = 0; i < 200; ++i) client.Do({"GET", "n:a"});
  AwaitEnd("n:a");
  EXPECT_EQ(Direct().Do({"KEYS", "__herdgate:shadow:*"}), "*0\r\n");
}

TEST_P(Shadows, WhatIsPipelinedBehindAReadKeepsItsPlace) {
  LeaveShadow("s:a", "old");
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "s:a"}), kNil);
  for (int i = 0; i < 50; ++i) {
    RawClient reader = Gate().Client();
    reader.Say({"GET", "s:a"});
    reader.Say({"PING", "mark"});
    const std::string first = reader.Read();
    EXPECT_TRUE(first == Bulk("old") || first == kNil) << first;
    EXPECT_EQ(reader.Read(), Bulk("mark"));
  }
}

// What its shadow says is not here yet when the other command comes, and comes when that is answered.
TEST_P(Shadows, ReadWithACommandBehindItDoesNotWaitForWhoComputes) {
  RawClient leader = Gate().Client();
  ASSERT_EQ(leader.Do({"GET", "s:a"}), kNil);
  std::this_thread::sleep_for(stampede::ShadowMemory::kMostTime);  // the next has to ask again
  RawClient reader = Gate().Client();
  reader.Do({"PING"});
  RawClient direct = Direct();
  ASSERT_EQ(direct.Do({"CLIENT", "PAUSE", "60000", "WRITE"}), "+OK\r\n");  // scripts are, reads are not
  reader.Say({"GET", "s:a"});
  std::this_thread::sleep_for(milliseconds(50));
  reader.Say({"PING", "mark"});
  EXPECT_EQ(reader.Read(), kNil);
  EXPECT_EQ(reader.Read(), Bulk("mark"));
  ASSERT_EQ(direct.Do({"CLIENT", "UNPAUSE"}), "+OK\r\n");
  EXPECT_EQ(Gate().Metric(R"(herdgate_lookups_total{outcome="timeout_miss",policy="hot")"), 0);
}

TEST_P(Shadows, BytesOfKeysAndValuesStayWhatTheyAre) {
  using namespace std::string_literals;
  const std::string value = "7:\0\r\n\xff"s + std::string(60000, '\x80');
  for (const std::string& key : {"s:{tag}\0\r\n\xff"s, "s:{}\0:=}"s, "s:}{="s}) {
    LeaveShadow(key, value);
    EXPECT_EQ(Direct().Do({"CLUSTER", "KEYSLOT", key}), Direct().Do({"CLUSTER", "KEYSLOT", ShadowNameOf(key)}));
    RawClient leader = Gate().Client();
    ASSERT_EQ(leader.Do({"GET", key}), kNil);
    RawClient reader = Other().Client();
    EXPECT_EQ(ReadOld(reader, Other(), key), Bulk(value));
    Gate().Client().Do({"DEL", key});
    EXPECT_FALSE(Exists(ShadowNameOf(key)));
  }
}

TEST_P(Shadows, ValueLargerThanNearMaxValueGetsNone) {
  RawClient client = Gate().Client();
  const std::string value(10'000'000, 'x');
  const auto copies = [&](const char* result) {
    return Gate().Metric("herdgate_shadow_copies_total{result=\"" + std::string(result) + "\"");
  };
  for (int attempt = 0; attempt < 20 && copies("too_large") == 0; ++attempt) {
    ASSERT_EQ(client.Do({"SET", "s:a", value, "PX", "900"}), "+OK\r\n");
    while (client.Do({"GET", "s:a"}) != kNil && copies("too_large") == 0) continue;
  }
  EXPECT_GT(copies("too_large"), 0);
  EXPECT_EQ(copies("copied"), 0);
  EXPECT_FALSE(Exists(ShadowNameOf("s:a")));
}

HERDGATE_WITH_LOOPS(Shadows);

class ShadowRights : public SidecarTest {};

TEST_P(ShadowRights, WithoutTheRightToRunScriptsAllElseWorks) {
  RedisProcess redis;
  redis.Client().Do({"ACL", "SETUSER", "cut", "on", ">pw", "~*", "&*", "+@all", "-eval"});
  const std::string url = redis.Url();
  const auto at = url.find("://") + 3;
  Restart(url.substr(0, at) + "cut:pw@" + url.substr(at), {.loops = GetParam(), .policies = kShadows});
  ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient client = Client();
  client.Do({"SET", "s:a", "v", "PX", "700"});
  ASSERT_TRUE(Eventually([&] {
    for (int i = 0; i < 20; ++i) client.Do({"GET", "s:a"});
    return Gate().Metric("herdgate_shadow_copies_total{result=\"error\"") > 0 ||
           redis.Client().Do({"EXISTS", "s:a"}) == ":0\r\n";
  }));
  ASSERT_TRUE(Eventually([&] { return redis.Client().Do({"EXISTS", "s:a"}) == ":0\r\n"; }));
  EXPECT_EQ(Gate().Metric("herdgate_shadow_copies_total{result=\"error\""), 1);
  RawClient leader = Client();
  EXPECT_EQ(leader.Do({"GET", "s:a"}), kNil);
  EXPECT_EQ(leader.Do({"SET", "s:a", "new"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "s:a"}), Bulk("new"));
}

TEST_P(ShadowRights, WithoutTheRightToTheirNamesTheAppSeesNothingOfThem) {
  RedisProcess redis;
  redis.Client().Do({"ACL", "SETUSER", "cut", "on", ">pw", "~s:*", "~__herdgate:canary:*", "&*", "+@all"});
  const std::string url = redis.Url();
  const auto at = url.find("://") + 3;
  Restart(url.substr(0, at) + "cut:pw@" + url.substr(at), {.loops = GetParam(), .policies = kShadows});
  ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient client = Client();
  for (int i = 0; i < 5; ++i) {
    const std::string key = "s:" + std::to_string(i);
    client.Send(Encode({"SET", key, "v", "PX", "300"}) + Encode({"GET", key}) + Encode({"APPEND", key, "w"}) +
                Encode({"MULTI"}) + Encode({"SET", key, "x", "PX", "100"}) + Encode({"EXEC"}) + Encode({"GET", key}));
    const auto replies = client.Read(7);
    ASSERT_EQ(replies.size(), 7U);
    EXPECT_EQ(replies[0], "+OK\r\n");
    EXPECT_EQ(replies[2], ":2\r\n");
    EXPECT_EQ(replies[5], "*1\r\n+OK\r\n");
    while (client.Do({"GET", key}) != kNil) continue;
    ASSERT_EQ(client.Do({"SET", key, "new"}), "+OK\r\n");
    EXPECT_EQ(client.Do({"GET", key}), Bulk("new"));
    EXPECT_EQ(client.Do({"DEL", key}), ":1\r\n");
  }
  EXPECT_EQ(Gate().Metric("herdgate_shadow_copies_total{result=\"copied\""), 0);
}

TEST_P(ShadowRights, EmbeddedStoreHasNoneAndDoesItsWork) {
  const Sidecar gate("memory://", {.loops = GetParam(), .policies = kShadows});
  RawClient client = gate.Client();
  ASSERT_EQ(client.Do({"SET", "s:a", "v", "PX", "300"}), "+OK\r\n");
  while (client.Do({"GET", "s:a"}) != kNil) continue;
  RawClient reader = gate.Client();
  reader.Say({"GET", "s:a"});
  ASSERT_EQ(client.Do({"SET", "s:a", "new"}), "+OK\r\n");
  const std::string answer = reader.Read();
  EXPECT_TRUE(answer == Bulk("new") || answer == kNil) << answer;
  EXPECT_EQ(client.Do({"DEL", "s:a"}), ":1\r\n");
  EXPECT_EQ(client.Do({"DBSIZE"}), ":0\r\n");
  EXPECT_EQ(gate.Metric("herdgate_shadow_"), 0);
}

HERDGATE_WITH_LOOPS(ShadowRights);

}  // namespace
}  // namespace herdgate::integration
