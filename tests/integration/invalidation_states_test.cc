// The life of an invalidation: paused, cancelled, interrupted, stopped; and what binds it to what its user meant.
#include <gtest/gtest.h>

#include "tests/integration/support/invalidation_fixture.h"

namespace herdgate::integration {
namespace {

using Kind = InvalidationKind;
using Scope = InvalidationScope;
using State = InvalidationState;

class InvalidationStatesTest : public InvalidationTest {};

TEST_F(InvalidationStatesTest, ACancelledOneSaysExactlyHowFarItCame) {
  Populate();
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  const auto asked = std::chrono::steady_clock::now();
  ASSERT_TRUE(All().Cancel(id, "enough").ok());
  const InvalidationStatus status = AtEnd(id);
  const auto took = std::chrono::steady_clock::now() - asked;
  RecordProperty("cancel_us", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  EXPECT_EQ(status.state, State::kCancelled);
  EXPECT_EQ(status.end_reason, "enough");
  EXPECT_EQ(static_cast<long long>(status.counts.deleted) + Size(), kMany);
  EXPECT_GT(status.progress, 0);
  EXPECT_LT(status.progress, 1);
  EXPECT_FALSE(All().Cancel(id, "again").ok());
}

TEST_F(InvalidationStatesTest, ItsTimeIsToldWhileItRuns) {
  Populate();
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  ASSERT_TRUE(Eventually([&] { return Status(id).ran.count() > 0; }));
  EXPECT_EQ(Status(id).state, State::kRunning);
  ASSERT_TRUE(All().Pause(id).ok());
  ASSERT_TRUE(Becomes(id, State::kPaused));
  const auto ran = Status(id).ran;
  ASSERT_TRUE(All().Cancel(id, "").ok());
  EXPECT_EQ(AtEnd(id).ran, ran);
}

TEST_F(InvalidationStatesTest, APausedOneStandsStillAndLetsOthersRun) {
  Populate();
  Open();
  std::vector<std::string> paused;
  for (std::size_t i = 0; i < Invalidations::kRunning; ++i) {
    paused.push_back(Begin(Ask(Kind::kPrefix, {"none" + std::to_string(i)})));
    (void)All().Pause(paused.back());
  }
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  ASSERT_TRUE(All().Pause(id).ok());
  ASSERT_TRUE(Becomes(id, State::kPaused));
  EXPECT_FALSE(All().Pause(id).ok());
  Done(Ask(Kind::kPrefix, {"another"}));  // a batch under way has ended meanwhile
  const long long size = Size();
  EXPECT_EQ(static_cast<long long>(Status(id).counts.deleted) + size, kMany);
  Done(Ask(Kind::kPrefix, {"another"}));
  EXPECT_EQ(Size(), size);
  ASSERT_TRUE(All().Resume(id).ok());
  ASSERT_TRUE(Eventually([&] { return Size() < size; }));
  ASSERT_TRUE(All().Pause(id).ok());
  ASSERT_TRUE(Becomes(id, State::kPaused));
  ASSERT_TRUE(All().Cancel(id, "").ok());
  EXPECT_EQ(AtEnd(id).state, State::kCancelled);
}

TEST_F(InvalidationStatesTest, TheFifthWaitsInTheQueue) {
  Populate();
  Open();
  std::vector<std::string> ids;
  InvalidationRequest slow = Ask(Kind::kPrefix, {"many:"});
  slow.options.rate = 1000;
  for (std::size_t i = 0; i < Invalidations::kRunning; ++i) ids.push_back(Begin(slow));
  const std::string fifth = Begin(Ask(Kind::kPrefix, {"none"}));
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_invalidation_jobs{state=\"running\"", 4));
  EXPECT_EQ(Status(fifth).state, State::kQueued);
  ASSERT_TRUE(All().Cancel(ids.front(), "").ok());
  EXPECT_EQ(AtEnd(fifth).state, State::kDone);
}

TEST_F(InvalidationStatesTest, TheAgeOfTheOldestGrowsUntilItHasEnded) {
  constexpr const char* kAge = "herdgate_invalidation_oldest_seconds";
  Populate();
  Open();
  EXPECT_EQ(gate_->Metric(kAge), 0);
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  ASSERT_TRUE(All().Pause(id).ok());
  ASSERT_TRUE(Becomes(id, State::kPaused));
  ASSERT_TRUE(Eventually([&] { return gate_->Metric(kAge) > 0; }));
  const double age = gate_->Metric(kAge);
  Done(Ask(Kind::kPrefix, {"another"}));
  EXPECT_TRUE(Eventually([&] { return gate_->Metric(kAge) > age; }));
  ASSERT_TRUE(All().Cancel(id, "").ok());
  EXPECT_EQ(AtEnd(id).state, State::kCancelled);
  EXPECT_TRUE(gate_->MetricBecomes(kAge, 0));
}

TEST_F(InvalidationStatesTest, ALostConnectionIsGoneOnFrom) {
  constexpr int kSome = 40000;
  Populate("many", kSome);
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  Direct().Do({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  ASSERT_TRUE(Eventually([&] { return Status(id).interruptions > 0; }));
  const InvalidationStatus status = AtEnd(id);
  EXPECT_EQ(status.state, State::kDone) << status.end_reason;
  EXPECT_EQ(status.rescans, 0U);
  EXPECT_EQ(Size(), 0);
  EXPECT_LE(status.counts.deleted, static_cast<std::uint64_t>(kSome));
  EXPECT_GE(status.counts.deleted + status.counts.unsure, static_cast<std::uint64_t>(kSome));
}

TEST_F(InvalidationStatesTest, KeysThatAKilledRedisBringsBackGoToo) {
  constexpr int kSome = 40000;
  Populate("many", kSome);
  ASSERT_EQ(Direct().Do({"SAVE"}), "+OK\r\n");
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  redis_->Kill();
  ASSERT_TRUE(Eventually([&] { return !Status(id).waiting_for.empty(); }));
  EXPECT_EQ(Status(id).state, State::kRunning);
  const std::uint64_t before = Status(id).counts.deleted;
  ASSERT_TRUE(redis_->Start());
  const InvalidationStatus status = AtEnd(id);
  EXPECT_EQ(status.state, State::kDone) << status.end_reason;
  EXPECT_EQ(status.waiting_for, "");
  EXPECT_GT(status.interruptions, 0U);
  EXPECT_EQ(status.rescans, 1U);
  EXPECT_EQ(Size(), 0);
  EXPECT_EQ(status.counts.deleted, before + kSome);
}

TEST_F(InvalidationStatesTest, OneThatWaitsForTheUpstreamCanBeCancelled) {
  Populate();
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  redis_->Kill();
  ASSERT_TRUE(Eventually([&] { return !Status(id).waiting_for.empty(); }));
  ASSERT_TRUE(All().Cancel(id, "no").ok());
  EXPECT_EQ(AtEnd(id).state, State::kCancelled);
}

TEST_F(InvalidationStatesTest, OneThatGetsNoAnswerIsCancelledAllTheSame) {
  Populate();
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  redis_->Freeze();
  ASSERT_TRUE(All().Cancel(id, "no").ok());
  const InvalidationStatus status = AtEnd(id);
  redis_->Thaw();
  EXPECT_EQ(status.state, State::kCancelled);
  const long long gone = kMany - Size();
  EXPECT_GE(gone, static_cast<long long>(status.counts.deleted));
  EXPECT_LE(gone, static_cast<long long>(status.counts.deleted + status.counts.unsure));
}

TEST_F(InvalidationStatesTest, AStoppedSidecarSaysHowFarItCame) {
  Populate();
  Open();
  const std::string id = BeginSlowly(Ask(Kind::kPrefix, {"many:"}));
  Invalidations& all = All();
  all.Stop();
  const InvalidationStatus status = Status(id);
  EXPECT_EQ(status.state, State::kCancelled);
  EXPECT_EQ(status.end_reason, "the sidecar stops");
  const long long gone = kMany - Size();
  EXPECT_GE(gone, static_cast<long long>(status.counts.deleted));
  EXPECT_LE(gone, static_cast<long long>(status.counts.deleted + status.counts.unsure));
  EXPECT_EQ(all.Start(Ask(Kind::kKey, {"k"}), {}).refusal, InvalidationRefusal::kStopped);
}

TEST_F(InvalidationStatesTest, AReloadThatTakesThePolicyAwayEndsItsJob) {
  Populate();
  Open("policies: [{name: many, match: [\"many:*\"], ttl: {max: 1h}}]");
  const std::string id = BeginSlowly(Ask(Kind::kPolicy, {"many"}));
  gate_->Reload("policies: [{name: renamed, match: [\"many:*\"], ttl: {max: 1h}}]");
  const InvalidationStatus status = AtEnd(id);
  EXPECT_EQ(status.state, State::kFailed);
  EXPECT_EQ(status.end_reason, "the policy is gone since a reload");
  EXPECT_GT(Size(), 0);
}

TEST_F(InvalidationStatesTest, ABatchThatWaitsIsSentUnderTheNamesOfAReload) {
  const auto policies = [](int schema) {
    return "policies: [{name: user, match: [\"u:*\"], version: {schema: " + std::to_string(schema) + "}}]";
  };
  for (const InvalidationRequest& request :
       {Ask(Kind::kKeys, {"u:1", "u:2", "u:1"}), Ask(Kind::kPrefix, {"u:"}), Ask(Kind::kPolicy, {"user"})}) {
    Open(policies(7));
    for (const char* key : {"v7:u:1", "v7:u:2", "v8:u:1", "v8:u:2"}) Direct().Do({"SET", key, "v"});
    // Reads are answered, writes are not carried out for now.
    Direct().Do({"CONFIG", "SET", "min-replicas-to-write", "1"});
    const std::string id = Begin(request);
    ASSERT_TRUE(Eventually([&] { return !Status(id).waiting_for.empty(); }));
    EXPECT_EQ(Status(id).counts.matched, 2U);
    ASSERT_TRUE(All().Pause(id).ok());
    ASSERT_TRUE(Becomes(id, State::kPaused));
    gate_->Reload(policies(8));
    Direct().Do({"CONFIG", "SET", "min-replicas-to-write", "0"});
    ASSERT_TRUE(All().Resume(id).ok());
    const InvalidationStatus status = AtEnd(id);
    EXPECT_EQ(status.state, State::kDone) << status.end_reason;
    EXPECT_EQ(status.counts.matched, 2U);
    EXPECT_EQ(status.counts.deleted, 2U);
    EXPECT_EQ(Direct().Do({"EXISTS", "v7:u:1", "v7:u:2"}), ":2\r\n") << "of the other version now";
    EXPECT_EQ(Direct().Do({"EXISTS", "v8:u:1", "v8:u:2"}), ":0\r\n");
  }
}

TEST_F(InvalidationStatesTest, ABumpInTheMiddleOfAScanCostsNothing) {
  constexpr const char* kPolicies = "policies: [{name: g, match: [\"g:*\"], version: {generation: true}}]";
  Open(kPolicies);
  RawClient client = gate_->Client();
  ASSERT_EQ(client.Do({"SET", "g:first", "1"}), "+OK\r\n");
  const std::string counter = Text(Direct().Do({"GET", "__herdgate:generation:g"}));
  Populate("g" + counter + ":g", 20000);  // g<generation>:g:0 and so on
  InvalidationRequest slow = Ask(Kind::kPrefix, {"g:"});
  const std::string id = BeginSlowly(slow);
  Done(Ask(Kind::kPolicy, {"g"}));
  const InvalidationStatus status = AtEnd(id);
  EXPECT_EQ(status.state, State::kDone) << status.end_reason;
  EXPECT_EQ(status.rescans, 0U);
  EXPECT_EQ(client.Do({"GET", "g:5"}), "$-1\r\n");
}

TEST_F(InvalidationStatesTest, TheSameIdempotencyKeyIsTheSameJob) {
  Open();
  const InvalidationRequest request = Ask(Kind::kKey, {"k"});
  const Invalidations::Started first = All().Start(request, {.idempotency_key = "once"});
  const Invalidations::Started second = All().Start(request, {.idempotency_key = "once"});
  EXPECT_TRUE(second.existed);
  EXPECT_EQ(second.id, first.id);
  AtEnd(first.id);
  EXPECT_EQ(All().Start(request, {.idempotency_key = "once"}).id, first.id);
  EXPECT_EQ(All().Start(Ask(Kind::kKey, {"other"}), {.idempotency_key = "once"}).refusal,
            InvalidationRefusal::kOtherRequest);
  EXPECT_NE(All().Start(request, {.idempotency_key = "twice"}).id, first.id);
}

TEST_F(InvalidationStatesTest, HistoryIsBounded) {
  Open();
  std::string first;
  for (std::size_t i = 0; i < Invalidations::kHistory + 20; ++i) {
    const std::string id = Done(Ask(Kind::kKey, {"k"})).id;
    if (i == 0) first = id;
  }
  EXPECT_TRUE(Eventually([&] { return All().List().size() == Invalidations::kHistory; }));
  EXPECT_FALSE(All().Get(first));
}

// ---- previews

class InvalidationPreviewTest : public InvalidationTest {
 protected:
  InvalidationPreviewStatus Preview(const InvalidationRequest& request) {
    const Invalidations::Started started = All().Preview(request);
    EXPECT_TRUE(started.ok()) << started.message;
    using PreviewState = InvalidationPreviewStatus::State;
    EXPECT_TRUE(Eventually([&] { return All().GetPreview(started.id)->state != PreviewState::kRunning; },
                           std::chrono::seconds(60)));
    return *All().GetPreview(started.id);
  }
};

TEST_F(InvalidationPreviewTest, ASmallKeyspaceIsCountedExactly) {
  Open("policies: [{name: p, match: [\"p:*\"], ttl: {max: 1h}}]");
  Populate("p", 3000);
  Populate("q", 2000);
  const InvalidationPreviewStatus preview = Preview(Ask(Kind::kPattern, {"[pq]:1*"}));
  EXPECT_TRUE(preview.exact);
  EXPECT_EQ(preview.keyspace, 5000U);
  EXPECT_EQ(preview.keys, 2U * 1111);
  EXPECT_EQ(preview.by_policy.at("p"), 1111U);
  EXPECT_EQ(preview.by_policy.at(""), 1111U);
  EXPECT_EQ(preview.sample.size(), 20U);
  for (const auto& sample : preview.sample) {
    EXPECT_EQ(sample.key.substr(1, 2), ":1");
    EXPECT_EQ(sample.policy, sample.key.front() == 'p' ? "p" : "");
    EXPECT_EQ(sample.ttl_ms, -1);
    EXPECT_GT(sample.bytes, 0U);
  }
  EXPECT_GE(preview.bytes, preview.keys * 16);
  EXPECT_EQ(Size(), 5000);
}

TEST_F(InvalidationPreviewTest, NamedKeysAreCountedIfTheyAreThere) {
  Open();
  Direct().Do({"SET", "a", "1"});
  const InvalidationPreviewStatus preview = Preview(Ask(Kind::kKeys, {"a", "b"}));
  EXPECT_TRUE(preview.exact);
  EXPECT_EQ(preview.keys, 1U);
  EXPECT_EQ(preview.sample.at(0).key, "a");
}

TEST_F(InvalidationPreviewTest, ItsTokenIsGoodForThatRequestOnce) {
  Open();
  const InvalidationRequest request = Ask(Kind::kPrefix, {"p:"});
  const std::string token = Preview(request).token;
  EXPECT_EQ(All().Start(Ask(Kind::kPrefix, {"q:"}), {.preview_token = token}).refusal,
            InvalidationRefusal::kOtherRequest);
  EXPECT_TRUE(All().Start(request, {.preview_token = token}).ok());
  EXPECT_EQ(All().Start(request, {.preview_token = token}).refusal, InvalidationRefusal::kUsedToken);
  EXPECT_EQ(All().Start(request, {.preview_token = "made up"}).refusal, InvalidationRefusal::kUnknownToken);
}

TEST_F(InvalidationPreviewTest, AReloadVoidsItsToken) {
  Open("policies: [{name: p, match: [\"p:*\"], ttl: {max: 1h}}]");
  const InvalidationRequest request = Ask(Kind::kPrefix, {"p:"});
  const std::string token = Preview(request).token;
  gate_->Reload("policies: [{name: new, match: [\"p:*\"], ttl: {max: 1h}}]");
  EXPECT_EQ(All().Preview(Ask(Kind::kPolicy, {"nobody"})).refusal, InvalidationRefusal::kUnknownPolicy);
  ASSERT_TRUE(Eventually([&] { return All().Preview(Ask(Kind::kPolicy, {"new"})).ok(); }));
  EXPECT_EQ(All().Start(request, {.preview_token = token}).refusal, InvalidationRefusal::kOtherPolicies);
  EXPECT_TRUE(All().Start(request, {.preview_token = Preview(request).token}).ok());
}

}  // namespace
}  // namespace herdgate::integration
