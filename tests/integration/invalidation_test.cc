// Invalidations against a real Redis: what goes, what stays, and what the status says of it.
#include <gtest/gtest.h>

#include "tests/integration/support/invalidation_fixture.h"

namespace herdgate::integration {
namespace {

using Kind = InvalidationKind;
using State = InvalidationState;
using namespace std::string_literals;

constexpr const char* kVersions = R"(
policies:
  - {name: seven, match: ["u:*"], version: {schema: 7}}
  - {name: counted, match: ["g:*"], version: {generation: true}}
  - {name: plain, match: ["p:*", "q:*"]}
)";

TEST_F(InvalidationTest, APrefixOfManyKeysGoesAndNoOther) {
  Populate();
  Populate("keep", 10);
  Open();
  const InvalidationStatus status = Done(Ask(Kind::kPrefix, {"many:"}));
  EXPECT_EQ(status.counts.matched, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(status.counts.deleted, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(status.counts.outside_policy, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(status.counts.scanned, static_cast<std::uint64_t>(kMany + 10));
  EXPECT_EQ(status.progress, 1);
  EXPECT_EQ(Size(), 10);
  EXPECT_EQ(gate_->Metric("herdgate_invalidations_total{kind=\"prefix\",outcome=\"done\""), 1);
  EXPECT_EQ(gate_->Metric("herdgate_invalidated_keys_total{kind=\"prefix\""), kMany);
  EXPECT_EQ(gate_->Metric("herdgate_invalidation_jobs"), 0);
  const std::string report = All().Report(status.id).value_or("");
  EXPECT_NE(report.find("\"state\":\"done\""), std::string::npos);
  EXPECT_LT(report.size(), std::size_t{256} * 1024);
}

TEST_F(InvalidationTest, NamedKeysGoOnceEach) {
  Open();
  RawClient direct = Direct();
  for (const char* key : {"a", "b", "c"}) direct.Do({"SET", key, "1"});
  const InvalidationStatus status = Done(Ask(Kind::kKeys, {"a", "absent", "b", "a"}));
  EXPECT_EQ(status.counts.matched, 3U);
  EXPECT_EQ(status.counts.deleted, 2U);
  EXPECT_EQ(direct.Do({"EXISTS", "a", "b", "c"}), ":1\r\n");
}

TEST_F(InvalidationTest, BinaryKeysAreMeantByteForByte) {
  Open("policies: [{name: plain, match: [\"p:*\"]}]");
  RawClient direct = Direct();
  const std::string prefix = "p:\0\xff*[\\\r\n"s;
  direct.Do({"SET", prefix + "1", "1"});
  direct.Do({"SET", prefix, "1"});
  direct.Do({"SET", "p:\0\xff\\x\\\r\n1"s, "1"});
  direct.Do({"SET", ""s, "1"});
  EXPECT_EQ(Done(Ask(Kind::kPrefix, {prefix})).counts.deleted, 2U);
  EXPECT_EQ(Size(), 2);
  EXPECT_EQ(Done(Ask(Kind::kKey, {"p:\0\xff\\x\\\r\n1"s})).counts.deleted, 1U);
  EXPECT_EQ(Done(Ask(Kind::kKey, {""})).counts.deleted, 1U);
}

TEST_F(InvalidationTest, KeysOfOtherVersionsStay) {
  Open(kVersions);
  RawClient direct = Direct();
  for (const char* key : {"v7:u:1", "v7:u:2", "v6:u:1", "u:1", "v7:x:1"}) direct.Do({"SET", key, "1"});
  const InvalidationStatus status = Done(Ask(Kind::kPattern, {"u:*"}));
  EXPECT_EQ(status.counts.deleted, 2U);
  EXPECT_EQ(direct.Do({"EXISTS", "v6:u:1", "u:1", "v7:x:1"}), ":3\r\n");
  direct.Do({"SET", "v7:u:1", "1"});
  EXPECT_EQ(Done(Ask(Kind::kKey, {"u:1"})).counts.deleted, 1U);
  EXPECT_EQ(direct.Do({"EXISTS", "v6:u:1", "u:1", "v7:x:1"}), ":3\r\n");
}

TEST_F(InvalidationTest, APolicyWithGenerationsBeginsANewOne) {
  Open(kVersions);
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"SET", "g:1", "1"}), "+OK\r\n");
  const InvalidationStatus status = Done(Ask(Kind::kPolicy, {"counted"}));
  EXPECT_GT(status.generation, 0U);
  EXPECT_EQ(status.counts.deleted, 0U);
  EXPECT_EQ(client.Do({"GET", "g:1"}), "$-1\r\n");
  EXPECT_EQ(Size(), 2);  // the old value, and the counter
}

TEST_F(InvalidationTest, APrefixUnderAGenerationLeavesOlderOnesAndTheCounter) {
  Open(kVersions);
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"SET", "g:1", "1"}), "+OK\r\n");
  Done(Ask(Kind::kPolicy, {"counted"}));
  ASSERT_EQ(client.Do({"SET", "g:1", "2"}), "+OK\r\n");
  const InvalidationStatus status = Done(Ask(Kind::kPrefix, {"g:"}));
  EXPECT_EQ(status.counts.deleted, 1U);
  EXPECT_EQ(client.Do({"GET", "g:1"}), "$-1\r\n");
  EXPECT_EQ(Size(), 2);
}

