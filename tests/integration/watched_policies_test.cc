// Policies without a near cache beside policies with one: their look-ups are counted, and Redis answers each of them.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

constexpr const char* kPlain = "policies: [{name: plain, match: ['p:*']}]\n";
constexpr const char* kBoth = R"(policies:
  - {name: plain, match: ["p:*"]}
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 30s}}
)";
constexpr const char* kNearToo = R"(policies:
  - {name: plain, match: ["p:*"], near: {enabled: true, max_ttl: 30s}}
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 30s}}
)";

class WatchedPolicies : public SidecarTest {
 protected:
  void Enforce(const std::string& policies) { Restart({.loops = GetParam(), .policies = policies}); }
  bool NearWorks() { return Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1); }
  bool Counted(const std::string& outcome, const std::string& policy, double value) {
    return Gate().MetricBecomes("herdgate_lookups_total{outcome=\"" + outcome + "\",policy=\"" + policy + "\"", value);
  }
  static double Gets() {
    const std::string stats = Text(Direct().Do({"INFO", "commandstats"}));
    const std::string name = "cmdstat_get:calls=";
    const auto at = stats.find(name);
    return at == std::string::npos ? 0 : std::stod(stats.substr(at + name.size()));
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

TEST_P(WatchedPolicies, EachKeyLookedUpCountsOnceWithoutANearCache) {
  Enforce(kPlain);
  RawClient client = Client();
  client.Do({"MSET", "p:a", "1", "p:b", "2"});
  const double before = Gets();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.Do({"GET", "p:a"}), Bulk("1"));
  EXPECT_EQ(client.Do({"GET", "p:none"}), "$-1\r\n");
  EXPECT_EQ(Gets() - before, 41);
  EXPECT_EQ(client.Do({"MGET", "p:b", "p:none", "p:a"}), "*3\r\n$1\r\n2\r\n$-1\r\n$1\r\n1\r\n");
  EXPECT_EQ(client.Do({"MGET", "p:a", "other"}), "*2\r\n$1\r\n1\r\n$-1\r\n") << "a key of no policy: no look-up";
  EXPECT_EQ(client.Do({"EVAL", "return redis.call('GET', 'p:a')", "0"}), Bulk("1"));
  EXPECT_EQ(client.Do({"FLUSHALL"}), "+OK\r\n");
  EXPECT_TRUE(Counted("hit", "plain", 42));
  EXPECT_TRUE(Counted("plain_miss", "plain", 2));
  EXPECT_EQ(Gate().Metric("herdgate_lookups_total{"), 44);
}

TEST_P(WatchedPolicies, RedisAnswersWhatHasNoNearCacheBesideWhatHas) {
  Enforce(kBoth);
  ASSERT_TRUE(NearWorks());
  RawClient client = Client();
  client.Do({"MSET", "p:a", "1", "n:a", "2"});
  ASSERT_TRUE(Warm(client, "n:a"));
  const double before = Gets();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.Do({"GET", "p:a"}), Bulk("1"));
  EXPECT_EQ(Gets() - before, 40);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.Do({"MGET", "p:a", "n:a"}), "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  EXPECT_TRUE(Counted("hit", "plain", 80));
  EXPECT_TRUE(Counted("near_hit", "plain", 0));
}

TEST_P(WatchedPolicies, WhatIsHereIsNotAnsweredOnceItsPolicyHasNoNearCache) {
  Enforce(kNearToo);
  ASSERT_TRUE(NearWorks());
  RawClient client = Client();
  client.Do({"MSET", "p:a", "1", "n:a", "2"});
  ASSERT_TRUE(Warm(client, "p:a"));
  ASSERT_TRUE(Warm(client, "n:a"));
  Gate().Reload(kBoth);
  ASSERT_TRUE(Eventually([&] {
    const double before = Gets();
    client.Do({"GET", "p:a"});
    return Gets() > before;
  }));
  for (const Words& read : {Words{"GET", "p:a"}, Words{"STRLEN", "p:a"}, Words{"MGET", "n:a", "p:a"}}) {
    client.Do({"CONFIG", "RESETSTAT"});
    for (int i = 0; i < 3; ++i) client.Do(read);
    const std::string stats = Text(Direct().Do({"INFO", "commandstats"}));
    std::string name = read[0];
    for (char& c : name) c = static_cast<char>(c | 0x20);
    EXPECT_NE(stats.find("cmdstat_" + name + ":calls=3,"), std::string::npos) << read[0] << "\n" << stats;
  }
  EXPECT_EQ(client.Do({"SET", "p:a", "new"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "p:a"}), Bulk("new"));
}

HERDGATE_WITH_LOOPS(WatchedPolicies);

}  // namespace
}  // namespace herdgate::integration
