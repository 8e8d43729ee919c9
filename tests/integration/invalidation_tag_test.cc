// Invalidations by tag: of keys that have it by a rule, through two sidecars on one Redis.
#include <gtest/gtest.h>

#include <thread>

#include "tests/integration/support/invalidation_fixture.h"

namespace herdgate::integration {
namespace {

using Kind = InvalidationKind;
using Mode = InvalidationMode;
using Scope = InvalidationScope;

constexpr const char* kRules = R"yaml(
policies:
  - name: user
    match: ["u:*"]
    version: {schema: 7, generation: true}
    near: {enabled: true, max_ttl: 60s}
    tags: [{match: "u:([0-9]+):.*", tag: "t:{1}"}, {match: "u:.*:(cart|name)", tag: "{1}s"}]
  - name: order
    match: ["o:*"]
    version: {generation: true}
    tags: [{match: "o:([0-9]+):.*", tag: "t:{1}"}]
  - {name: plain, match: ["p:*"], version: {generation: true}}
)yaml";
constexpr const char* kNil = "$-1\r\n";

// A (gate_) and B (other_); u:I:cart, u:I:name, o:I:x and p:I:x for I from 0 to 9.
class InvalidationTagTest : public InvalidationTest {
 protected:
  void SetUp() override {
    InvalidationTest::SetUp();
    if (IsSkipped()) return;
    Open(kRules);
    other_ = std::make_unique<Sidecar>(redis_->Url(), Sidecar::Choices{.loops = 1, .policies = kRules});
    ASSERT_TRUE(other_->started());
    Fill();
  }
  void Fill() {
    RawClient writer = gate_->Client();
    for (int i = 0; i < 10; ++i) {
      for (const std::string& key : KeysOf(i)) ASSERT_EQ(writer.Do({"SET", key, key}), "+OK\r\n");
    }
  }
  static std::vector<std::string> KeysOf(int i) {
    const std::string id = std::to_string(i);
    return {"u:" + id + ":cart", "u:" + id + ":name", "o:" + id + ":x", "p:" + id + ":x"};
  }
  static bool Has(Sidecar& sidecar, const std::string& key) {
    const std::string reply = sidecar.Client().Do({"GET", key});
    EXPECT_TRUE(reply == kNil || Text(reply) == key) << reply;
    return reply != kNil;
  }
  static bool LosesSoon(Sidecar& sidecar, const std::string& key) {
    return Eventually([&] { return !Has(sidecar, key); });
  }