TEST_F(InvalidationTest, APolicyWithoutGenerationsLosesItsKeysAndNoOthers) {
  Open(kVersions);
  RawClient direct = Direct();
  for (const char* key : {"p:1", "q:1", "q:2", "r:1"}) direct.Do({"SET", key, "1"});
  EXPECT_EQ(Done(Ask(Kind::kPolicy, {"plain"})).counts.deleted, 3U);
  EXPECT_EQ(direct.Do({"EXISTS", "p:1", "q:1", "q:2"}), ":0\r\n");
  EXPECT_EQ(direct.Do({"EXISTS", "r:1"}), ":1\r\n");
  const InvalidationStatus nobody = AtEnd(Begin(Ask(Kind::kPolicy, {"nobody"})));
  EXPECT_EQ(nobody.state, State::kFailed);
  EXPECT_EQ(nobody.end_reason, "there is no such policy");
}

TEST_F(InvalidationTest, EverythingHasToBeConfirmedAndLeavesTheSidecarsOwnKeys) {
  Open(kVersions);
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"SET", "g:1", "1"}), "+OK\r\n");
  Populate("many", 2000);
  for (InvalidationRequest request : {Ask(Kind::kEverything, {}), Ask(Kind::kPattern, {"*"}),
                                      Ask(Kind::kPattern, {"?*[a-z]*"}), Ask(Kind::kPrefix, {""})}) {
    EXPECT_EQ(All().Start(request, {}).refusal, InvalidationRefusal::kPurgeAll);
  }
  InvalidationRequest request = Ask(Kind::kEverything, {});
  request.purge_all = true;
  EXPECT_EQ(Done(request).counts.deleted, 2001U);
  EXPECT_EQ(Size(), 1);
  EXPECT_EQ(Direct().Do({"EXISTS", "__herdgate:generation:counted"}), ":1\r\n");
}

TEST_F(InvalidationTest, SoftValuesStayAndEndWithinTheWindow) {
  Open();
  RawClient direct = Direct();
  direct.Do({"SET", "s:forever", "1"});
  direct.Do({"SET", "s:hour", "1", "PX", "3600000"});
  direct.Do({"SET", "other", "1"});
  InvalidationRequest request = Ask(Kind::kPrefix, {"s:"});
  request.mode = InvalidationMode::kSoft;
  request.options.soft_window = std::chrono::milliseconds(600000);
  const InvalidationStatus status = Done(request);
  EXPECT_EQ(status.counts.shortened, 2U);
  EXPECT_EQ(status.counts.deleted, 0U);
  for (const char* key : {"s:forever", "s:hour"}) {
    const long long left = Number(direct.Do({"PTTL", key}));
    EXPECT_LE(left, 600000);
    EXPECT_TRUE(left > 0 || left == -2) << left;  // a random time may be short
  }
  EXPECT_EQ(direct.Do({"PTTL", "other"}), ":-1\r\n");
}

