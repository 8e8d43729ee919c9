// An app with fewer connections than callers: those that wait hold all connections, and the SET stands in line.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

constexpr const char* kNil = "$-1\r\n";
constexpr const char* kPolicies = R"(
policies:
  - {name: pages, match: ["*"], stampede: {coalesce: on, max_wait: 100ms, lease: 10s}}
)";

class FlightsPools : public SidecarTest {
 protected:
  static constexpr std::size_t kConnections = 4;

  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kPolicies});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_flight_leases", 1));
  }
  // New connections, of which nothing is known, and none but those.
  void Connect() {
    clients_.clear();
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 0));
    for (std::size_t i = 0; i < kConnections; ++i) clients_.push_back(Client());
  }
  // One computes, and gives its connection to others, who wait on all; the SET goes over the first that is free again.
  void Expire() {
    Connect();
    ASSERT_EQ(clients_[0].Do({"GET", "k"}), kNil);
    // The first to wait is the first to be let go: not the leader's connection, which is known to owe a SET.
    RawClient& first = clients_[1];
    first.Send(Encode({"GET", "k"}));
    ASSERT_TRUE(Eventually([&] { return Gate().Metric("herdgate_flight_waiters") > 0 || !first.Peek().empty(); }));
    for (RawClient& client : clients_) {
      if (&client != &first) client.Send(Encode({"GET", "k"}));
    }
    RawClient* free = nullptr;
    ASSERT_TRUE(Eventually([&] {
      for (RawClient& client : clients_) {
        if (!client.Peek().empty()) free = &client;
      }
      return free != nullptr;
    }));
    free->Send(Encode({"SET", "k", "v"}));
    for (RawClient& client : clients_) {
      const std::string reply = client.Read();
      EXPECT_TRUE(reply == kNil || reply == Bulk("v")) << reply;
    }
    EXPECT_EQ(free->Read(), "+OK\r\n");
    EXPECT_EQ(Direct().Do({"DEL", "k"}), ":1\r\n");
  }

  std::vector<RawClient> clients_;
};

TEST_P(FlightsPools, AfterSetsThatStoodInLineAQuarterOfTheConnectionsNeverWaits) {
  // On a busy machine this test may be too slow for a SET to come at once.
  for (int round = 0; round < 15 && Gate().Metric("herdgate_flight_sets_held_up_total") < 2; ++round) Expire();
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_flight_pool_small", 1));
  for (int round = 0; round < 15 && Gate().Metric("herdgate_flight_pool_misses_total") == 0; ++round) Expire();
  EXPECT_GT(Gate().Metric("herdgate_flight_pool_misses_total"), 0);
}

TEST_P(FlightsPools, CallersWithConnectionsOfTheirOwnAllWait) {
  Connect();
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(clients_[0].Do({"GET", "k"}), kNil);
    for (std::size_t i = 1; i < kConnections; ++i) clients_[i].Send(Encode({"GET", "k"}));
    ASSERT_EQ(clients_[0].Do({"SET", "k", "v"}), "+OK\r\n");
    for (std::size_t i = 1; i < kConnections; ++i) (void)clients_[i].Read();
    EXPECT_EQ(Direct().Do({"DEL", "k"}), ":1\r\n");
  }
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_flight_sets_total{kind=\"fill\"}", 3));
  EXPECT_EQ(Gate().Metric("herdgate_flight_sets_held_up_total"), 0);
}

HERDGATE_WITH_LOOPS(FlightsPools);

}  // namespace
}  // namespace herdgate::integration