  std::unique_ptr<Sidecar> other_;
};

TEST_F(InvalidationTagTest, AHardOneHidesTheTagsKeysInEveryPolicyAndSidecar) {
  const InvalidationStatus status = Done(Ask(Kind::kTag, {"t:3"}));
  EXPECT_EQ(status.bumped, 2U);
  EXPECT_EQ(status.renewed, 0U);
  EXPECT_GT(status.generation, 1700000000000U);
  EXPECT_EQ(status.counts.scanned, 0U);
  for (Sidecar* sidecar : {gate_.get(), other_.get()}) {
    for (const char* key : {"u:3:cart", "u:3:name", "o:3:x"}) EXPECT_TRUE(LosesSoon(*sidecar, key)) << key;
    for (const char* key : {"p:3:x", "u:2:cart", "o:2:x", "u:4:name"}) EXPECT_TRUE(Has(*sidecar, key)) << key;
  }
}

TEST_F(InvalidationTagTest, WhatIsWrittenAfterwardsIsSeenByAll) {
  Done(Ask(Kind::kTag, {"t:3"}));
  RawClient here = gate_->Client();
  RawClient there = other_->Client();
  ASSERT_TRUE(LosesSoon(*other_, "u:3:cart"));
  EXPECT_EQ(there.Do({"SET", "u:3:cart", "new"}), "+OK\r\n");
  EXPECT_EQ(here.Do({"GET", "u:3:cart"}), "$3\r\nnew\r\n");
  EXPECT_EQ(here.Do({"MGET", "u:3:cart", "u:3:name", "u:2:cart", "p:3:x"}),
            "*4\r\n$3\r\nnew\r\n$-1\r\n$8\r\nu:2:cart\r\n$5\r\np:3:x\r\n");
  EXPECT_EQ(there.Do({"DEL", "u:3:cart", "u:2:cart"}), ":2\r\n");
  EXPECT_EQ(here.Do({"EXISTS", "u:3:cart", "u:2:cart", "u:2:name"}), ":1\r\n");
}

TEST_F(InvalidationTagTest, ListingsShowWhatIsThere) {
  Done(Ask(Kind::kTag, {"t:3"}));
  RawClient here = gate_->Client();
  here.Do({"SET", "u:3:cart", "new"});
  EXPECT_EQ(here.Do({"KEYS", "u:3:*"}), "*1\r\n$8\r\nu:3:cart\r\n");
  EXPECT_EQ(here.Do({"KEYS", "u:3:cart"}), "*1\r\n$8\r\nu:3:cart\r\n");
  EXPECT_EQ(here.Do({"KEYS", "u:3:name"}), "*0\r\n");
  const std::string users = here.Do({"KEYS", "u:*"});
  EXPECT_EQ(users.substr(0, users.find('\r')), "*19");
  const std::string all = here.Do({"SCAN", "0", "COUNT", "1000"});
  EXPECT_NE(all.find("*38\r\n"), std::string::npos) << all.substr(0, 40);
  EXPECT_EQ(all.find(".t"), std::string::npos);
  const std::string some = here.Do({"SCAN", "0", "MATCH", "u:?:name", "COUNT", "1000"});
  EXPECT_NE(some.find("*9\r\n"), std::string::npos) << some.substr(0, 40);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(here.Do({"RANDOMKEY"}).find('.'), std::string::npos);
}

TEST_F(InvalidationTagTest, AKeyWithTwoTagsGoesWithEither) {
  Done(Ask(Kind::kTag, {"t:3"}));
  RawClient here = gate_->Client();
  here.Do({"SET", "u:3:cart", "u:3:cart"});
  here.Do({"SET", "u:3:name", "u:3:name"});
  Done(Ask(Kind::kTag, {"carts"}));
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
  EXPECT_FALSE(Has(*gate_, "u:4:cart"));
  EXPECT_TRUE(Has(*gate_, "u:3:name"));
  EXPECT_TRUE(Has(*gate_, "u:4:name"));
  here.Do({"SET", "u:3:cart", "u:3:cart"});
  Done(Ask(Kind::kTag, {"t:3"}));
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
  EXPECT_FALSE(Has(*gate_, "u:3:name"));
}

TEST_F(InvalidationTagTest, NearCachesOfBothSidecarsLoseIt) {
  for (Sidecar* sidecar : {gate_.get(), other_.get()}) {
    ASSERT_TRUE(sidecar->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
    RawClient client = sidecar->Client();
    ASSERT_TRUE(Eventually([&] {
      client.Do({"GET", "u:3:cart"});
      client.Do({"GET", "u:4:cart"});
      return sidecar->Metric("herdgate_near_entries") == 2;
    }));
  }
  EXPECT_EQ(Done(Ask(Kind::kTag, {"t:3"})).counts.near, 1U);
  EXPECT_FALSE(Has(*gate_, "u:3:cart")) << "at once";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(LosesSoon(*other_, "u:3:cart"));
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("other_us", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  EXPECT_TRUE(Has(*gate_, "u:4:cart"));
}

TEST_F(InvalidationTagTest, ScopeNearRemovesThisSidecarsEntriesAlone) {
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient client = gate_->Client();
  ASSERT_TRUE(Eventually([&] {
    client.Do({"GET", "u:3:cart"});
    client.Do({"GET", "u:4:cart"});
    return gate_->Metric("herdgate_near_entries") == 2;
  }));
  InvalidationRequest request = Ask(Kind::kTag, {"t:3"});
  request.scope = Scope::kNear;
  const InvalidationStatus status = Done(request);
  EXPECT_EQ(status.counts.near, 1U);
  EXPECT_EQ(status.bumped, 0U);
  EXPECT_EQ(gate_->Metric("herdgate_near_entries"), 1);
  EXPECT_TRUE(Has(*gate_, "u:3:cart"));
}

TEST_F(InvalidationTagTest, ASoftOneShortensTheTagsKeys) {
  InvalidationRequest request = Ask(Kind::kTag, {"t:3"});
  request.mode = Mode::kSoft;
  request.options.soft_window = std::chrono::hours(10000);  // none ends in this test
  const InvalidationStatus status = Done(request);
  EXPECT_EQ(status.counts.shortened, 3U);
  EXPECT_EQ(status.bumped, 0U);
  EXPECT_TRUE(Has(*gate_, "u:3:cart"));
  RawClient here = gate_->Client();
  EXPECT_GT(Number(here.Do({"PTTL", "u:3:cart"})), 0);
  EXPECT_EQ(Number(here.Do({"PTTL", "u:4:cart"})), -1);
}

TEST_F(InvalidationTagTest, APreviewCountsTheTagsKeys) {
  Done(Ask(Kind::kTag, {"carts"}));  // so that names differ
  RawClient here = gate_->Client();
  here.Do({"SET", "u:3:cart", "u:3:cart"});
  const Invalidations::Started started = All().Preview(Ask(Kind::kTag, {"t:3"}));
  ASSERT_TRUE(started.ok()) << started.message;
  ASSERT_TRUE(
      Eventually([&] { return All().GetPreview(started.id)->state != InvalidationPreviewStatus::State::kRunning; }));
  const InvalidationPreviewStatus preview = *All().GetPreview(started.id);
  EXPECT_EQ(preview.state, InvalidationPreviewStatus::State::kDone) << preview.error;
  EXPECT_TRUE(preview.bumps);
  EXPECT_TRUE(preview.exact);
  EXPECT_EQ(preview.keys, 3U);
  EXPECT_EQ(preview.by_policy, (std::map<std::string, std::uint64_t>{{"order", 1}, {"user", 2}}));
}

TEST_F(InvalidationTagTest, ATagThatNobodyHasIsDoneAtOnce) {
  const InvalidationStatus status = Done(Ask(Kind::kTag, {"nobody"}));
  EXPECT_EQ(status.bumped, 0U);
  EXPECT_EQ(status.counts.matched, 0U);
  EXPECT_EQ(Direct().Do({"EXISTS", "__herdgate:tags:user", "__herdgate:tags:order"}), ":0\r\n");
}

TEST_F(InvalidationTagTest, ABumpWaitsForARefusalThatPasses) {
  redis_->Client().Do({"CONFIG", "SET", "min-replicas-to-write", "1"});
  const std::string id = Begin(Ask(Kind::kTag, {"t:3"}));
  ASSERT_TRUE(Eventually([&] { return Status(id).waiting_for.find("NOREPLICAS") != std::string::npos; }));
  // Longer than the tries of a refusal that stays.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(Status(id).state, InvalidationState::kRunning);
  redis_->Client().Do({"CONFIG", "SET", "min-replicas-to-write", "0"});
  EXPECT_EQ(AtEnd(id).state, InvalidationState::kDone);
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
}

TEST_F(InvalidationTagTest, WhatIsNoTagIsRefused) {
  for (const std::string& tag : {std::string(), std::string(257, 't')}) {
    EXPECT_EQ(All().Start(Ask(Kind::kTag, {tag}), {}).message, "a tag has 1 to 256 bytes");
  }
}

// An old name must never be an answer again, whatever the rules become.
TEST_F(InvalidationTagTest, ReloadsThatChangeTheRulesBringNothingBack) {
  Done(Ask(Kind::kTag, {"t:3"}));
  ASSERT_FALSE(Has(*gate_, "u:3:cart"));
  std::string without(kRules);
  without = without.replace(without.find("    tags: [{match: \"u:"),
                            without.find("  - name: order") - without.find("    tags: [{match: \"u:"), "");
  gate_->Reload(without);
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
  EXPECT_TRUE(LosesSoon(*other_, "u:4:cart")) << "a new generation";
  EXPECT_TRUE(Has(*gate_, "o:4:x")) << "not of this policy";
  gate_->Reload(kRules);
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
  EXPECT_FALSE(Has(*gate_, "o:3:x"));
}

TEST_F(InvalidationTagTest, ARestartOfRedisWithNothingBringsNothingBack) {
  Done(Ask(Kind::kTag, {"t:3"}));
  redis_->Kill();
  ASSERT_TRUE(redis_->Start());
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_upstream_up", 1));
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
  // Until the counters have been read again, values may be written under names that nobody has afterwards.
  ASSERT_TRUE(Eventually([&] {
    Fill();
    return Has(*other_, "u:3:cart");
  }));
  EXPECT_EQ(Done(Ask(Kind::kTag, {"t:3"})).bumped, 2U);
  EXPECT_FALSE(Has(*gate_, "u:3:cart"));
}

TEST_F(InvalidationTagTest, ASidecarThatStartsLaterKnowsTheTags) {
  for (int round = 0; round < 3; ++round) Done(Ask(Kind::kTag, {"t:3"}));
  gate_->Client().Do({"SET", "u:3:cart", "u:3:cart"});
  const Sidecar late(redis_->Url(), Sidecar::Choices{.loops = 1, .policies = kRules});
  ASSERT_TRUE(late.started());
  RawClient client = late.Client();
  EXPECT_EQ(client.Do({"GET", "u:3:cart"}), "$8\r\nu:3:cart\r\n");
  EXPECT_EQ(client.Do({"GET", "u:3:name"}), kNil);
  EXPECT_EQ(client.Do({"GET", "u:4:name"}), "$8\r\nu:4:name\r\n");
}

}  // namespace
}  // namespace herdgate::integration
