// Life without Redis: what clients of cache policies get while it is dead or hangs, and what holds when it is back.
#include <atomic>
#include <thread>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kPolicies = R"(
policies:
  - {name: cache, match: ["c:*"], near: {enabled: true, max_ttl: 30s}}
  - {name: strict, match: ["s:*"], near: {enabled: true, max_ttl: 30s}, offline: {reads: error}}
  - {name: brief, match: ["b:*"], near: {enabled: true, max_ttl: 30s}, stampede: {stale_if_error: 0s}}
  - {name: plain, match: ["p:*"], ttl: {missing: apply, default: 1h}}
  - {name: versioned, match: ["u:*"], version: {schema: 7}, offline: {reads: miss}}
  - {name: memory, match: ["m:*"], offline: {fallback: memory}}
)";

class Offline : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    Front({.timeout = milliseconds(1000)});
  }
  void Front(Sidecar::Choices choices) {
    choices.loops = GetParam();
    if (choices.policies.empty()) choices.policies = kPolicies;
    gate_ = std::make_unique<Sidecar>(redis_.Url(), choices);
    ASSERT_TRUE(gate_->started());
    ASSERT_TRUE(gate_->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  }
  RawClient Client() const { return gate_->Client(); }
  std::vector<RawClient> Clients(std::size_t count) const {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(Client());
    for (RawClient& client : clients) EXPECT_EQ(client.Do({"PING"}), "+PONG\r\n");
    return clients;
  }
  // Until the sidecar has a value of the key itself: one that Redis is not asked for.
  void Warm(RawClient& client, const std::string& key) {
    RawClient direct = redis_.Client();
    ASSERT_TRUE(Eventually([&] {
      direct.Do({"CONFIG", "RESETSTAT"});
      client.Do({"GET", key});
      return Text(direct.Do({"INFO", "commandstats"})).find("cmdstat_get:") == std::string::npos;
    }));
  }
  // Until the sidecar has seen that Redis is away.
  bool IsAway() const { return gate_->MetricBecomes("herdgate_upstream_breaker_state{state=\"closed\"", 0); }
  bool IsBack() const { return gate_->MetricBecomes("herdgate_upstream_breaker_state{state=\"closed\"", 1); }
  void Kill() {
    redis_.Kill();
    ASSERT_TRUE(IsAway());
  }

  // What it knows survives its death.
  RedisProcess redis_{{"--appendonly", "yes", "--appendfsync", "always"}};
  std::unique_ptr<Sidecar> gate_;
};

TEST_P(Offline, ReadOfACachePolicyIsAMissAtOnce) {
  RawClient client = Client();
  RawClient resp3 = gate_->Resp3Client();
  client.Do({"MSET", "c:a", "1", "u:a", "1"});
  Kill();
  const auto before = Clock::now();
  EXPECT_EQ(client.Do({"GET", "u:a"}), "$-1\r\n");
  EXPECT_EQ(resp3.Do({"GET", "u:a"}), "_\r\n");
  EXPECT_EQ(client.Do({"MGET", "u:a", "c:none", "u:b"}), "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
  EXPECT_EQ(client.Do({"EXISTS", "u:a", "u:b"}), ":0\r\n");
  EXPECT_EQ(client.Do({"TTL", "u:a"}), ":-2\r\n");
  EXPECT_EQ(client.Do({"HGETALL", "u:h"}), "*0\r\n");
  EXPECT_LT(Clock::now() - before, milliseconds(500));
}

TEST_P(Offline, HotKeyIsServedStale) {
  RawClient client = Client();
  client.Do({"SET", "c:a", "value"});
  Warm(client, "c:a");
  Kill();
  EXPECT_EQ(client.Do({"GET", "c:a"}), Bulk("value"));
  EXPECT_EQ(client.Do({"MGET", "c:a", "c:none"}), "*2\r\n$5\r\nvalue\r\n$-1\r\n");
  EXPECT_EQ(client.Do({"STRLEN", "c:a"}), ":5\r\n");
  EXPECT_EQ(client.Do({"EXISTS", "c:a", "c:none"}), ":1\r\n");
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_lookups_total{outcome=\"stale\",policy=\"cache\"", 4));
}

