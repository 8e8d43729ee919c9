// Flights on the data path: who is answered nil and computes, who waits, and what wakes them.
#include <optional>
#include <thread>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

constexpr const char* kNil = "$-1\r\n";

// Long enough that no test ends by it, unless that is what it tests.
constexpr const char* kFlights = R"(
policies:
  - {name: hot, match: ["f:*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s}}
  - {name: versioned, match: ["v:*"], version: {schema: 3, generation: true}, stampede: {coalesce: on, max_wait: 8s, lease: 10s}}
  - {name: brief, match: ["b:*"], stampede: {coalesce: on, max_wait: 60ms, lease: 10s}}
  - {name: strict, match: ["e:*"], stampede: {coalesce: on, max_wait: 60ms, lease: 10s, on_timeout: error}}
  - {name: learns, match: ["l:*"], stampede: {coalesce: auto, max_wait: 8s}}
  - {name: plain, match: ["p:*"], stampede: {coalesce: off}}
  - {name: early, match: ["r:*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s}, refresh: {mode: synthetic, beta: 10}}
  - {name: drops, match: ["d:*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s, stale_set: drop}}
)";

class Flights : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kFlights});
    ASSERT_TRUE(LeasesAreThere(Gate()));
  }
  static bool LeasesAreThere(Sidecar& gate) {
    return gate.MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1) &&
           gate.MetricBecomes("herdgate_flight_leases", 1);
  }
  double Waiting() { return Gate().Metric("herdgate_flight_waiters"); }
  bool WaitingBecomes(double count) { return Gate().MetricBecomes("herdgate_flight_waiters", count); }
  double Outcomes(const std::string& outcome) {
    return Gate().Metric("herdgate_lookups_total{outcome=\"" + outcome + "\"");
  }
  static bool IsLeased() { return Direct().Do({"KEYS", "__herdgate:lease:*"}) != "*0\r\n"; }
  static void EndLeases() {
    Direct().Do({"EVAL",
                 "for _, k in ipairs(redis.call('KEYS', '__herdgate:lease:*')) do redis.call('PEXPIRE', k, 1) end",
                 "0"});
  }
  // Computes the key in some tens of milliseconds and reads it by all clients in turn, until one of them is told nil
  // though it is there; which one.
  static std::optional<std::size_t> ReadUntilSynthetic(const Sidecar& gate, std::vector<RawClient>& clients,
                                                       const std::string& key) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (std::size_t i = 0; std::chrono::steady_clock::now() < end; i = (i + 1) % clients.size()) {
      if (clients[i].Do({"GET", key}) != kNil) continue;
      if (gate.Metric("herdgate_lookups_total{outcome=\"synthetic_miss\"") > 0) return i;
      std::this_thread::sleep_for(milliseconds(40));
      clients[i].Do({"SET", key, "old", "PX", "3000"});
    }
    return std::nullopt;
  }
  // `count` clients that ask for the key and wait.
  std::vector<RawClient> Waiters(std::size_t count, const std::string& key) {
    const double before = Waiting();
    std::vector<RawClient> waiters = Clients(count);
    for (RawClient& client : waiters) client.Say({"GET", key});
    EXPECT_TRUE(WaitingBecomes(before + static_cast<double>(count)));
    return waiters;
  }
};

TEST_P(Flights, OneCallerComputesAndTheOthersGetItsValue) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(8, "f:a");
  ASSERT_EQ(leader.Do({"SET", "f:a", "value", "EX", "100"}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
  EXPECT_EQ(Outcomes("waited"), 8);
  EXPECT_EQ(Outcomes("miss"), 1);
  EXPECT_TRUE(WaitingBecomes(0));
  EXPECT_TRUE(Eventually([] { return !IsLeased(); }));
}

TEST_P(Flights, VersionedKeysHaveFlightsToo) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "v:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(3, "v:a");
  ASSERT_EQ(leader.Do({"SETEX", "v:a", "100", "value"}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
}

TEST_P(Flights, BinaryValueOfAnySizeReachesTheWaiters) {
  std::string value(300000, 'x');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 31);
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(3, "f:a");
  ASSERT_EQ(leader.Do({"SET", "f:a", value}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk(value));
}

TEST_P(Flights, ValueTooLargeToBeHeldIsReadByTheWaiters) {
  const std::string value(std::size_t{3} << 20U, 'y');
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "b:a"}), kNil);
  RawClient waiter = Client();
  waiter.Say({"GET", "b:a"});
  ASSERT_EQ(leader.Do({"SET", "b:a", value}), "+OK\r\n");
  const std::string reply = waiter.Read();
  EXPECT_TRUE(reply == Bulk(value) || reply == kNil) << reply.size();
}

