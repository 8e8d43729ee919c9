// InvalidationTest: a redis-server of the test's own, which it may kill, and a sidecar whose invalidations it asks.
#pragma once

#include <memory>
#include <string>

#include "sidecar/pipeline/invalidations.h"
#include "tests/integration/support/redis_process.h"
#include "tests/integration/support/sidecar.h"

namespace herdgate::integration {

using pipeline::InvalidationKind;
using pipeline::InvalidationMode;
using pipeline::InvalidationPreviewStatus;
using pipeline::InvalidationRefusal;
using pipeline::InvalidationRequest;
using pipeline::Invalidations;
using pipeline::InvalidationScope;
using pipeline::InvalidationState;
using pipeline::InvalidationStatus;

class InvalidationTest : public ::testing::Test {
 protected:
  static constexpr int kMany = 100000;

  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    redis_ = std::make_unique<RedisProcess>();
  }
  void Open(const std::string& policies = {}) {
    gate_ = std::make_unique<Sidecar>(redis_->Url(), Sidecar::Choices{.loops = 2, .policies = policies});
    ASSERT_TRUE(gate_->started());
  }
  Invalidations& All() { return gate_->server().invalidations(); }
  RawClient Direct() { return redis_->Client(); }
  long long Size() { return Number(Direct().Do({"DBSIZE"})); }
  // many:0 to many:99999
  void Populate(const std::string& prefix = "many", int keys = kMany) {
    RawClient direct = Direct();
    ASSERT_EQ(direct.Do({"DEBUG", "POPULATE", std::to_string(keys), prefix, "3"}), "+OK\r\n");
  }

  // As fast as it goes.
  static InvalidationRequest Ask(InvalidationKind kind, std::vector<std::string> targets) {
    InvalidationRequest request{.kind = kind, .targets = std::move(targets)};
    request.options.rate = 1e7;
    request.options.scan_rate = 1e8;
    return request;
  }
  std::string Begin(const InvalidationRequest& request) {
    const Invalidations::Started started = All().Start(request, {});
    EXPECT_TRUE(started.ok()) << started.message;
    return started.id;
  }
  InvalidationStatus Status(const std::string& id) { return All().Get(id).value_or(InvalidationStatus{}); }
  bool Becomes(const std::string& id, InvalidationState state) {
    return Eventually([&] { return Status(id).state == state; }, std::chrono::seconds(60));
  }
  InvalidationStatus AtEnd(const std::string& id) {
    EXPECT_TRUE(Eventually([&] { return pipeline::HasEnded(Status(id).state); }, std::chrono::seconds(60)));
    return Status(id);
  }
  InvalidationStatus Done(const InvalidationRequest& request) {
    const InvalidationStatus status = AtEnd(Begin(request));
    EXPECT_EQ(status.state, InvalidationState::kDone) << status.end_reason;
    return status;
  }
  // Until some keys are gone, and most are not.
  std::string BeginSlowly(InvalidationRequest request) {
    request.options.rate = 10000;
    const std::string id = Begin(request);
    EXPECT_TRUE(Eventually([&] { return Status(id).counts.deleted > 1000; }));
    return id;
  }

  std::unique_ptr<RedisProcess> redis_;
  std::unique_ptr<Sidecar> gate_;
};

}  // namespace herdgate::integration
