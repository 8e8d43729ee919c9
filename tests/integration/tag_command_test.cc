// HERDGATE.TAG: what clients get, what stands in Redis, and what an invalidation of the tag does.
#include <gtest/gtest.h>

#include <set>

#include "tests/integration/support/invalidation_fixture.h"

namespace herdgate::integration {
namespace {

using Kind = InvalidationKind;
using Mode = InvalidationMode;
using Scope = InvalidationScope;

constexpr const char* kPolicies = R"yaml(
policies:
  - {name: user, match: ["u:*"], version: {schema: 7, generation: true}, near: {enabled: true, max_ttl: 60s}}
  - {name: short, match: ["s:*"], ttl: {missing: apply, default: 1m, max: 1h}}
  - name: ruled
    match: ["r:*"]
    version: {generation: true}
    tags: [{match: "r:([0-9]+):.*", tag: "t:{1}"}]
)yaml";
constexpr const char* kOk = "+OK\r\n";
constexpr const char* kNil = "$-1\r\n";
constexpr const char* kSet = "__herdgate:tag:t:1";
constexpr const char* kTaken = "__herdgate:tag-taken:t:1";
constexpr const char* kTakenVersioned = "__herdgate:tag-taken-v7:t:1";
constexpr const char* kVersioned = "__herdgate:tag-v7:t:1";

class TagCommandTest : public InvalidationTest {
 protected:
  void SetUp() override {
    InvalidationTest::SetUp();
    if (!IsSkipped()) Open(kPolicies);
  }
  // Makes the keys and tags them t:1.
  void Tag(const std::vector<std::string>& keys) {
    RawClient client = gate_->Client();
    for (const std::string& key : keys) {
      ASSERT_EQ(client.Do({"SET", key, key}), kOk);
      ASSERT_EQ(client.Do({"HERDGATE.TAG", key, "t:1"}), kOk);
    }
  }
  // Likewise k:0 and so on, in one pipeline.
  void TagMany(int count) {
    RawClient client = gate_->Client();
    std::string bytes;
    for (int i = 0; i < count; ++i) {
      const std::string key = "k:" + std::to_string(i);
      bytes += Encode({"SET", key, "v"}) + Encode({"HERDGATE.TAG", key, "t:1"});
    }
    client.Send(bytes);
    for (int i = 0; i < 2 * count; ++i) ASSERT_EQ(client.Read(), kOk);
  }
  // Of all schemas.
  long long Members() { return MembersOf(kSet) + MembersOf(kVersioned); }
  long long MembersOf(const std::string& set) { return Number(Direct().Do({"ZCARD", set})); }
  std::string Get(const std::string& key) { return gate_->Client().Do({"GET", key}); }
};

TEST_F(TagCommandTest, AHardInvalidationTakesTheTagsKeysOfAnyPolicyAndOfNone) {
  Tag({"u:1", "s:1", "plain", "r:1:x", "r:2:x"});
  ASSERT_EQ(gate_->Client().Do({"SET", "u:2", "kept"}), kOk);
  const InvalidationStatus status = Done(Ask(Kind::kTag, {"t:1"}));
  // r:1:x has the tag by a rule too: it is hidden already, and its new name is not there.
  EXPECT_EQ(status.bumped, 1U);
  EXPECT_EQ(status.counts.matched, 5U);
  EXPECT_EQ(status.counts.deleted, 4U);
  EXPECT_EQ(status.counts.outside_policy, 1U);
  for (const char* key : {"u:1", "s:1", "plain", "r:1:x", "r:2:x"}) EXPECT_EQ(Get(key), kNil) << key;
  EXPECT_EQ(Get("u:2"), "$4\r\nkept\r\n");
  EXPECT_EQ(Direct().Do({"EXISTS", kSet, kTaken, kVersioned, kTakenVersioned}), ":0\r\n");
}

TEST_F(TagCommandTest, AKeyMayHaveManyTags) {
  RawClient client = gate_->Client();
  client.Do({"SET", "u:1", "v"});
  EXPECT_EQ(client.Do({"herdgate.tag", "u:1", "a", "b", "a"}), kOk);
  EXPECT_EQ(Direct().Do({"ZRANGE", "__herdgate:tag-v7:b", "0", "-1"}), "*1\r\n$3\r\nu:1\r\n");
  EXPECT_EQ(Done(Ask(Kind::kTag, {"b"})).counts.deleted, 1U);
  client.Do({"SET", "u:1", "v"});
  EXPECT_EQ(Done(Ask(Kind::kTag, {"b"})).counts.matched, 0U) << "it is not tagged so any more";
  EXPECT_EQ(Done(Ask(Kind::kTag, {"a"})).counts.deleted, 1U);
}

TEST_F(TagCommandTest, ManyKeysGoInBatches) {
  RawClient client = gate_->Client();
  std::string batch;
  constexpr int kKeys = 5000;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "u:" + std::to_string(i);
    batch += Encode({"SET", key, "v"}) + Encode({"HERDGATE.TAG", key, "t:1"});
  }
  client.Send(batch);
  for (int i = 0; i < 2 * kKeys; ++i) ASSERT_EQ(client.Read(), kOk);
  EXPECT_EQ(Members(), kKeys);
  InvalidationRequest request = Ask(Kind::kTag, {"t:1"});
  request.options.max_keys = 2000;
  EXPECT_EQ(Done(request).counts.deleted, 2000U);
  EXPECT_EQ(MembersOf(kTakenVersioned), kKeys - 2000) << "what the cap has left";
  ASSERT_EQ(client.Do({"SET", "u:late", "v"}), kOk);
  ASSERT_EQ(client.Do({"HERDGATE.TAG", "u:late", "t:1"}), kOk);
  EXPECT_EQ(Done(Ask(Kind::kTag, {"t:1"})).counts.deleted, static_cast<std::uint64_t>(kKeys - 2000 + 1));
  EXPECT_EQ(Direct().Do({"EXISTS", kSet, kTaken, kVersioned, kTakenVersioned}), ":0\r\n");
  EXPECT_EQ(client.Do({"KEYS", "u:*"}), "*0\r\n");
}