TEST_F(InvalidationTest, ACapEndsItEarly) {
  Populate("many", 5000);
  Open();
  InvalidationRequest request = Ask(Kind::kPrefix, {"many:"});
  request.options.max_keys = 1234;
  request.options.count_bytes = true;
  const InvalidationStatus status = Done(request);
  EXPECT_TRUE(status.capped);
  EXPECT_EQ(status.counts.deleted, 1234U);
  EXPECT_GE(status.counts.bytes, 1234U * 16);
  EXPECT_EQ(Size(), 5000 - 1234);
}

TEST_F(InvalidationTest, AnUpstreamWithoutUnlinkIsAskedToDel) {
  ASSERT_EQ(Direct().Do({"ACL", "SETUSER", "default", "-unlink"}), "+OK\r\n");
  Populate("many", 1000);
  Open();
  EXPECT_EQ(Done(Ask(Kind::kPrefix, {"many:"})).counts.deleted, 1000U);
  ASSERT_EQ(Direct().Do({"ACL", "SETUSER", "default", "-del"}), "+OK\r\n");
  Populate("many", 1000);
  const InvalidationStatus refused = AtEnd(Begin(Ask(Kind::kPrefix, {"many:"})));
  EXPECT_EQ(refused.state, State::kFailed);
  EXPECT_TRUE(refused.end_reason.starts_with("NOPERM ")) << refused.end_reason;
}

// Redis repeats the arguments of a command that it does not know.
TEST_F(InvalidationTest, TheReasonOfAFailureNamesNoKey) {
  redis_ = std::make_unique<RedisProcess>(Words{"--rename-command", "PEXPIRE", ""});
  Open();
  ASSERT_EQ(gate_->Client().Do({"SET", "user:jane@example", "v"}), "+OK\r\n");
  InvalidationRequest request = Ask(Kind::kPrefix, {"user:"});
  request.mode = InvalidationMode::kSoft;
  const InvalidationStatus status = AtEnd(Begin(request));
  EXPECT_EQ(status.state, InvalidationState::kFailed);
  EXPECT_EQ(status.end_reason, "ERR unknown command 'PEXPIRE'");
}

TEST_F(InvalidationTest, TheEmbeddedStoreIsInvalidatedLikeRedis) {
  gate_ = std::make_unique<Sidecar>("memory://", Sidecar::Choices{.policies = kVersions});
  ASSERT_TRUE(gate_->started());
  RawClient client = gate_->Client();
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(client.Do({"SET", "u:" + std::to_string(i), "1"}), "+OK\r\n");
  ASSERT_EQ(client.Do({"SET", "p:1", "1"}), "+OK\r\n");
  const std::string token = All().Preview(Ask(Kind::kPrefix, {"u:"})).id;
  ASSERT_TRUE(Eventually([&] { return All().GetPreview(token)->state == InvalidationPreviewStatus::State::kDone; }));
  EXPECT_EQ(All().GetPreview(token)->keys, 3000U);
  EXPECT_TRUE(All().GetPreview(token)->exact);
  InvalidationRequest soft = Ask(Kind::kPrefix, {"p:"});
  soft.mode = InvalidationMode::kSoft;
  EXPECT_EQ(Done(soft).counts.shortened, 1U);
  EXPECT_EQ(Done(Ask(Kind::kPrefix, {"u:"})).counts.deleted, 3000U);
  EXPECT_EQ(client.Do({"GET", "u:1"}), "$-1\r\n");
}

TEST_F(InvalidationTest, AValueThatIsBeingComputedIsKeptShort) {
  Open("policies: [{name: c, match: [\"c:*\"], stampede: {coalesce: on}}]");
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"GET", "c:1"}), "$-1\r\n");
  ASSERT_TRUE(gate_->MetricBecomes("herdgate_flights", 1));
  Done(Ask(Kind::kKey, {"c:1"}));
  ASSERT_EQ(client.Do({"SET", "c:1", "computed before", "PX", "600000"}), "+OK\r\n");
  const auto is_short = [&] { return Number(Direct().Do({"PTTL", "c:1"})) <= 2000; };
  EXPECT_TRUE(Eventually(is_short, std::chrono::milliseconds(1000)));
}

}  // namespace
}  // namespace herdgate::integration