TEST_P(Flights, ValueSetByAnotherPodReachesTheWaiters) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(3, "f:a");
  Direct().Do({"SET", "f:a", "from elsewhere"});
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("from elsewhere"));
}

TEST_P(Flights, LeaderOfAnotherPodIsWaitedFor) {
  Sidecar other(Redis().Url(), {.loops = GetParam(), .policies = kFlights});
  ASSERT_TRUE(LeasesAreThere(other));
  RawClient leader = other.Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(4, "f:a");
  ASSERT_EQ(leader.Do({"SET", "f:a", "value"}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
  EXPECT_EQ(Outcomes("waited"), 4);
  EXPECT_EQ(Outcomes("miss"), 0);
}

TEST_P(Flights, OldestWaiterComputesWhereTheLeaderIsGone) {
  std::optional<RawClient> leader(Client());
  ASSERT_EQ(leader->Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(1, "f:a");
  std::vector<RawClient> later = Waiters(2, "f:a");
  leader.reset();
  ASSERT_EQ(waiters[0].Read(), kNil);
  ASSERT_EQ(waiters[0].Do({"SET", "f:a", "second"}), "+OK\r\n");
  for (RawClient& client : later) EXPECT_EQ(client.Read(), Bulk("second"));
  EXPECT_EQ(Outcomes("miss"), 2);
}

TEST_P(Flights, LeaderOfAnotherPodThatDiesIsReplacedWhenItsLeaseEnds) {
  auto other = std::make_unique<Sidecar>(Redis().Url(), Sidecar::Choices{.loops = 1, .policies = kFlights});
  ASSERT_TRUE(LeasesAreThere(*other));
  RawClient leader = other->Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(1, "f:a");
  ASSERT_TRUE(IsLeased());
  EndLeases();
  EXPECT_EQ(waiters[0].Read(), kNil);
}

TEST_P(Flights, BytesBehindAWaitingReadLetItGo) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(1, "f:a");
  EXPECT_EQ(waiters[0].Do({"PING"}), kNil);
  EXPECT_EQ(waiters[0].Read(), "+PONG\r\n");
  ASSERT_EQ(leader.Do({"SET", "f:a", "value"}), "+OK\r\n");
  EXPECT_EQ(waiters[0].Do({"GET", "f:a"}), Bulk("value"));
}

TEST_P(Flights, WaitingReadIsAnsweredByTheSetBehindIt) {
  RawClient client = Client();
  ASSERT_EQ(client.Do({"GET", "f:a"}), kNil);
  client.Say({"GET", "f:a"});
  ASSERT_TRUE(WaitingBecomes(1));
  client.Say({"SET", "f:a", "value"});
  EXPECT_EQ(client.Read(), Bulk("value"));
  EXPECT_EQ(client.Read(), "+OK\r\n");
}

TEST_P(Flights, PipelinedReadsNeverWait) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  RawClient client = Client();
  client.Send(Encode({"GET", "f:a"}) + Encode({"GET", "f:b"}) + Encode({"ECHO", "end"}));
  EXPECT_EQ(client.Read(), kNil);
  EXPECT_EQ(client.Read(), kNil);
  EXPECT_EQ(client.Read(), Bulk("end"));
}

TEST_P(Flights, MgetNeverWaits) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  EXPECT_EQ(Client().Do({"MGET", "f:a", "f:b"}), "*2\r\n$-1\r\n$-1\r\n");
}

TEST_P(Flights, MgetThatFoundNothingLeads) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"MGET", "f:a", "f:b"}), "*2\r\n$-1\r\n$-1\r\n");
  std::vector<RawClient> waiters = Waiters(2, "f:b");
  ASSERT_EQ(leader.Do({"SET", "f:b", "value"}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
}

TEST_P(Flights, WaitEndsAfterMaxWaitWithNil) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "b:a"}), kNil);
  RawClient waiter = Client();
  EXPECT_EQ(waiter.Do({"GET", "b:a"}), kNil);
  EXPECT_EQ(Outcomes("timeout_miss"), 1);
}