TEST_F(TagCommandTest, ASoftOneShortensThemAndLeavesThemTagged) {
  Tag({"u:1", "plain"});
  // What another one has begun with comes as well.
  ASSERT_EQ(Direct().Do({"SET", "left", "v"}), kOk);
  ASSERT_EQ(Direct().Do({"ZADD", kTaken, "inf", "left"}), ":1\r\n");
  InvalidationRequest request = Ask(Kind::kTag, {"t:1"});
  request.mode = Mode::kSoft;
  request.options.soft_window = std::chrono::hours(1);
  EXPECT_EQ(Done(request).counts.shortened, 3U);
  for (const char* key : {"plain", "left"}) EXPECT_GT(Number(Direct().Do({"PTTL", key})), 0) << key;
  EXPECT_EQ(Members(), 2);
  EXPECT_EQ(MembersOf(kTaken), 1);
  EXPECT_EQ(Done(Ask(Kind::kTag, {"t:1"})).counts.deleted, 3U) << "a hard one finds them";
  EXPECT_EQ(Direct().Do({"EXISTS", kSet, kTaken, kVersioned, kTakenVersioned}), ":0\r\n");
}

TEST_F(TagCommandTest, ASoftOneFindsAllOfManyWhileOthersComeAndGo) {
  constexpr int kKeys = 5000;
  ASSERT_NO_FATAL_FAILURE(TagMany(kKeys));
  RawClient client = gate_->Client();
  InvalidationRequest request = Ask(Kind::kTag, {"t:1"});
  request.mode = Mode::kSoft;
  request.options.rate = 20000;
  request.options.soft_window = std::chrono::hours(1);
  const std::string id = Begin(request);
  for (int i = 0; i < 200; ++i) {
    Direct().Do({"ZREM", kSet, "k:" + std::to_string(i)});  // every rank moves
    client.Do({"HERDGATE.TAG", "new:" + std::to_string(i), "t:1"});
  }
  EXPECT_EQ(AtEnd(id).state, InvalidationState::kDone);
  for (int i = 200; i < kKeys; ++i) client.Say({"PTTL", "k:" + std::to_string(i)});
  for (int i = 200; i < kKeys; ++i) ASSERT_NE(Number(client.Read()), -1) << i;
}

