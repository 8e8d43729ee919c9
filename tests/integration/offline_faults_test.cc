// Life without Redis where something else goes wrong too: a connection that hangs, a user that may not delete, work
// under way that is no cache's.
#include <chrono>
#include <thread>

#include "tests/integration/support/sidecar_test.h"
#include "tests/support/relay.h"

namespace herdgate::integration {
namespace {

using herdgate::testing::Relay;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kPolicies = R"(
policies:
  - {name: cache, match: ["c:*"], offline: {reads: miss}}
  - {name: memory, match: ["m:*"], offline: {fallback: memory}}
  - {name: shadowed, match: ["s:*"], offline: {reads: miss}, stampede: {grace: shadow}}
)";

bool StateIs(const Sidecar& gate, const std::string& state) {
  return gate.MetricBecomes("herdgate_upstream_breaker_state{state=\"" + state + "\"", 1);
}

class OfflineFaults : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  Sidecar::Choices Choices(milliseconds timeout) const {
    return {.loops = GetParam(), .timeout = timeout, .policies = kPolicies};
  }

  RedisProcess redis_{{"--appendonly", "yes", "--appendfsync", "always"}};
};

// Its reply would come behind the script's anyway; what the script writes must not come behind the delete.
TEST_P(OfflineFaults, DeleteIsNotCarriedOutBeforeWhatItsConnectionSentBefore) {
  const Sidecar gate(redis_.Url(), Choices(milliseconds(8000)));
  for (int round = 0; round < 3; ++round) {
    RawClient client = gate.Client();
    client.Do({"PING"});
    redis_.Kill();
    ASSERT_TRUE(StateIs(gate, "open"));
    client.Send(Encode({"EVAL", "return redis.call('SET', KEYS[1], 'old')", "1", "c:a"}) + Encode({"DEL", "c:a"}) +
                Encode({"EVAL", "return redis.call('SET', KEYS[1], 'old')", "1", "m:a"}) + Encode({"DEL", "m:a"}));
    std::this_thread::sleep_for(milliseconds(100));
    ASSERT_TRUE(redis_.Start());
    const auto replies = client.Read(4);
    ASSERT_EQ(replies.size(), 4U);
    EXPECT_EQ(replies[0], "+OK\r\n");
    EXPECT_EQ(replies[2], "+OK\r\n");
    // A DEL whose connection breaks once more is sent again, and then finds nothing left to delete.
    EXPECT_TRUE(replies[1].starts_with(":")) << replies[1];
    EXPECT_TRUE(replies[3].starts_with(":")) << replies[3];
    ASSERT_TRUE(StateIs(gate, "closed"));
    EXPECT_EQ(redis_.Client().Do({"MGET", "c:a", "m:a"}), "*2\r\n$-1\r\n$-1\r\n");
  }
}

TEST_P(OfflineFaults, OneConnectionThatHangsDoesNotKeepTheOthersWithoutRedis) {
  Relay relay(redis_.port());
  const Sidecar gate(relay.Url(), Choices(milliseconds(500)));
  RawClient client = gate.Client();
  client.Do({"ECHO", "this-connection"});
  client.Do({"SET", "c:a", "1"});
  relay.Only("this-connection");
  relay.holds = true;
  EXPECT_EQ(client.Do({"GET", "c:a"}), "$-1\r\n");
  ASSERT_TRUE(StateIs(gate, "open"));
  const auto before = Clock::now();
  EXPECT_TRUE(Eventually([&] { return gate.Client().Do({"GET", "c:a"}) == Bulk("1"); }));
  EXPECT_LT(Clock::now() - before, milliseconds(3000));
  EXPECT_EQ(client.Do({"GET", "c:a"}), Bulk("1"));
  relay.holds = false;
}

TEST_P(OfflineFaults, KeyThatTheUserMayNotDeleteCostsNoOther) {
  RawClient direct = redis_.Client();
  ASSERT_EQ(direct.Do({"ACL", "SETUSER", "app", "on", ">secret", "+@all", "~c:*"}), "+OK\r\n");
  ASSERT_EQ(direct.Do({"CONFIG", "SET", "requirepass", ""}), "+OK\r\n");
  Relay relay(redis_.port());
  const std::string url = "redis://app:secret@127.0.0.1:" + std::to_string(relay.port());
  const Sidecar gate(url, Choices(milliseconds(500)));
  RawClient client = gate.Client();
  for (int i = 0; i < 300; ++i) direct.Do({"SET", "c:" + std::to_string(i), "1"});
  direct.Do({"SET", "m:no", "1"});
  ASSERT_EQ(client.Do({"GET", "c:1"}), Bulk("1"));
  relay.refuses = true;
  relay.Cut();
  ASSERT_TRUE(StateIs(gate, "open"));
  ASSERT_EQ(client.Do({"DEL", "m:no"}), ":0\r\n");
  for (int i = 0; i < 300; ++i) ASSERT_EQ(client.Do({"DEL", "c:" + std::to_string(i)}), ":1\r\n");
  relay.refuses = false;
  ASSERT_TRUE(StateIs(gate, "closed"));
  EXPECT_EQ(direct.Do({"KEYS", "c:*"}), "*0\r\n");
  EXPECT_TRUE(gate.MetricBecomes("herdgate_remembered_deletes_total{result=\"lost\"", 1));
}

