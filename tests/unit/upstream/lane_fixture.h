// Lanes on a loop that the test runs, and their upstream, which the test plays.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/base/log.h"
#include "sidecar/upstream/lane.h"
#include "tests/support/fake_connector.h"
#include "tests/support/fake_sink.h"
#include "tests/support/loop_turns.h"

namespace herdgate::upstream {

inline constexpr std::string_view kHelloRequest = "*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n";
inline constexpr std::string_view kHelloReply = "*4\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$2\r\nid\r\n:42\r\n";

class LaneFixture : public ::testing::Test {
 protected:
  LaneFixture() {
    base::ConfigureLog(base::LogFormat::kAuto, base::LogLevel::kError);
    options_.timeout = std::chrono::seconds(20);
    options_.backoff_first = std::chrono::milliseconds(1);
    options_.backoff_last = std::chrono::milliseconds(4);
  }
  ~LaneFixture() override {
    lane_.reset();
    testing::RunTurns(loop_);
    EXPECT_EQ(connections_.load(), 0);
    EXPECT_EQ(metrics_.ready_lanes.value(), 0);
  }

  LaneContext Context() {
    return {.loop = loop_,
            .connector = connector_,
            .options = options_,
            .metrics = metrics_,
            .health = health_,
            .breaker = breaker_,
            .random = random_,
            .connections = connections_,
            .own_addresses = own_addresses_,
            .own_identity = identity_,
            .on_user_refused = on_user_refused_};
  }
  void Make(LaneUse use = LaneUse::kShared) {
    lane_ = std::make_shared<Lane>(Context(), LaneKey{2, 0, identity_}, use);
    if (use == LaneUse::kDedicated) lane_->set_owner(&sink_);
  }
  // A lane whose upstream has answered the handshake.
  void MakeReady(LaneUse use = LaneUse::kShared) {
    Make(use);
    Greet();
  }
  // Waits for the next connection and answers its handshake.
  void Greet() {
    Accept();
    upstream().Send(kHelloReply);
    ASSERT_TRUE(testing::RunUntil(loop_, [&] { return lane_->state() == Lane::State::kReady; }));
    Turn();
  }
  void Accept() {
    ++greeted_;
    ASSERT_TRUE(testing::RunUntil(loop_, [&] { return connector_.peers.size() >= greeted_; }));
    ASSERT_TRUE(testing::RunUntil(loop_, [&] {
      hello_ += upstream().Receive();
      return hello_.size() >= kHelloRequest.size();
    }));
    ASSERT_EQ(hello_, kHelloRequest);
    hello_.clear();
  }
  testing::PeerSocket& upstream() { return connector_.peers.back(); }
  void Turn() { testing::RunTurns(loop_); }
  // The upstream says `bytes`, and the lane hears them.
  void Say(std::string_view bytes) {
    upstream().Send(bytes);
    Turn();
  }
  // What the upstream has been asked since the last call.
  std::string Heard() {
    Turn();
    return upstream().Receive();
  }
  Pending Plain(bool retryable = false, std::uint8_t tag = 0) {
    loop_.RefreshNow();
    Pending pending;
    pending.started_ns = loop_.Now().time_since_epoch().count();
    pending.retryable = retryable;
    pending.tag = tag;
    return pending;
  }
  // What the sink can do without.
  Pending Degradable(bool retryable = false) {
    Pending pending = Plain(retryable);
    pending.degradable = true;
    return pending;
  }
  Pending Read() { return Plain(true); }
  Pending Tagged(std::uint8_t tag) { return Plain(false, tag); }

  net::Loop loop_{0};
  testing::FakeConnector connector_;
  UpstreamOptions options_;
  UpstreamMetrics metrics_;
  Health health_;
  Breaker breaker_;
  base::Random random_{1};
  std::atomic<std::int64_t> connections_{0};
  OwnAddresses own_addresses_;
  IdentityPtr identity_ = std::make_shared<const Identity>();
  std::function<void(const LaneKey&)> on_user_refused_;
  testing::FakeSink sink_;
  testing::FakeSink other_;
  std::shared_ptr<Lane> lane_;
  std::size_t greeted_ = 0;
  std::string hello_;
};

}  // namespace herdgate::upstream