TEST_P(Offline, StaleValueIsNotServedWithoutAWindowForIt) {
  RawClient client = Client();
  client.Do({"SET", "b:a", "value"});
  Warm(client, "b:a");
  Kill();
  EXPECT_EQ(client.Do({"GET", "b:a"}), "$-1\r\n");
}

TEST_P(Offline, PolicyThatWantsErrorsGetsThemAtOnceButStaleValuesFirst) {
  RawClient client = Client();
  client.Do({"SET", "s:a", "value"});
  Warm(client, "s:a");
  Kill();
  const auto before = Clock::now();
  EXPECT_EQ(client.Do({"GET", "s:a"}), Bulk("value"));
  const std::string error = client.Do({"GET", "s:none"});
  EXPECT_TRUE(error.starts_with("-ERR herdgate: upstream " + redis_.Url() + " is unavailable")) << error;
  EXPECT_LT(Clock::now() - before, milliseconds(500));
}

TEST_P(Offline, OtherKeysWaitForRedisAsEver) {
  Front({.timeout = milliseconds(8000)});
  RawClient client = Client();
  Kill();
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(300));
    redis_.Start();
  });
  EXPECT_EQ(client.Do({"SET", "p:a", "1"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"SET", "other", "1"}), "+OK\r\n");
  later.join();
}

TEST_P(Offline, DeleteHoldsWhenRedisIsBack) {
  std::vector<RawClient> clients = Clients(3);
  for (int i = 0; i < 1000; ++i)
    redis_.Client().Do({"MSET", "c:" + std::to_string(i), "1", "v7:u:" + std::to_string(i), "1"});
  Warm(clients[0], "c:1");
  Kill();
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(clients[static_cast<std::size_t>(i) % 3].Do({i % 2 == 0 ? "DEL" : "UNLINK", "c:" + n, "u:" + n}),
              ":2\r\n");
  }
  EXPECT_EQ(clients[0].Do({"GET", "c:1"}), "$-1\r\n");
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_remembered_deletes", 2000));
  redis_.Start();
  ASSERT_TRUE(IsBack());
  EXPECT_EQ(redis_.Client().Do({"KEYS", "*[cu]:*"}), "*0\r\n");
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_remembered_deletes", 0));
}

TEST_P(Offline, ReadSeesNoDeletedValueAtAnyTime) {
  RawClient client = Client();
  for (int round = 0; round < 5; ++round) {
    client.Do({"SET", "c:a", "old"});
    Warm(client, "c:a");
    Kill();
    ASSERT_EQ(client.Do({"DEL", "c:a"}), ":1\r\n");
    redis_.Start();
    for (const auto end = Clock::now() + milliseconds(500); Clock::now() < end;)
      ASSERT_EQ(client.Do({"GET", "c:a"}), "$-1\r\n");
    ASSERT_TRUE(IsBack());
  }
}

TEST_P(Offline, WriteIsAnErrorAtOnceAndNothingOlderIsServedAfterIt) {
  RawClient client = Client();
  client.Do({"SET", "c:a", "old"});
  Warm(client, "c:a");
  Kill();
  const auto before = Clock::now();
  EXPECT_TRUE(client.Do({"SET", "c:a", "new"}).starts_with("-ERR herdgate: upstream"));
  EXPECT_LT(Clock::now() - before, milliseconds(500));
  EXPECT_EQ(client.Do({"GET", "c:a"}), "$-1\r\n");
}

TEST_P(Offline, WhatWasUnderWayWhenRedisHungIsAnsweredInOrder) {
  RawClient client = Client();
  client.Do({"SET", "c:a", "old"});
  redis_.Freeze();
  client.Send(Encode({"GET", "c:a"}) + Encode({"SET", "c:a", "new"}) + Encode({"DEL", "c:b"}) + Encode({"GET", "u:a"}));
  const auto before = Clock::now();
  const auto replies = client.Read(4);
  EXPECT_LT(Clock::now() - before, milliseconds(2500));
  EXPECT_EQ(replies[0], "$-1\r\n");
  EXPECT_TRUE(replies[1].starts_with("-ERR herdgate: ")) << replies[1];
  EXPECT_EQ(replies[2], ":1\r\n");
  EXPECT_EQ(replies[3], "$-1\r\n");
  redis_.Thaw();
  ASSERT_TRUE(IsBack());
  EXPECT_EQ(client.Do({"SET", "c:c", "1"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "c:c"}), Bulk("1"));
}

