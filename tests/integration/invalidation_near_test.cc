// Invalidations and near caches: of the sidecar that is asked, and of another on the same Redis.
#include <gtest/gtest.h>

#include "sidecar/stampede/lease.h"
#include "tests/integration/support/invalidation_fixture.h"

namespace herdgate::integration {
namespace {

using Kind = InvalidationKind;
using Mode = InvalidationMode;
using Scope = InvalidationScope;

constexpr const char* kNear = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 60s}}
  - {name: versioned, match: ["u:*"], version: {schema: 7, generation: true}, near: {enabled: true, max_ttl: 60s}}
)";
constexpr int kKeys = 50;

// Two sidecars, A (gate_) and B, whose near caches have n:0 to n:49 and u:0 to u:49.
class InvalidationNearTest : public InvalidationTest {
 protected:
  void SetUp() override {
    InvalidationTest::SetUp();
    if (IsSkipped()) return;
    Open(kNear);
    other_ = std::make_unique<Sidecar>(redis_->Url(), Sidecar::Choices{.loops = 1, .policies = kNear});
    ASSERT_TRUE(other_->started());
    RawClient writer = gate_->Client();
    for (const std::string& key : Keys()) ASSERT_EQ(writer.Do({"SET", key, "old"}), "+OK\r\n");
    for (Sidecar* sidecar : {gate_.get(), other_.get()}) {
      ASSERT_TRUE(sidecar->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
      RawClient client = sidecar->Client();
      ASSERT_TRUE(Eventually([&] {
        for (const std::string& key : Keys()) client.Do({"GET", key});
        return sidecar->Metric("herdgate_near_entries") == 2 * kKeys;
      }));
    }
  }
  static std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    for (int i = 0; i < kKeys; ++i) {
      keys.push_back("n:" + std::to_string(i));
      keys.push_back("u:" + std::to_string(i));
    }
    return keys;
  }
  static std::string Get(Sidecar& sidecar, const std::string& key) { return sidecar.Client().Do({"GET", key}); }
  static double Entries(Sidecar& sidecar) { return sidecar.Metric("herdgate_near_entries"); }

  std::unique_ptr<Sidecar> other_;
};

TEST_F(InvalidationNearTest, AHardOneIsSeenByBothSidecars) {
  const InvalidationStatus status = Done(Ask(Kind::kPrefix, {"n:"}));
  EXPECT_EQ(status.counts.deleted, static_cast<std::uint64_t>(kKeys));
  EXPECT_EQ(status.counts.near, static_cast<std::uint64_t>(kKeys));
  RawClient here = gate_->Client();
  RawClient there = other_->Client();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(Eventually([&] { return there.Do({"GET", "n:49"}) == "$-1\r\n"; }));
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("other_us", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(here.Do({"GET", "n:" + std::to_string(i)}), "$-1\r\n");
  EXPECT_TRUE(Eventually([&] { return there.Do({"GET", "n:0"}) == "$-1\r\n"; }));
  EXPECT_EQ(there.Do({"GET", "u:0"}), "$3\r\nold\r\n");
}

TEST_F(InvalidationNearTest, OneKeyIsGoneHereAtOnceAndThereSoon) {
  EXPECT_EQ(Done(Ask(Kind::kKey, {"u:7"})).counts.near, 1U);
  EXPECT_EQ(Get(*gate_, "u:7"), "$-1\r\n");
  RawClient there = other_->Client();
  EXPECT_TRUE(Eventually([&] { return there.Do({"GET", "u:7"}) == "$-1\r\n"; }));
  EXPECT_EQ(there.Do({"GET", "u:8"}), "$3\r\nold\r\n");
}

TEST_F(InvalidationNearTest, ANewGenerationIsSeenByBothSidecars) {
  Done(Ask(Kind::kPolicy, {"versioned"}));
  EXPECT_EQ(Get(*gate_, "u:1"), "$-1\r\n");
  RawClient there = other_->Client();
  EXPECT_TRUE(Eventually([&] { return there.Do({"GET", "u:1"}) == "$-1\r\n"; }));
  EXPECT_EQ(there.Do({"GET", "n:1"}), "$3\r\nold\r\n");
}

TEST_F(InvalidationNearTest, ScopeUpstreamIsSeenHereByTracking) {
  InvalidationRequest request = Ask(Kind::kPrefix, {"n:"});
  request.scope = Scope::kUpstream;
  EXPECT_EQ(Done(request).counts.near, 0U);
  for (Sidecar* sidecar : {gate_.get(), other_.get()}) {
    RawClient client = sidecar->Client();
    EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "n:3"}) == "$-1\r\n"; }));
  }
}

