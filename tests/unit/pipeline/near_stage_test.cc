#include "sidecar/pipeline/near_stage.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "sidecar/base/random.h"
#include "sidecar/pipeline/loop_context.h"
#include "tests/support/fake_connector.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A stage on a loop that takes no turn, so that its time stands still. There is no upstream.
class NearStageTest : public ::testing::Test {
 protected:
  // A value that was read 20 s ago and expired `ago`, and may be shown to readers for as long as a minute after.
  void PublishExpired(const char* key, milliseconds ago, bool nil = false) {
    const base::SteadyTime now = loop_.Now();
    const cache::HashedKey hashed = cache_.Hash(key);
    const cache::Lifetime lifetime{.now = now - seconds(20),
                                   .fresh_until = now - seconds(15),
                                   .stale_until = now - seconds(15) + stale_if_error_,
                                   .expires_at = now - ago,
                                   .expired_by = now - ago + milliseconds(5),
                                   .grace = seconds(60)};
    ASSERT_EQ(cache_.Publish(hashed, cache_.Reserve(hashed), {.nil = nil, .bytes = nil ? "" : "v"}, lifetime),
              cache::PublishResult::kPublished);
  }

  net::Loop loop_{0};
  seconds stale_if_error_{3600};
  cache::NearCache cache_{cache::NearCacheOptions{}};

 private:
  testing::FakeConnector connector_;
  upstream::UpstreamOptions upstream_options_;
  upstream::UpstreamMetrics upstream_metrics_;
  upstream::Health health_;
  upstream::Breaker breaker_;
  base::Random random_{1};
  std::atomic<std::int64_t> lanes_{0};
  upstream::OwnAddresses own_addresses_;
  upstream::IdentityPtr identity_ = std::make_shared<upstream::Identity>();
  std::function<void(const upstream::LaneKey&)> on_user_refused_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  upstream::LanePool pool_{upstream::LaneContext{.loop = loop_,
                                                 .connector = connector_,
                                                 .options = upstream_options_,
                                                 .metrics = upstream_metrics_,
                                                 .health = health_,
                                                 .breaker = breaker_,
                                                 .random = random_,
                                                 .connections = lanes_,
                                                 .own_addresses = own_addresses_,
                                                 .own_identity = identity_,
                                                 .on_user_refused = on_user_refused_},
                           dedicated_in_use_};
  PipelineOptions options_;
  PipelineMetrics metrics_;
  std::atomic<std::uint64_t> next_client_id_{1};
  Connections connections_;
  LoopContext context_{.loop = loop_,
                       .lanes = pool_,
                       .options = options_,
                       .metrics = metrics_,
                       .commands = upstream_metrics_.commands,
                       .facts = nullptr,
                       .identity = identity_,
                       .next_client_id = next_client_id_,
                       .connections = connections_,
                       .own_addresses = own_addresses_,
                       .on_upstream_changed = {},
                       .peers = {},
                       .clients = {},
                       .owned = {}};

 protected:
  NearFills fills_{cache_, context_, identity_};
  NearStage stage_{loop_, cache_, fills_};
};

TEST_F(NearStageTest, AnExpiredValueIsThereWithItsAgeUntilItsWindowEnds) {
  PublishExpired("k", milliseconds(3000));
  const auto expired = stage_.StaleWhile("k", milliseconds(3001));
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->value.bytes(), "v");
  EXPECT_EQ(expired->age, milliseconds(3000));
  EXPECT_TRUE(expired->surely);
  EXPECT_FALSE(stage_.StaleWhile("k", milliseconds(3000)));
  EXPECT_FALSE(stage_.StaleWhile("k", milliseconds(0)));
  EXPECT_FALSE(stage_.StaleWhile("other", seconds(60)));
}

TEST_F(NearStageTest, WhatHasJustExpiredHasNotSurelyYet) {
  PublishExpired("k", milliseconds(4));
  const auto expired = stage_.StaleWhile("k", seconds(10));
  ASSERT_TRUE(expired);
  EXPECT_FALSE(expired->surely);
}

TEST_F(NearStageTest, WhatIsOnlyStaleHasNotExpired) {
  PublishExpired("k", -seconds(5));
  EXPECT_TRUE(stage_.Stale("k"));
  EXPECT_FALSE(stage_.StaleWhile("k", seconds(60)));
}

TEST_F(NearStageTest, ANilIsNoExpiredValue) {
  PublishExpired("k", milliseconds(10), true);
  EXPECT_FALSE(stage_.StaleWhile("k", seconds(60)));
}

TEST_F(NearStageTest, PastTheWindowOfErrorsAValueIsForReadersThatWaitOnly) {
  stale_if_error_ = seconds(1);
  PublishExpired("k", seconds(3));
  EXPECT_FALSE(stage_.Stale("k"));
  EXPECT_TRUE(stage_.StaleWhile("k", seconds(60)));
}

TEST_F(NearStageTest, APushLeavesAnExpiredValueAndALossOfTheConnectionDoesNot) {
  PublishExpired("k", seconds(3));
  PublishExpired("early", milliseconds(4));
  fills_.OnInvalidate("k");
  fills_.OnInvalidate("early");
  EXPECT_TRUE(stage_.StaleWhile("k", seconds(60)));
  EXPECT_FALSE(stage_.StaleWhile("early", seconds(60)));
  fills_.OnLost(upstream::TrackingFault::kSilent);
  EXPECT_FALSE(stage_.StaleWhile("k", seconds(60)));
  EXPECT_TRUE(stage_.Stale("k"));
}

}  // namespace
}  // namespace herdgate::pipeline