TEST_P(Flights, WaitEndsAfterMaxWaitWithAnErrorWhereThePolicySaysSo) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "e:a"}), kNil);
  EXPECT_TRUE(Client().Do({"GET", "e:a"}).starts_with("-ERR herdgate: the value of this key is being computed"));
}

TEST_P(Flights, KeysOfOtherPoliciesDoNotWait) {
  RawClient first = Client();
  ASSERT_EQ(first.Do({"GET", "p:a"}), kNil);
  EXPECT_EQ(Client().Do({"GET", "p:a"}), kNil);
  ASSERT_EQ(first.Do({"GET", "l:a"}), kNil);
  EXPECT_EQ(Client().Do({"GET", "l:a"}), kNil) << "nothing was learned yet";
  EXPECT_EQ(Outcomes("miss"), 0);
}

TEST_P(Flights, PolicyOfACacheIsLearned) {
  RawClient client = Client();
  for (int i = 0; i < 80; ++i) {
    const std::string key = "l:" + std::to_string(i);
    ASSERT_EQ(client.Do({"GET", key}), kNil);
    ASSERT_EQ(client.Do({"SET", key, "v", "EX", "100"}), "+OK\r\n");
  }
  ASSERT_TRUE(Eventually([&] {
    RawClient leader = Client();
    leader.Do({"GET", "l:new"});
    Client().Say({"GET", "l:new"});
    return Outcomes("miss") > 0;
  }));
}

TEST_P(Flights, SetAfterADeleteIsKeptShort) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  Client().Do({"DEL", "f:a"});
  ASSERT_EQ(leader.Do({"SET", "f:a", "too late", "EX", "100"}), "+OK\r\n");
  EXPECT_TRUE(Eventually([&] {
    const std::string ttl = Direct().Do({"PTTL", "f:a"});
    return ttl == ":-2\r\n" || std::stoll(ttl.substr(1)) <= 2000;
  }));
  EXPECT_EQ(Gate().Metric("herdgate_suspect_stale_sets_total{action=\"shortened\""), 1);
}

TEST_P(Flights, SetAfterADeleteElsewhereIsKeptShort) {
  Sidecar other(Redis().Url(), {.loops = 1, .policies = kFlights});
  ASSERT_TRUE(LeasesAreThere(other));
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  ASSERT_TRUE(IsLeased());
  other.Client().Do({"DEL", "f:a"});
  // It had no value to be deleted: what the leader hears of is the loss of its lease.
  ASSERT_TRUE(Gate().MetricBecomes("herdgate_flights_ended_total{mode=\"cold\",outcome=\"tainted\"", 1));
  ASSERT_EQ(leader.Do({"SET", "f:a", "too late"}), "+OK\r\n");
  EXPECT_TRUE(Eventually([&] {
    const std::string ttl = Direct().Do({"PTTL", "f:a"});
    return ttl == ":-2\r\n" || (ttl != ":-1\r\n" && std::stoll(ttl.substr(1)) <= 2000);
  }));
}

TEST_P(Flights, SetAfterADeleteIsDroppedWhereThePolicySaysSo) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "d:a"}), kNil);
  Client().Do({"DEL", "d:a"});
  ASSERT_EQ(leader.Do({"SET", "d:a", "too late", "EX", "100"}), "+OK\r\n");
  EXPECT_EQ(Direct().Do({"GET", "d:a"}), kNil);
}

// It may be a writer's that knows of no miss.
TEST_P(Flights, SetOfAnotherConnectionAfterADeleteIsNotDropped) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "d:a"}), kNil);
  leader.Do({"GET", "p:b"});
  Client().Do({"DEL", "d:a"});
  ASSERT_EQ(Client().Do({"SET", "d:a", "new", "EX", "100"}), "+OK\r\n");
  EXPECT_EQ(Direct().Do({"GET", "d:a"}), Bulk("new"));
}

TEST_P(Flights, BlindWriteIsStoredInFull) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  ASSERT_EQ(Client().Do({"SET", "f:a", "blind", "EX", "100"}), "+OK\r\n");
  EXPECT_EQ(Direct().Do({"GET", "f:a"}), Bulk("blind"));
  EXPECT_EQ(Direct().Do({"TTL", "f:a"}), ":100\r\n");
}

TEST_P(Flights, ReaderAfterADeleteDoesNotGetTheOlderValue) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  Client().Do({"DEL", "f:a"});
  RawClient second = Client();
  ASSERT_EQ(second.Do({"GET", "f:a"}), kNil) << "it computes anew";
  ASSERT_EQ(leader.Do({"SET", "f:a", "too late"}), "+OK\r\n");
  ASSERT_EQ(second.Do({"SET", "f:a", "in time"}), "+OK\r\n");
  EXPECT_EQ(Client().Do({"GET", "f:a"}), Bulk("in time"));
}