TEST_F(TagCommandTest, ScopeNearLeavesTheKeysTagged) {
  Tag({"u:1", "u:2"});
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient client = gate_->Client();
  ASSERT_TRUE(Eventually([&] {
    client.Do({"GET", "u:1"});
    return gate_->Metric("herdgate_near_entries") == 1;
  }));
  InvalidationRequest request = Ask(Kind::kTag, {"t:1"});
  request.scope = Scope::kNear;
  EXPECT_EQ(Done(request).counts.near, 1U);
  EXPECT_EQ(Members(), 2);
  EXPECT_EQ(Get("u:1"), "$3\r\nu:1\r\n");
}

TEST_F(TagCommandTest, APreviewCountsThem) {
  Tag({"u:1", "s:1", "plain"});
  const Invalidations::Started started = All().Preview(Ask(Kind::kTag, {"t:1"}));
  ASSERT_TRUE(
      Eventually([&] { return All().GetPreview(started.id)->state != InvalidationPreviewStatus::State::kRunning; }));
  const InvalidationPreviewStatus preview = *All().GetPreview(started.id);
  EXPECT_EQ(preview.state, InvalidationPreviewStatus::State::kDone) << preview.error;
  EXPECT_EQ(preview.keys, 3U);
  EXPECT_EQ(preview.sample.size(), 3U);
  EXPECT_EQ(Members(), 3);
}

TEST_F(TagCommandTest, AMemberCountsAsLongAsItsValueMayLive) {
  RawClient client = gate_->Client();
  client.Do({"SET", "u:1", "v"});  // without an expiry
  client.Do({"HERDGATE.TAG", "u:1", "forever"});
  EXPECT_EQ(Text(Direct().Do({"ZSCORE", "__herdgate:tag-v7:forever", "u:1"})), "inf");
  EXPECT_EQ(Number(Direct().Do({"PTTL", "__herdgate:tag-v7:forever"})), -1);
  constexpr long long kHour = 3600000;
  client.Do({"SET", "s:1", "v"});
  client.Do({"HERDGATE.TAG", "s:1", "bounded"});
  const long long bounded = Number(Direct().Do({"PTTL", "__herdgate:tag:bounded"}));
  EXPECT_GT(bounded, kHour);
  EXPECT_LE(bounded, kHour + 60000);
  client.Do({"HERDGATE.TAG", "u:soon", "week"});  // before its SET
  EXPECT_GT(Number(Direct().Do({"PTTL", "__herdgate:tag-v7:week"})), 7 * 24 * kHour);
  client.Do({"SET", "u:long", "v", "PX", std::to_string(30 * 24 * kHour)});
  client.Do({"HERDGATE.TAG", "u:long", "week"});
  EXPECT_GT(Number(Direct().Do({"PTTL", "__herdgate:tag-v7:week"})), 29 * 24 * kHour);
  client.Do({"HERDGATE.TAG", "u:soon", "week"});
  EXPECT_GT(Number(Direct().Do({"PTTL", "__herdgate:tag-v7:week"})), 29 * 24 * kHour) << "never shorter";
}

