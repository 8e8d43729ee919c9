// Flights while Redis is away: one caller of the pod computes, the others have its value though it can't be stored.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

constexpr const char* kNil = "$-1\r\n";
constexpr const char* kPolicies = R"(
policies:
  - {name: cache, match: ["c:*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s}, offline: {reads: miss}}
)";

class FlightsOffline : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    gate_ = std::make_unique<Sidecar>(
        redis_.Url(), Sidecar::Choices{.loops = GetParam(), .timeout = milliseconds(1000), .policies = kPolicies});
    ASSERT_TRUE(gate_->started());
    ASSERT_TRUE(gate_->MetricBecomes("herdgate_flight_leases", 1));
  }
  void Kill() {
    redis_.Kill();
    ASSERT_TRUE(gate_->MetricBecomes("herdgate_upstream_breaker_state{state=\"closed\"", 0));
  }
  RawClient Client() const { return gate_->Client(); }
  std::vector<RawClient> Waiters(std::size_t count, const std::string& key) const {
    std::vector<RawClient> waiters;
    for (std::size_t i = 0; i < count; ++i) waiters.push_back(Client());
    for (RawClient& client : waiters) client.Say({"GET", key});
    EXPECT_TRUE(gate_->MetricBecomes("herdgate_flight_waiters", static_cast<double>(count)));
    return waiters;
  }

  RedisProcess redis_;
  std::unique_ptr<Sidecar> gate_;
};

TEST_P(FlightsOffline, OneCallerComputesAndTheOthersGetWhatCouldNotBeStored) {
  Kill();
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "c:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(4, "c:a");
  EXPECT_TRUE(leader.Do({"SET", "c:a", "value", "EX", "100"}).starts_with("-ERR herdgate: upstream"));
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
  EXPECT_EQ(Client().Do({"GET", "c:a"}), kNil) << "it is stored nowhere";
}

TEST_P(FlightsOffline, OldestWaiterComputesWhereTheLeaderIsGone) {
  Kill();
  std::optional<RawClient> leader(Client());
  ASSERT_EQ(leader->Do({"GET", "c:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(1, "c:a");
  leader.reset();
  EXPECT_EQ(waiters[0].Read(), kNil);
}

TEST_P(FlightsOffline, WhoWaitsWhenRedisGoesAwayIsAnswered) {
  RawClient leader = Client();
  ASSERT_EQ(leader.Do({"GET", "c:a"}), kNil);
  std::vector<RawClient> waiters = Waiters(3, "c:a");
  Kill();
  EXPECT_TRUE(leader.Do({"SET", "c:a", "value"}).starts_with("-ERR herdgate: upstream"));
  for (RawClient& client : waiters) EXPECT_EQ(client.Read(), Bulk("value"));
}

HERDGATE_WITH_LOOPS(FlightsOffline);

}  // namespace
}  // namespace herdgate::integration
