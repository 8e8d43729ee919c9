// What the near cache keeps of keys that have expired.
#include <thread>

#include "tests/integration/support/near_fixture.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

class NearGrace : public Near {};

TEST_P(NearGrace, ValueOfAKeyThatExpiresIsKeptAndNoNilTakesItsPlace) {
  RawClient client = Client();
  const std::string kept = "herdgate_near_kept_total";
  const std::string nil = "herdgate_lookups_total{outcome=\"negative_hit\"";
  // Once in some tens of times Redis happens to expire the key within the milliseconds of doubt.
  milliseconds ttl(300);
  for (int i = 0; i < 12 && Gate().Metric(kept) == 0; ++i, ttl = ttl * 3 / 2) {
    const std::string key = "n:" + std::to_string(i);
    client.Do({"SET", key, "v", "PX", std::to_string(ttl.count())});
    if (!Warm(client, key)) continue;
    const double negative = Gate().Metric(nil);
    std::this_thread::sleep_for(ttl + milliseconds(50));
    const auto expired = std::chrono::steady_clock::now();
    Direct().Do({"EXISTS", key});
    Eventually([&] { return Gate().Metric(kept) > 0; }, milliseconds(500));
    for (int read = 0; read < 50; ++read) ASSERT_EQ(client.Do({"GET", key}), "$-1\r\n");
    const bool in_grace = std::chrono::steady_clock::now() < expired + std::chrono::seconds(8);
    if (in_grace && Gate().Metric(kept) > 0) {
      EXPECT_EQ(Gate().Metric(nil), negative);
    }
  }
  EXPECT_GT(Gate().Metric(kept), 0);
}

TEST_P(NearGrace, ValueOfAKeyThatIsDeletedBeforeItExpiresIsNotKept) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v", "PX", "60000"});
  ASSERT_TRUE(Warm(client, "n:a"));
  Direct().Do({"DEL", "n:a"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_near_evictions_total{reason=\"invalidated\"", 1));
  EXPECT_EQ(Gate().Metric("herdgate_near_kept_total"), 0);
}

// Keeps values of expired keys, and answers them while one caller computes.
class NearStale : public Near {
 protected:
  void SetUp() override {
    Near::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 30s}, stampede: {coalesce: on, max_wait: 50ms, lease: 10s}}
)"});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_flight_leases", 1));
  }
  double Kept() { return Gate().Metric("herdgate_near_kept_total"); }
  // Once in some tens of times Redis happens to expire the key within the milliseconds of doubt. "" if always.
  std::string KeyThatExpiredHere(RawClient& client) {
    milliseconds ttl(300);
    for (int i = 0; i < 12; ++i, ttl = ttl * 3 / 2) {
      const std::string key = "n:" + std::to_string(i);
      client.Do({"SET", key, "old", "PX", std::to_string(ttl.count())});
      if (!Warm(client, key)) continue;
      const double before = Kept();
      std::this_thread::sleep_for(ttl + milliseconds(50));
      Direct().Do({"EXISTS", key});
      if (Eventually([&] { return Kept() > before; }, milliseconds(500))) return key;
    }
    return "";
  }
};

TEST_P(NearStale, OldValueIsAnsweredWhileOneCallerComputes) {
  RawClient leader = Client();
  const std::string key = KeyThatExpiredHere(leader);
  ASSERT_NE(key, "");
  ASSERT_EQ(leader.Do({"GET", key}), "$-1\r\n");
  EXPECT_EQ(Client().Do({"GET", key}), Bulk("old"));
  ASSERT_EQ(leader.Do({"SET", key, "new"}), "+OK\r\n");
  EXPECT_EQ(Client().Do({"GET", key}), Bulk("new"));
}

TEST_P(NearStale, OldValueIsGoneOnceAnotherWasWrittenElsewhere) {
  RawClient leader = Client();
  const std::string key = KeyThatExpiredHere(leader);
  ASSERT_NE(key, "");
  const double gone = Gate().Metric("herdgate_near_evictions_total");
  // It is read once more, so that this is heard of.
  std::this_thread::sleep_for(milliseconds(20));
  Direct().Do({"SET", key, "newer"});
  Direct().Do({"DEL", key});
  ASSERT_TRUE(Eventually([&] { return Gate().Metric("herdgate_near_evictions_total") > gone; }));
  ASSERT_EQ(leader.Do({"GET", key}), "$-1\r\n");
  EXPECT_EQ(Client().Do({"GET", key}), "$-1\r\n") << "deleted, not expired";
}

// The near hit is there first, and waits behind the read that found nothing.
TEST_P(NearStale, NearHitPipelinedBehindAMissIsAnsweredInTurn) {
  RawClient client = Client();
  client.Do({"SET", "n:hot", "v", "PX", "60000"});
  ASSERT_TRUE(Warm(client, "n:hot"));
  for (int i = 0; i < 20; ++i) {
    const std::string cold = "n:cold" + std::to_string(i);
    client.Send(Encode({"GET", cold}) + Encode({"GET", "n:hot"}));
    EXPECT_EQ(client.Read(), "$-1\r\n");
    ASSERT_EQ(client.Read(), Bulk("v"));
    EXPECT_EQ(client.Do({"SET", cold, "v"}), "+OK\r\n");
  }
}

HERDGATE_WITH_LOOPS(NearGrace);
HERDGATE_WITH_LOOPS(NearStale);

}  // namespace
}  // namespace herdgate::integration