TEST_F(TagCommandTest, MembersWhoseTimeIsOverGoWithTheNextTagging) {
  Direct().Do({"ZADD", kSet, "1", "old", "2", "older", "inf", "always"});
  gate_->Client().Do({"HERDGATE.TAG", "key", "t:1"});
  EXPECT_EQ(Direct().Do({"ZRANGE", kSet, "0", "-1"}), "*2\r\n$3\r\nkey\r\n$6\r\nalways\r\n");
}

TEST_F(TagCommandTest, ItKeepsItsPlaceInAPipeline) {
  for (const bool resp3 : {false, true}) {
    RawClient client = resp3 ? gate_->Resp3Client() : gate_->Client();
    client.Send(Encode({"SET", "plain", "1"}) + Encode({"HERDGATE.TAG", "plain", "t:1"}) + Encode({"INCR", "plain"}) +
                Encode({"HERDGATE.TAG", "plain"}) + Encode({"HERDGATE.TAG", "u:1", "t:1", "t:2"}) +
                Encode({"GET", "plain"}));
    EXPECT_EQ(client.Read(), kOk);
    EXPECT_EQ(client.Read(), kOk);
    EXPECT_EQ(client.Read(), ":2\r\n");
    EXPECT_EQ(client.Read(), "-ERR wrong number of arguments for 'herdgate.tag' command\r\n");
    EXPECT_EQ(client.Read(), kOk);
    EXPECT_EQ(client.Read(), "$1\r\n2\r\n");
  }
}

