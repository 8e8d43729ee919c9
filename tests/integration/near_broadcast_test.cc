// The near cache before an upstream without RESP3: what is answered in the pod, and that it is never older than it may
// be. tests/integration/near_test.cc has the commands; here is what depends on how Redis tells of writes.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

constexpr const char* kNear = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 30s}}
)";

class NearBroadcast : public SidecarTest {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    Old().Client().Do({"FLUSHALL"});
    Restart(Old().Url(), {.loops = GetParam(), .policies = kNear});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"broadcast\"", 1));
  }
  static RedisProcess& Old() {
    static RedisProcess redis({"--rename-command", "HELLO", ""});
    return redis;
  }
  static RawClient Direct() { return Old().Client(); }
  static double Gets() {
    const std::string stats = Text(Direct().Do({"INFO", "commandstats"}));
    const std::string field = "cmdstat_get:calls=";
    const auto at = stats.find(field);
    return at == std::string::npos ? 0 : std::stod(stats.substr(at + field.size()));
  }
  // Reads `key` until it is answered here; false if it never is.
  static bool Warm(RawClient& client, const std::string& key) {
    return Eventually([&] {
      const double before = Gets();
      client.Do({"GET", key});
      return Gets() == before;
    });
  }
};

TEST_P(NearBroadcast, HotKeyIsAnsweredWithoutRedis) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "value"});
  ASSERT_TRUE(Warm(client, "n:a"));
  const double before = Gets();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Do({"GET", "n:a"}), "$5\r\nvalue\r\n");
  // The canary's.
  EXPECT_LE(Gets() - before, 1);
}

TEST_P(NearBroadcast, OwnWriteIsReadAtOnceByEveryClient) {
  std::vector<RawClient> clients = Clients(6);
  clients[0].Do({"SET", "n:a", "0"});
  ASSERT_TRUE(Warm(clients[0], "n:a"));
  for (int i = 1; i <= 300; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(clients[static_cast<std::size_t>(i) % 6].Do({"SET", "n:a", value}), "+OK\r\n");
    for (RawClient& client : clients) ASSERT_EQ(client.Do({"GET", "n:a"}), Bulk(value));
  }
}

TEST_P(NearBroadcast, EveryKindOfOwnWriteIsSeen) {
  RawClient client = Client();
  RawClient other = Client();
  const std::vector<std::pair<Words, std::string>> writes = {
      {{"MSET", "n:b", "1", "n:a", "m"}, "$1\r\nm\r\n"},
      {{"EVAL", "return redis.call('SET', KEYS[1], 'e')", "1", "n:a"}, "$1\r\ne\r\n"},
      {{"EVAL", "return redis.call('SET', 'n:' .. 'a', 'f')", "0"}, "$1\r\nf\r\n"},
      {{"RENAME", "n:b", "n:a"}, "$1\r\n1\r\n"},
      {{"DEL", "n:a"}, "$-1\r\n"},
      {{"FLUSHDB"}, "$-1\r\n"},
      {{"FLUSHALL"}, "$-1\r\n"},
      {{"SWAPDB", "0", "5"}, "$-1\r\n"},
  };
  for (const auto& [write, read] : writes) {
    client.Do({"SET", "n:a", "1"});
    ASSERT_TRUE(Warm(client, "n:a"));
    client.Do(write);
    EXPECT_EQ(client.Do({"GET", "n:a"}), read) << write[0];
    EXPECT_EQ(other.Do({"GET", "n:a"}), read) << write[0];
  }
}

TEST_P(NearBroadcast, ScriptsWithoutKeysAreReadBackEveryTime) {
  std::vector<RawClient> clients = Clients(4);
  for (int i = 0; i < 200; ++i) {
    const std::string value = std::to_string(i);
    clients[0].Do({"EVAL", "return redis.call('SET', 'n:' .. 'a', ARGV[1])", "0", value});
    for (RawClient& client : clients) ASSERT_EQ(client.Do({"GET", "n:a"}), Bulk(value));
  }
}

TEST_P(NearBroadcast, ForeignWriteIsSeenSoon) {
  RawClient client = Client();
  RawClient direct = Direct();
  for (int i = 0; i < 50; ++i) {
    client.Do({"SET", "n:a", "old"});
    ASSERT_TRUE(Warm(client, "n:a"));
    direct.Do({"SET", "n:a", "new"});
    ASSERT_TRUE(Eventually([&] { return client.Do({"GET", "n:a"}) == "$3\r\nnew\r\n"; }));
  }
}

TEST_P(NearBroadcast, ForeignFlushVoidsAll) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v"});
  ASSERT_TRUE(Warm(client, "n:a"));
  Direct().Do({"FLUSHALL"});
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "n:a"}) == "$-1\r\n"; }));
}

TEST_P(NearBroadcast, ExpiryIsKept) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v", "PX", "400"});
  client.Do({"GET", "n:a"});
  client.Do({"GET", "n:a"});
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "n:a"}) == "$-1\r\n"; }));
  EXPECT_EQ(Direct().Do({"EXISTS", "n:a"}), ":0\r\n");
}

TEST_P(NearBroadcast, LossOfEitherConnectionVoidsAll) {
  for (const std::string type : {"pubsub", "normal"}) {
    RawClient client = Client();
    RawClient direct = Direct();
    client.Do({"SET", "n:a", "old"});
    ASSERT_TRUE(Warm(client, "n:a"));
    // Nobody is told of this write: the connection is killed in the same transaction.
    direct.Send(Encode({"MULTI"}) + Encode({"CLIENT", "KILL", "TYPE", type, "SKIPME", "yes"}) +
                Encode({"SET", "n:a", "new"}) + Encode({"EXEC"}));
    direct.Read(4);
    EXPECT_TRUE(Eventually([&] {
      RawClient fresh = Client();
      return fresh.Do({"GET", "n:a"}) == "$3\r\nnew\r\n";
    })) << type;
    RawClient other = Client();
    EXPECT_TRUE(Warm(other, "n:a")) << "armed again";
    EXPECT_EQ(other.Do({"GET", "n:a"}), "$3\r\nnew\r\n");
  }
}

TEST_P(NearBroadcast, UpstreamWithoutClientEitherHasNoNearCacheAndServes) {
  RedisProcess bare({"--rename-command", "HELLO", "", "--rename-command", "CLIENT", ""});
  Sidecar gate(bare.Url(), {.loops = GetParam(), .policies = kNear});
  ASSERT_TRUE(gate.started());
  EXPECT_TRUE(gate.MetricBecomes("herdgate_near_mode{mode=\"off\",reason=\"no_resp3\"", 1));
  RawClient client = gate.Client();
  EXPECT_EQ(client.Do({"SET", "n:a", "v"}), "+OK\r\n");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Do({"GET", "n:a"}), "$1\r\nv\r\n");
  EXPECT_EQ(gate.Metric("herdgate_lookups_total{outcome=\"near_hit\""), 0);
}

HERDGATE_WITH_LOOPS(NearBroadcast);

}  // namespace
}  // namespace herdgate::integration