TEST_P(OfflineFaults, ShadowThatTheUserMayNotDeleteCostsNoDelete) {
  RawClient direct = redis_.Client();
  ASSERT_EQ(direct.Do({"ACL", "SETUSER", "app", "on", ">secret", "+@all", "~s:*"}), "+OK\r\n");
  Relay relay(redis_.port());
  const std::string url = "redis://app:secret@127.0.0.1:" + std::to_string(relay.port());
  const Sidecar gate(url, Choices(milliseconds(500)));
  RawClient client = gate.Client();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.Do({"SET", "s:" + std::to_string(i), "1"}), "+OK\r\n");
  relay.refuses = true;
  relay.Cut();
  ASSERT_TRUE(StateIs(gate, "open"));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.Do({"DEL", "s:" + std::to_string(i)}), ":1\r\n");
  relay.refuses = false;
  ASSERT_TRUE(StateIs(gate, "closed"));
  EXPECT_EQ(direct.Do({"KEYS", "s:*"}), "*0\r\n");
  EXPECT_EQ(gate.Metric("herdgate_remembered_deletes_total{result=\"lost\""), 0);
}

// Redis is there for others, and this loop's connection does not come back.
TEST_P(OfflineFaults, ReadOfACacheIsNoErrorWhereOnlyItsOwnConnectionIsAway) {
  Relay relay(redis_.port());
  const Sidecar gate(relay.Url(), Choices(milliseconds(500)));
  RawClient other = gate.Client();
  RawClient client = gate.Client();
  other.Say({"BLPOP", "queue", "0"});
  client.Do({"ECHO", "this-connection"});
  client.Do({"SET", "c:a", "1"});
  ASSERT_TRUE(Eventually([&] {
    return Text(redis_.Client().Do({"CLIENT", "LIST"})).find("cmd=blpop") != std::string::npos;
  }));
  relay.refuses = true;
  relay.Only("this-connection");
  relay.Cut();
  for (const auto end = Clock::now() + milliseconds(1500); Clock::now() < end;)
    ASSERT_EQ(client.Do({"MGET", "c:a", "c:b"}), "*2\r\n$-1\r\n$-1\r\n");
  EXPECT_TRUE(client.Do({"DEL", "c:a"}).starts_with("-ERR herdgate: upstream"));
  EXPECT_TRUE(StateIs(gate, "closed"));
  relay.refuses = false;
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "c:a"}) == Bulk("1"); }));
}

// Whose connections it accepts, or never broke.
TEST_P(OfflineFaults, RedisThatLoadsItsDataIsAwayForCaches) {
  const Sidecar gate(redis_.Url(), Choices(milliseconds(1000)));
  RawClient client = gate.Client();
  RawClient direct = redis_.Client();
  ASSERT_EQ(client.Do({"SET", "c:a", "1"}), "+OK\r\n");
  ASSERT_EQ(client.Do({"SET", "c:b", "1"}), "+OK\r\n");
  direct.Do({"DEBUG", "POPULATE", "3000"});
  direct.Do({"CONFIG", "SET", "key-load-delay", "500", "loading-process-events-interval-bytes", "1024"});
  direct.Say({"DEBUG", "RELOAD"});
  ASSERT_TRUE(Eventually([&] { return client.Do({"GET", "c:a"}) == "$-1\r\n"; }));
  EXPECT_TRUE(client.Do({"SET", "c:c", "1"}).starts_with("-"));
  EXPECT_EQ(client.Do({"DEL", "c:b"}), ":1\r\n");
  EXPECT_TRUE(client.Do({"GET", "other"}).starts_with("-LOADING"));
  EXPECT_TRUE(Eventually([&] {
    const std::string reply = client.Do({"GET", "c:a"});
    EXPECT_FALSE(reply.starts_with("-")) << reply;
    return reply == Bulk("1");
  }));
  EXPECT_EQ(client.Do({"GET", "c:b"}), "$-1\r\n");
}

HERDGATE_WITH_LOOPS(OfflineFaults);

}  // namespace
}  // namespace herdgate::integration