TEST_F(TagCommandTest, InsideMultiItIsQueuedAndCarriedOutWithTheRest) {
  const std::string block = Encode({"MULTI"}) + Encode({"SET", "u:1", "v"}) + Encode({"HERDGATE.TAG", "u:1", "t:1"}) +
                            Encode({"LPOP", "u:none"}) + Encode({"EXEC"});
  const std::vector<std::string> expected = {kOk, "+QUEUED\r\n", "+QUEUED\r\n", "+QUEUED\r\n",
                                             "*3\r\n+OK\r\n+OK\r\n$-1\r\n"};
  RawClient whole = gate_->Client();
  whole.Send(block);
  for (const std::string& reply : expected) EXPECT_EQ(whole.Read(), reply);
  EXPECT_EQ(Members(), 1);
  Direct().Do({"DEL", kVersioned});
  RawClient steps = gate_->Client();
  EXPECT_EQ(steps.Do({"MULTI"}), kOk);
  EXPECT_EQ(steps.Do({"SET", "u:1", "v"}), "+QUEUED\r\n");
  EXPECT_EQ(steps.Do({"HERDGATE.TAG", "u:1", "t:1"}), "+QUEUED\r\n");
  EXPECT_EQ(Members(), 0);
  EXPECT_EQ(steps.Do({"EXEC"}), "*2\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(Members(), 1);
}

TEST_F(TagCommandTest, AWrongOneInsideMultiMakesExecFail) {
  RawClient client = gate_->Client();
  client.Do({"MULTI"});
  client.Do({"SET", "u:1", "v"});
  EXPECT_TRUE(client.Do({"HERDGATE.TAG", "u:1"}).starts_with("-ERR unknown command"));
  EXPECT_TRUE(client.Do({"EXEC"}).starts_with("-EXECABORT"));
  EXPECT_EQ(Get("u:1"), kNil);
}

TEST_F(TagCommandTest, WhatIsWrongIsToldAndNotSent) {
  RawClient client = gate_->Client();
  const std::string terms = "-ERR herdgate: HERDGATE.TAG takes 1 to 16 tags of 1 to 256 bytes\r\n";
  EXPECT_EQ(client.Do({"HERDGATE.TAG"}), "-ERR wrong number of arguments for 'herdgate.tag' command\r\n");
  EXPECT_EQ(client.Do({"HERDGATE.TAG", "k", ""}), terms);
  EXPECT_EQ(client.Do({"HERDGATE.TAG", "k", std::string(257, 't')}), terms);
  Words many = {"HERDGATE.TAG", "k"};
  many.insert(many.end(), 17, "t");
  EXPECT_EQ(client.Do(many), terms);
  EXPECT_EQ(client.Do({"HERDGATE.TAG", "__herdgate:x", "t"}), "-ERR herdgate: the sidecar's own keys have no tags\r\n");
  many.pop_back();
  EXPECT_EQ(client.Do(many), kOk);
  client.Do({"SELECT", "3"});
  EXPECT_EQ(client.Do({"HERDGATE.TAG", "k", "t"}),
            "-ERR herdgate: HERDGATE.TAG works in the database of upstream.url only\r\n");
  EXPECT_EQ(client.Do({"PING"}), "+PONG\r\n");
}

TEST_F(TagCommandTest, KeysAndTagsMayHoldAnyByte) {
  const std::string key("u:\x00\r\n\xff", 6);
  const std::string tag("\x00 *\r\n[", 6);
  RawClient client = gate_->Client();
  client.Do({"SET", key, "v"});
  EXPECT_EQ(client.Do({"HERDGATE.TAG", key, tag}), kOk);
  EXPECT_EQ(Done(Ask(Kind::kTag, {tag})).counts.deleted, 1U);
}

TEST_F(TagCommandTest, AppsDoNotSeeTheSets) {
  Tag({"u:1", "plain"});
  RawClient client = gate_->Client();
  EXPECT_EQ(client.Do({"KEYS", "*"}).find("__herdgate"), std::string::npos);
  EXPECT_EQ(client.Do({"SCAN", "0", "COUNT", "100"}).find("__herdgate"), std::string::npos);
}

TEST_F(TagCommandTest, ClientsThatWantNoReplyGetNone) {
  RawClient client = gate_->Client();
  client.Send(Encode({"CLIENT", "REPLY", "OFF"}) + Encode({"HERDGATE.TAG", "plain", "t:1"}) +
              Encode({"HERDGATE.TAG", "plain"}) + Encode({"CLIENT", "REPLY", "ON"}) + Encode({"PING"}));
  EXPECT_EQ(client.Read(), kOk);
  EXPECT_EQ(client.Read(), "+PONG\r\n");
  EXPECT_EQ(Members(), 1);
}

TEST_F(TagCommandTest, WithoutPoliciesItWorksTheSame) {
  gate_->Reload("policies: []");
  Tag({"plain"});
  EXPECT_EQ(Done(Ask(Kind::kTag, {"t:1"})).counts.deleted, 1U);
  EXPECT_EQ(Get("plain"), kNil);
}

TEST_F(TagCommandTest, AnUpstreamThatIsAwayGivesAnError) {
  Sidecar hasty(redis_->Url(), Sidecar::Choices{.loops = 1, .timeout = std::chrono::milliseconds(300)});
  ASSERT_TRUE(hasty.started());
  RawClient client = hasty.Client();
  ASSERT_EQ(client.Do({"HERDGATE.TAG", "plain", "t:1"}), kOk);
  redis_->Kill();
  ASSERT_TRUE(hasty.MetricBecomes("herdgate_upstream_up", 0));
  RawClient later = hasty.Client();
  EXPECT_TRUE(later.Do({"HERDGATE.TAG", "plain", "t:1"}).starts_with("-ERR herdgate: upstream"));
}

// What can't be taken, or forgotten, is not passed over in silence.
TEST_F(TagCommandTest, AnInvalidationNeedsTheRightsForIt) {
  for (const char* command : {"renamenx", "zrange", "exists", "zrem"}) {
    SCOPED_TRACE(command);
    Tag({"plain"});
    Direct().Do({"ACL", "SETUSER", "default", std::string("-") + command});
    const InvalidationStatus refused = AtEnd(Begin(Ask(Kind::kTag, {"t:1"})));
    EXPECT_EQ(refused.state, InvalidationState::kFailed);
    EXPECT_TRUE(refused.end_reason.starts_with("NOPERM ")) << refused.end_reason;
    const bool deleted = std::string_view(command) == "zrem";
    EXPECT_EQ(refused.counts.deleted, deleted ? 1U : 0U);
    EXPECT_EQ(Get("plain"), deleted ? kNil : "$5\r\nplain\r\n");
    Direct().Do({"ACL", "SETUSER", "default", std::string("+") + command});
    Done(Ask(Kind::kTag, {"t:1"}));
    EXPECT_EQ(Get("plain"), kNil);
  }
}

// Behind a failover the set may be there again under its first name.
TEST_F(TagCommandTest, ASetThatComesBackWithANewConnectionIsTakenAgain) {
  constexpr int kKeys = 3000;
  ASSERT_NO_FATAL_FAILURE(TagMany(kKeys));
  InvalidationRequest request = Ask(Kind::kTag, {"t:1"});
  request.options.rate = 1500;
  const std::string id = Begin(request);
  ASSERT_TRUE(Eventually([&] { return Status(id).counts.deleted > 0; }));
  RawClient direct = Direct();
  direct.Send(Encode({"MULTI"}) + Encode({"RENAME", kTaken, kSet}) +
              Encode({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}) + Encode({"EXEC"}));
  for (const char* reply : {kOk, "+QUEUED\r\n", "+QUEUED\r\n"}) ASSERT_EQ(direct.Read(), reply);
  ASSERT_TRUE(direct.Read().starts_with("*2\r\n+OK\r\n:"));
  EXPECT_EQ(AtEnd(id).state, InvalidationState::kDone);
  EXPECT_EQ(Direct().Do({"KEYS", "k:*"}), "*0\r\n");
  EXPECT_EQ(Members() + MembersOf(kTaken), 0);
}

TEST_F(TagCommandTest, DeploymentsWithOtherSchemasKeepTheirTags) {
  Sidecar other(redis_->Url(), {.policies = "policies: [{name: user, match: [\"u:*\"], version: {schema: 8}}]"});
  Sidecar plain(redis_->Url(), {});
  ASSERT_TRUE(other.started() && plain.started());
  Tag({"u:1"});
  for (Sidecar* sidecar : {&other, &plain}) {
    ASSERT_EQ(sidecar->Client().Do({"SET", "u:1", "theirs"}), kOk);
    ASSERT_EQ(sidecar->Client().Do({"HERDGATE.TAG", "u:1", "t:1"}), kOk);
  }
  const auto take = [](Sidecar& sidecar) {
    Invalidations& all = sidecar.server().invalidations();
    const std::string id = all.Start(Ask(Kind::kTag, {"t:1"}), {}).id;
    EXPECT_TRUE(Eventually([&] { return pipeline::HasEnded(all.Get(id)->state); }));
    return all.Get(id)->counts.deleted;
  };
  EXPECT_EQ(take(other), 2U) << "and what is of no version";
  EXPECT_EQ(other.Client().Do({"GET", "u:1"}), kNil);
  EXPECT_EQ(plain.Client().Do({"GET", "u:1"}), kNil);
  EXPECT_EQ(Get("u:1"), "$3\r\nu:1\r\n");
  EXPECT_EQ(MembersOf(kVersioned), 1);
  EXPECT_EQ(take(*gate_), 1U);
  EXPECT_EQ(Get("u:1"), kNil);
  EXPECT_EQ(MembersOf(kVersioned), 0);
}

TEST_F(TagCommandTest, AUserNeedsTheRightsForIt) {
  Direct().Do({"ACL", "SETUSER", "app", "on", ">secret", "+@all", "-eval", "~*"});
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"AUTH", "app", "secret"}), kOk);
  EXPECT_TRUE(client.Do({"HERDGATE.TAG", "plain", "t:1"}).starts_with("-NOPERM"));
}

}  // namespace
}  // namespace herdgate::integration
