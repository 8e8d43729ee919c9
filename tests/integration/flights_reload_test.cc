// A reload in the middle of a flight: reads that wait were begun under policies that are no more.
#include <array>
#include <atomic>
#include <sstream>
#include <thread>

#include "sidecar/base/random.h"
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

constexpr const char* kNil = "$-1\r\n";
// The policy of pages stands behind others: its index says nothing once they are gone.
constexpr const char* kPages = R"(
policies:
  - {name: a, match: ["a:*"]}
  - {name: b, match: ["b:*"]}
  - name: pages
    match: ["page:*"]
    near: {enabled: true, max_ttl: 5s}
    stampede: {coalesce: on, max_wait: 300ms, lease: 10s, on_timeout: stale, stale_while_revalidate: 10s}
)";
constexpr const char* kNone = "policies: []\n";
constexpr const char* kSessionsFirst = R"(
policies:
  - {name: sessions, match: ["session:*"], stampede: {coalesce: off}}
  - {name: others, match: ["other:*"], stampede: {coalesce: on, max_wait: 300ms, grace: shadow, stale_while_revalidate: 10s}}
)";
constexpr const char* kEverythingRefreshed = R"(
policies:
  - name: all
    match: ["*"]
    version: {schema: 7}
    ttl: {missing: apply, default: 1s}
    near: {enabled: true, max_ttl: 1s}
    refresh: {mode: synthetic, beta: 2}
    stampede: {coalesce: on, max_wait: 100ms, grace: shadow, stale_while_revalidate: 5s}
)";

class FlightsReload : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kPages});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_flight_leases", 1));
  }
  void Wait(RawClient& leader, RawClient& waiter) {
    ASSERT_EQ(leader.Do({"GET", "page:1"}), kNil);
    waiter.Send(Encode({"GET", "page:1"}));
    ASSERT_TRUE(Eventually([&] { return Gate().Metric("herdgate_flight_waiters") == 1; }));
  }
};

TEST_P(FlightsReload, WaiterWhosePolicyIsGoneIsAnsweredAfterItsTime) {
  RawClient leader = Client();
  RawClient waiter = Client();
  Wait(leader, waiter);
  Gate().Reload(kNone);
  EXPECT_EQ(waiter.Read(), kNil);
  EXPECT_EQ(leader.Do({"PING"}), "+PONG\r\n");
}

TEST_P(FlightsReload, WaiterWhosePolicyIsGoneGetsTheValue) {
  RawClient leader = Client();
  RawClient waiter = Client();
  Wait(leader, waiter);
  Gate().Reload(kSessionsFirst);
  EXPECT_EQ(leader.Do({"SET", "page:1", "v"}), "+OK\r\n");
  const std::string reply = waiter.Read();
  EXPECT_TRUE(reply == Bulk("v") || reply == kNil) << reply;
}

TEST_P(FlightsReload, WaiterThatEndsAfterItsPolicyIsGoneLeavesNothing) {
  RawClient leader = Client();
  {
    RawClient waiter = Client();
    Wait(leader, waiter);
    Gate().Reload(kNone);
  }
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_flight_waiters", 0));
  EXPECT_EQ(leader.Do({"PING"}), "+PONG\r\n");
}