TEST_F(InvalidationNearTest, ScopeNearIsThisSidecarAlone) {
  InvalidationRequest request = Ask(Kind::kPattern, {"?:1*"});
  request.scope = Scope::kNear;
  request.options.rate = 0.001;  // of no account here
  const InvalidationStatus status = Done(request);
  EXPECT_EQ(status.counts.near, 22U);
  EXPECT_EQ(status.counts.deleted + status.counts.shortened, 0U);
  EXPECT_EQ(Entries(*gate_), 2 * kKeys - 22);
  EXPECT_EQ(Entries(*other_), 2 * kKeys);
  EXPECT_EQ(Get(*gate_, "n:1"), "$3\r\nold\r\n");
}

TEST_F(InvalidationNearTest, SoftInScopeNearLeavesStaleEntries) {
  InvalidationRequest request = Ask(Kind::kKeys, {"n:1", "n:2", "n:999"});
  request.scope = Scope::kNear;
  request.mode = Mode::kSoft;
  EXPECT_EQ(Done(request).counts.near, 2U);
  EXPECT_EQ(Entries(*gate_), 2 * kKeys);
  redis_->Kill();
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_upstream_up", 0));
  RawClient client = gate_->Client();
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "n:1"}) == "$3\r\nold\r\n"; }));
}

TEST_F(InvalidationNearTest, HardInScopeNearLeavesNothingForAnUpstreamThatIsAway) {
  InvalidationRequest request = Ask(Kind::kPrefix, {"n:"});
  request.scope = Scope::kNear;
  EXPECT_EQ(Done(request).counts.near, static_cast<std::uint64_t>(kKeys));
  redis_->Kill();
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_upstream_up", 0));
  RawClient client = gate_->Client();
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "u:1"}) == "$3\r\nold\r\n"; }));
  EXPECT_EQ(client.Do({"GET", "n:1"}), "$-1\r\n");
}

TEST_F(InvalidationNearTest, SoftValuesAreServedUntilTheyEnd) {
  InvalidationRequest request = Ask(Kind::kPrefix, {"n:"});
  request.mode = Mode::kSoft;
  request.options.soft_window = std::chrono::hours(10000);  // none ends in this test
  EXPECT_EQ(Done(request).counts.shortened, static_cast<std::uint64_t>(kKeys));
  EXPECT_EQ(Get(*gate_, "n:1"), "$3\r\nold\r\n");
  const long long left = Number(Direct().Do({"PTTL", "n:1"}));
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 36000000000);
}

TEST_F(InvalidationNearTest, APreviewNamesTheHottestKeys) {
  RawClient client = gate_->Client();
  for (int i = 0; i < 600; ++i) client.Do({"GET", "n:5"});
  InvalidationPreviewStatus preview;
  ASSERT_TRUE(Eventually([&] {
    const Invalidations::Started started = All().Preview(Ask(Kind::kPrefix, {"n:"}));
    EXPECT_TRUE(
        Eventually([&] { return All().GetPreview(started.id)->state != InvalidationPreviewStatus::State::kRunning; }));
    preview = *All().GetPreview(started.id);
    return !preview.hottest.empty() && preview.hottest.front().key == "n:5";
  }));
  EXPECT_EQ(preview.hottest.front().policy, "near");
  EXPECT_GT(preview.hottest.front().reads_per_second, 0);
  EXPECT_GT(preview.recomputes_per_second, 0);
  for (const auto& hot : preview.hottest) EXPECT_EQ(hot.key.substr(0, 2), "n:");
}

TEST_F(InvalidationTest, AValueThatAnotherSidecarsClientComputesIsKeptShort) {
  constexpr const char* kCoalesced = "policies: [{name: c, match: [\"c:*\"], stampede: {coalesce: on}}]";
  Open(kCoalesced);
  Sidecar other(redis_->Url(), {.policies = kCoalesced});
  for (Sidecar* sidecar : {gate_.get(), &other})
    ASSERT_TRUE(sidecar->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient leader = other.Client();
  ASSERT_EQ(leader.Do({"GET", "c:1"}), "$-1\r\n");
  const std::string lease = stampede::LeaseNameOf("c:1");
  ASSERT_TRUE(Eventually([&] { return Direct().Do({"EXISTS", lease}) == ":1\r\n"; }));
  Done(Ask(Kind::kKey, {"c:1"}));
  ASSERT_EQ(leader.Do({"SET", "c:1", "computed before", "PX", "600000"}), "+OK\r\n");
  EXPECT_TRUE(Eventually(
      [&] {
        return Number(Direct().Do({"PTTL", "c:1"})) <= 2000;
      },
      std::chrono::milliseconds(1000)));
}

}  // namespace
}  // namespace herdgate::integration