TEST_P(Offline, HungRedisIsAwayWithinTheTimeout) {
  std::vector<RawClient> clients = Clients(3);
  clients[0].Do({"SET", "c:a", "value"});
  Warm(clients[0], "c:a");
  redis_.Freeze();
  const auto before = Clock::now();
  for (RawClient& client : clients) EXPECT_EQ(client.Do({"GET", "c:none"}), "$-1\r\n");
  EXPECT_LT(Clock::now() - before, milliseconds(4000));
  ASSERT_TRUE(IsAway());
  const auto then = Clock::now();
  for (RawClient& client : clients) {
    EXPECT_EQ(client.Do({"GET", "c:a"}), Bulk("value"));
    EXPECT_EQ(client.Do({"DEL", "c:b"}), ":1\r\n");
    EXPECT_EQ(client.Do({"GET", "u:none"}), "$-1\r\n");
  }
  EXPECT_LT(Clock::now() - then, milliseconds(500));
  redis_.Thaw();
  EXPECT_TRUE(IsBack());
}

TEST_P(Offline, ConnectionSurvivesTheDeathOfRedisUnderPipelines) {
  std::vector<RawClient> clients = Clients(6);
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  std::atomic<int> errors = 0;
  std::atomic<int> rounds = 0;
  for (RawClient& client : clients) {
    threads.emplace_back([&] {
      while (!stop) {
        const bool sent = client.Send(Encode({"GET", "c:a"}) + Encode({"SET", "c:b", "1"}) + Encode({"DEL", "c:c"}) +
                                      Encode({"MGET", "c:a", "u:b"}) + Encode({"EXISTS", "u:a"}));
        const auto replies = client.Read(5);
        if (!sent || replies.size() != 5 || replies[0].front() != '$' || replies[2].front() != ':' ||
            replies[3].front() != '*' || replies[4].front() != ':')
          ++errors;
        ++rounds;
      }
    });
  }
  ASSERT_TRUE(Eventually([&] { return rounds > 200; }));
  for (int i = 0; i < 3; ++i) {
    Kill();
    const int then = rounds;
    EXPECT_TRUE(Eventually([&] { return rounds > then + 200; }));
    ASSERT_TRUE(redis_.Start());
    ASSERT_TRUE(IsBack());
    const int now = rounds;
    EXPECT_TRUE(Eventually([&] { return rounds > now + 200; }));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(errors, 0);
}

TEST_P(Offline, AttemptsToReconnectStayFewAndRedisIsBackWithinASecond) {
  std::vector<RawClient> clients = Clients(12);
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i].Do({"SELECT", std::to_string(i)});
  Kill();
  const auto attempts = [&] { return gate_->Metric("herdgate_upstream_errors_total{reason=\"connect\""); };
  const double before = attempts();
  const auto since = Clock::now();
  for (RawClient& client : clients) client.Say({"GET", "other"});
  std::this_thread::sleep_for(milliseconds(3300));
  const double per_second = (attempts() - before) / std::chrono::duration<double>(Clock::now() - since).count();
  EXPECT_LT(per_second, 10);
  EXPECT_GT(per_second, 0);
  ASSERT_TRUE(redis_.Start());
  const auto answering = Clock::now();
  RawClient client = Client();
  EXPECT_TRUE(Eventually([&] { return client.Do({"SET", "c:a", "1"}) == "+OK\r\n"; }));
  EXPECT_LT(Clock::now() - answering, milliseconds(1000));
}

TEST_P(Offline, StartsWithoutRedis) {
  redis_.Kill();
  const Sidecar gate(redis_.Url(), {.loops = GetParam(), .timeout = milliseconds(500), .policies = kPolicies});
  ASSERT_TRUE(gate.started());
  RawClient client = gate.Client();
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "c:a"}) == "$-1\r\n"; }));
  EXPECT_EQ(client.Do({"DEL", "c:a"}), ":1\r\n");
  redis_.Start();
  EXPECT_TRUE(Eventually([&] { return client.Do({"SET", "c:a", "1"}) == "+OK\r\n"; }));
  EXPECT_EQ(redis_.Client().Do({"GET", "c:a"}), Bulk("1"));
}