// Replies, fills, shadows and waits are under way at each of many reloads. Every request has one reply, of its own key.
TEST_P(FlightsReload, RepliesAreInOrderThroughManyReloads) {
  constexpr std::array<const char*, 4> kSets = {kPages, kNone, kSessionsFirst, kEverythingRefreshed};
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> apps;
  for (unsigned id = 0; id < 8; ++id) {
    apps.emplace_back([&, id] {
      base::Random random(id);
      RawClient client = Client();
      while (!stop && wrong == 0) {
        std::vector<std::string> keys;
        std::string packet;
        for (std::uint64_t n = random.Below(4); keys.size() <= n;) {
          const std::array<const char*, 3> families = {"page:", "session:", "other:"};
          keys.push_back(families[random.Below(3)] + std::to_string(random.Below(5)));
          packet += Encode({"GET", keys.back()});
        }
        client.Send(packet);
        for (const std::string& key : keys) {
          const std::string reply = client.Read();
          if (reply != kNil && reply != Bulk("of " + key)) ++wrong;
          if (reply == kNil && client.connected() && keys.size() == 1 &&
              client.Do({"SET", key, "of " + key, "PX", "50"}) != "+OK\r\n")
            ++wrong;
        }
      }
    });
  }
  base::Random random(GetParam());
  for (int reload = 0; reload < 60 && wrong == 0; ++reload) {
    Gate().Reload(kSets[random.Below(kSets.size())]);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random.Below(40)));
  }
  stop = true;
  for (std::thread& app : apps) app.join();
  EXPECT_EQ(wrong, 0);
}

// Their order and their rules change, so replies under way belong to a policy with another index.
TEST_P(FlightsReload, EachLookupIsCountedOnceForItsPolicyThroughManyReloads) {
  constexpr std::array<const char*, 3> kSets = {
      R"(policies: [{name: p, match: ["p:*"], stampede: {coalesce: on, max_wait: 50ms}}, {name: q, match: ["q:*"], near: {enabled: true}}])",
      R"(policies: [{name: q, match: ["q:*"], stampede: {coalesce: on, max_wait: 50ms}}, {name: p, match: ["p:*"], near: {enabled: true}}])",
      R"(policies: [{name: x, match: ["x:*"]}, {name: q, match: ["q:*"], version: {schema: 2}}, {name: p, match: ["p:*"]}])"};
  Restart({.loops = GetParam(), .policies = kSets[0]});
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> asked_p = 0;
  std::atomic<std::uint64_t> asked_q = 0;
  std::vector<std::thread> apps;
  for (unsigned id = 0; id < 6; ++id) {
    apps.emplace_back([&, id] {
      base::Random random(id);
      RawClient client = Client();
      while (!stop) {
        const std::uint64_t count = 1 + random.Below(6);
        std::string packet;
        for (std::uint64_t n = 0; n < count; ++n) {
          const bool p = random.Below(2) == 0;
          ++(p ? asked_p : asked_q);
          packet += Encode({"GET", (p ? "p:" : "q:") + std::to_string(random.Below(8))});
        }
        client.Send(packet);
        for (const std::string& reply : client.Read(static_cast<int>(count))) ASSERT_TRUE(reply.starts_with('$'));
        const std::string key = (random.Below(2) == 0 ? "p:" : "q:") + std::to_string(random.Below(8));
        ASSERT_EQ(client.Do({"SET", key, "v", "PX", "30"}), "+OK\r\n");
      }
    });
  }
  base::Random random(GetParam());
  for (int reload = 0; reload < 50; ++reload) {
    Gate().Reload(kSets[random.Below(kSets.size())]);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random.Below(30)));
  }
  stop = true;
  for (std::thread& app : apps) app.join();
  const auto counted = [&](const std::string& policy) {
    std::istringstream body(Gate().Get("/metrics").body);
    double sum = 0;
    for (std::string line; std::getline(body, line);) {
      const bool is_it = line.starts_with("herdgate_lookups_total{") && line.find("\"" + policy + "\"") != line.npos;
      if (is_it) sum += std::stod(line.substr(line.rfind(' ')));
    }
    return sum;
  };
  EXPECT_TRUE(Eventually([&] { return counted("p") == static_cast<double>(asked_p); }))
      << counted("p") << " of " << asked_p;
  EXPECT_TRUE(Eventually([&] { return counted("q") == static_cast<double>(asked_q); }))
      << counted("q") << " of " << asked_q;
}

HERDGATE_WITH_LOOPS(FlightsReload);

}  // namespace
}  // namespace herdgate::integration
