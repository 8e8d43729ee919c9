// The estimated hit ratios of a running sidecar: that what happens on the data path is told to them, and counted once.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

constexpr const char* kPolicies = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 60s}, stampede: {coalesce: off}}
  - {name: cache, match: ["c:*"], stampede: {coalesce: on, max_wait: 1ms}}
  - {name: versioned, match: ["v:*"], version: {schema: 3}, near: {enabled: true, max_ttl: 60s}}
  - {name: blind, match: ["b:*"], what_if: false, near: {enabled: true}}
)";

// A value may be published while a GET of its key is on its way: that one was no hit, and is not estimated as a miss.
constexpr double kOvertaken = 1;

class WhatIf : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kPolicies});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  }
  static std::string Of(const std::string& family, const std::string& policy, const std::string& more = "") {
    return "herdgate_what_if_" + family + "_total{policy=\"" + policy + "\"" + more;
  }
  bool LookupsBecome(const std::string& policy, double count) {
    return Gate().MetricBecomes(Of("lookups", policy), count);
  }
  double SizeMisses(const std::string& policy) { return Gate().Metric(Of("size_misses", policy, ",size=\"1x\"")); }
  double TtlMisses(const std::string& policy, const std::string& ttl) {
    return Gate().Metric(Of("ttl_misses", policy, ",ttl=\"" + ttl + "\""));
  }
  double NearHits(const std::string& policy) {
    return Gate().Metric("herdgate_lookups_total{outcome=\"near_hit\",policy=\"" + policy + "\"");
  }
};

TEST_P(WhatIf, ANearCacheOfItsSizeMissesWhatTheRealOneDoes) {
  for (const std::string policy : {"near", "versioned"}) {
    RawClient client = Client();
    const std::string key = policy.substr(0, 1) + ":a";
    client.Do({"SET", key, "value"});
    double lookups = 0;
    ASSERT_TRUE(Eventually([&] {
      ++lookups;
      client.Do({"GET", key});
      return NearHits(policy) > 0;
    }));
    for (int i = 0; i < 50; ++i) client.Do({"GET", key});
    ASSERT_TRUE(LookupsBecome(policy, lookups + 50)) << policy;
    EXPECT_NEAR(SizeMisses(policy), lookups + 50 - NearHits(policy), kOvertaken) << policy;
  }
}

TEST_P(WhatIf, EachKeyOfAnMgetIsALookup) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "1", "n:b", "2"});
  double lookups = 0;
  ASSERT_TRUE(Eventually([&] {
    ++lookups;
    client.Do({"GET", "n:a"});
    return NearHits("near") > 0;
  }));
  client.Do({"MGET", "n:a", "n:b", "n:c"});
  ASSERT_TRUE(LookupsBecome("near", lookups + 3));
  EXPECT_NEAR(SizeMisses("near"), lookups + 3 - NearHits("near"), kOvertaken);
}

TEST_P(WhatIf, AWriteEndsWhatIsKeptInAllSizes) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "1"});
  double lookups = 0;
  const auto get = [&] {
    ++lookups;
    client.Do({"GET", "n:a"});
  };
  ASSERT_TRUE(Eventually([&] {
    get();
    return NearHits("near") > 0;
  }));
  ASSERT_TRUE(LookupsBecome("near", lookups));
  const double before = SizeMisses("near");
  Direct().Do({"SET", "n:a", "2"});
  ASSERT_TRUE(Eventually([&] {
    ++lookups;
    return client.Do({"GET", "n:a"}) == Bulk("2");
  }));
  ASSERT_TRUE(LookupsBecome("near", lookups));
  EXPECT_GT(SizeMisses("near"), before);
}

TEST_P(WhatIf, LivesOfAllLengthsMissWhatNobodySets) {
  RawClient client = Client();
  for (int i = 0; i < 6; ++i) client.Do({"GET", "c:none"});
  ASSERT_TRUE(LookupsBecome("cache", 6));
  for (const char* ttl : {"1/4x", "1x", "4x"}) EXPECT_EQ(TtlMisses("cache", ttl), 6) << ttl;
}

TEST_P(WhatIf, LongerLivesFindWhatHasExpired) {
  RawClient client = Client();
  client.Do({"GET", "c:a"});
  client.Do({"SET", "c:a", "v", "PX", "3000"});
  client.Do({"GET", "c:a"});
  ASSERT_TRUE(Eventually([] { return Direct().Do({"EXISTS", "c:a"}) == ":0\r\n"; }));
  client.Do({"GET", "c:a"});
  ASSERT_TRUE(LookupsBecome("cache", 3));
  EXPECT_EQ(TtlMisses("cache", "1x"), 2);
  EXPECT_EQ(TtlMisses("cache", "4x"), 1);
}

TEST_P(WhatIf, ADeletedKeyIsGoneHoweverLongItLives) {
  RawClient client = Client();
  client.Do({"GET", "c:a"});
  client.Do({"SET", "c:a", "v", "EX", "100"});
  client.Do({"DEL", "c:a"});
  client.Do({"GET", "c:a"});
  ASSERT_TRUE(LookupsBecome("cache", 2));
  EXPECT_EQ(TtlMisses("cache", "4x"), 2);
}

TEST_P(WhatIf, APolicyMayGoWithout) {
  RawClient client = Client();
  client.Do({"GET", "b:a"});
  client.Do({"GET", "n:a"});
  ASSERT_TRUE(LookupsBecome("near", 1));
  const std::string page = Gate().Get("/metrics").body;
  EXPECT_EQ(page.find(Of("lookups", "blind")), std::string::npos);
  EXPECT_EQ(page.find(Of("ttl_misses", "near")), std::string::npos) << "nothing is learned of its writes";
  EXPECT_EQ(page.find(Of("size_misses", "cache")), std::string::npos) << "it is not near";
}

HERDGATE_WITH_LOOPS(WhatIf);

}  // namespace
}  // namespace herdgate::integration