TEST_P(Offline, TransactionsOtherDatabasesAndUsersAreNotDegraded) {
  RawClient other_db = Client();
  other_db.Do({"SELECT", "3"});
  RawClient client = Client();
  Kill();
  EXPECT_TRUE(other_db.Do({"GET", "c:a"}).starts_with("-ERR herdgate: upstream"));
  EXPECT_TRUE(client.Do({"MULTI"}).starts_with("-ERR herdgate: upstream"));
  EXPECT_TRUE(client.Do({"EVAL", "return redis.call('GET', KEYS[1])", "1", "c:a"}).starts_with("-ERR herdgate: "));
}

TEST_P(Offline, StoreInMemoryServesReadsAndWritesAndIsThrownAway) {
  std::vector<RawClient> clients = Clients(3);
  ASSERT_EQ(clients[0].Do({"MSET", "m:a", "old", "m:b", "old", "m:c", "old"}), "+OK\r\n");
  Kill();
  EXPECT_EQ(clients[0].Do({"GET", "m:a"}), "$-1\r\n");
  EXPECT_EQ(clients[0].Do({"SET", "m:a", "new", "EX", "100"}), "+OK\r\n");
  EXPECT_EQ(clients[1].Do({"INCR", "m:b"}), ":1\r\n");
  for (RawClient& client : clients) EXPECT_EQ(client.Do({"MGET", "m:a", "m:b"}), "*2\r\n$3\r\nnew\r\n$1\r\n1\r\n");
  EXPECT_EQ(clients[2].Do({"TTL", "m:a"}), ":100\r\n");
  EXPECT_EQ(clients[2].Do({"DEL", "m:b"}), ":1\r\n");
  EXPECT_EQ(clients[2].Do({"HGETALL", "m:h"}), "*0\r\n");  // the store has no hashes
  redis_.Start();
  ASSERT_TRUE(IsBack());
  for (RawClient& client : clients)
    EXPECT_EQ(client.Do({"MGET", "m:a", "m:b", "m:c"}), "*3\r\n$-1\r\n$-1\r\n$3\r\nold\r\n");
  Kill();
  for (RawClient& client : clients) EXPECT_EQ(client.Do({"GET", "m:a"}), "$-1\r\n");
}

HERDGATE_WITH_LOOPS(Offline);

// The generations that a policy with too many deletes begins.
TEST(OfflineOverflow, TooManyDeletesBecomeANewGeneration) {
  if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  RedisProcess redis({"--appendonly", "yes", "--appendfsync", "always"});
  Sidecar gate(redis.Url(), {.loops = 2, .max_deletes = 100, .policies = R"(
policies:
  - {name: many, match: ["g:*"], version: {generation: true}, offline: {reads: miss}}
  - {name: few, match: ["f:*"], offline: {reads: miss}}
)"});
  RawClient client = gate.Client();
  ASSERT_EQ(client.Do({"SET", "g:survivor", "1"}), "+OK\r\n");
  ASSERT_EQ(client.Do({"SET", "g:7", "1"}), "+OK\r\n");
  ASSERT_EQ(client.Do({"SET", "f:1", "1"}), "+OK\r\n");
  redis.Kill();
  ASSERT_TRUE(Eventually([&] { return client.Do({"GET", "g:7"}) == "$-1\r\n"; }));
  ASSERT_EQ(client.Do({"DEL", "f:1"}), ":1\r\n");
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.Do({"DEL", "g:" + std::to_string(i)}), ":1\r\n");
  std::string last;
  for (int i = 0; i < 150 && !last.starts_with("-"); ++i) last = client.Do({"DEL", "f:" + std::to_string(i)});
  EXPECT_TRUE(last.starts_with("-ERR herdgate: too many deletes")) << last;
  ASSERT_TRUE(redis.Start());
  ASSERT_TRUE(gate.MetricBecomes("herdgate_upstream_breaker_state{state=\"closed\"", 1));
  EXPECT_EQ(client.Do({"GET", "g:7"}), "$-1\r\n");
  EXPECT_EQ(client.Do({"GET", "g:survivor"}), "$-1\r\n");
  EXPECT_EQ(client.Do({"GET", "f:1"}), "$-1\r\n");
  EXPECT_EQ(client.Do({"SET", "g:7", "2"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "g:7"}), Bulk("2"));
}

}  // namespace
}  // namespace herdgate::integration