TEST_P(Flights, BumpOfTheGenerationTaintsWhatIsComputed) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "v:a"}), kNil);
  ASSERT_NE(Direct().Do({"GET", "__herdgate:generation:versioned"}), kNil);
  Direct().Do({"INCR", "__herdgate:generation:versioned"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_flights_ended_total{mode=\"cold\",outcome=\"tainted\"", 1));
}

TEST_P(Flights, FlushTaintsWhatIsComputed) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  Client().Do({"FLUSHALL"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_flights_ended_total{mode=\"cold\",outcome=\"tainted\"", 1));
}

TEST_P(Flights, SetInATransactionIsAFill) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(2, "f:a");
  leader.Do({"MULTI"});
  leader.Do({"SET", "f:a", "value"});
  EXPECT_EQ(leader.Do({"EXEC"}), "*1\r\n+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
}

TEST_P(Flights, SetOnAnotherConnectionOfThePoolIsTheFill) {
  RawClient first = Client();
  RawClient second = Client();
  ASSERT_EQ(first.Do({"GET", "f:a"}), kNil);
  // The pool gives it to somebody else meanwhile.
  first.Do({"GET", "p:b"});
  std::vector<RawClient> waiters = Waiters(2, "f:a");
  ASSERT_EQ(second.Do({"SET", "f:a", "value", "EX", "100"}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
  EXPECT_EQ(Direct().Do({"TTL", "f:a"}), ":100\r\n");
}

TEST_P(Flights, ReadOnTheLeadersConnectionWaits) {
  RawClient pooled = Client();
  ASSERT_EQ(pooled.Do({"GET", "f:a"}), kNil);
  pooled.Say({"GET", "f:a"});
  ASSERT_TRUE(WaitingBecomes(1));
  ASSERT_EQ(Client().Do({"SET", "f:a", "value"}), "+OK\r\n");
  EXPECT_EQ(pooled.Read(), Bulk("value"));
}

TEST_P(Flights, WaiterThatEndsLeavesNothing) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  { std::vector<RawClient> waiters = Waiters(4, "f:a"); }
  EXPECT_TRUE(WaitingBecomes(0));
  leader.Close();
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_flights", 0));
  EXPECT_TRUE(Eventually([] { return !IsLeased(); }));
}

TEST_P(Flights, OneReaderIsShownASyntheticMissWhileTheOthersKeepTheValue) {
  std::vector<RawClient> clients = Clients(3);
  const auto reader = ReadUntilSynthetic(Gate(), clients, "r:a");
  ASSERT_TRUE(reader);
  EXPECT_EQ(clients[(*reader + 1) % 3].Do({"GET", "r:a"}), Bulk("old"));
  // NX would find the old value: it is carried out as SET.
  EXPECT_EQ(clients[*reader].Do({"SET", "r:a", "new", "NX", "PX", "60000"}), "+OK\r\n");
  EXPECT_EQ(Client().Do({"GET", "r:a"}), Bulk("new"));
  EXPECT_GE(Outcomes("synthetic_miss"), 1);
}

TEST_P(Flights, EmbeddedStoreIsRefreshedToo) {
  const Sidecar gate("memory://", {.loops = GetParam(), .policies = kFlights});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(gate.Client());
  EXPECT_TRUE(ReadUntilSynthetic(gate, clients, "r:a"));
}

TEST_P(Flights, WithoutScriptsThereIsOneLeaderInThePod) {
  Direct().Do({"ACL", "SETUSER", "noscript", "on", ">secret", "~*", "&*", "+@all", "-@scripting"});
  const auto port = Redis().Url().substr(Redis().Url().rfind(':'));
  Restart("redis://noscript:secret@127.0.0.1" + port, {.loops = GetParam(), .policies = kFlights});
  ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "f:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(3, "f:a");
  ASSERT_EQ(leader.Do({"SET", "f:a", "value"}), "+OK\r\n");
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
  EXPECT_EQ(Gate().Metric("herdgate_flight_leases"), 0);
  Direct().Do({"ACL", "DELUSER", "noscript"});
}

HERDGATE_WITH_LOOPS(Flights);

}  // namespace
}  // namespace herdgate::integration
