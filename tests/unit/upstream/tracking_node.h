// A tracked connection as a process has it, on a loop thread of its own, before a real redis-server.
//
// Threads: the test's; a node does the rest by posting.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "sidecar/base/address.h"
#include "sidecar/base/log.h"
#include "sidecar/upstream/lane_pool.h"
#include "sidecar/upstream/tracking/tracking.h"
#include "tests/integration/support/redis_process.h"
#include "tests/support/fake_fill_sink.h"

namespace herdgate::upstream {

class TrackingNode {
 public:
  // Patience as short as a loaded machine allows.
  static TrackingOptions Fast() {
    TrackingOptions options;
    options.dead_after = std::chrono::milliseconds(500);
    options.ping_after = std::chrono::milliseconds(40);
    options.canary_every = std::chrono::milliseconds(100);
    options.canary_within = std::chrono::milliseconds(500);
    options.probe_first = std::chrono::milliseconds(10);
    options.probe_last = std::chrono::milliseconds(50);
    return options;
  }

  explicit TrackingNode(const std::string& url, TrackingOptions options = Fast()) : ticker_(loop_) {
    const base::UpstreamUrl to = base::ParseUpstreamUrl(url).value();
    connector_ = MakeSocketConnector(to);
    options_.timeout = std::chrono::milliseconds(500);
    options_.backoff_last = std::chrono::milliseconds(40);
    auto identity = std::make_shared<Identity>();
    if (!to.user.empty()) identity->auth = {to.user, to.password};
    identity_ = identity;
    pool_ = std::make_unique<LanePool>(LaneContext{.loop = loop_,
                                                   .connector = *connector_,
                                                   .options = options_,
                                                   .metrics = metrics_,
                                                   .health = health_,
                                                   .breaker = breaker_,
                                                   .random = random_,
                                                   .connections = connections_,
                                                   .own_addresses = own_addresses_,
                                                   .own_identity = identity_,
                                                   .on_user_refused = on_user_refused_},
                                       dedicated_in_use_);
    tracking_ = std::make_unique<Tracking>(*pool_, LaneKey{3, to.db, identity_}, sink, options);
    loop_.Start();
    Run([this] {
      tracking_->Start();
      Tick();
    });
  }
  ~TrackingNode() {
    Run([this] {
      ticker_.Cancel();
      tracking_->Stop();
      pool_->CloseAll();
    });
    loop_.Stop();
  }
  TrackingNode(const TrackingNode&) = delete;
  TrackingNode& operator=(const TrackingNode&) = delete;

  void Run(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  bool Armed() {
    return integration::Eventually([this] { return tracking_->armed(); });
  }
  bool Off(TrackingFault fault) {
    return integration::Eventually(
        [&] { return tracking_->mode() == TrackingMode::kOff && tracking_->fault() == fault; });
  }
  // Asks for `key` as a hot miss does.
  bool Fill(const std::string& key) {
    bool asked = false;
    Run([&] {
      sink.Reserve(key);
      asked = tracking_->Fill(key, {});
    });
    return asked;
  }
  // Whether `key` may be served as `value` now, or soon.
  bool Holds(const std::string& key, const std::string& value) {
    return integration::Eventually([&] { return sink.Value(key) == value; });
  }
  bool Fills(const std::string& key, const std::string& value) { return Fill(key) && Holds(key, value); }
  bool HoldsNot(const std::string& key) {
    return integration::Eventually([&] { return sink.Value(key) == std::nullopt; });
  }
  // As before the reply to a write of unknown keys.
  bool Fence() {
    auto promise = std::make_shared<std::promise<bool>>();
    loop_.Post([this, promise] { tracking_->Fence([promise](bool held) { promise->set_value(held); }); });
    return promise->get_future().get();
  }
  const Tracking& tracking() const { return *tracking_; }

  testing::FakeFillSink sink;

 private:
  // Faster than a process does, for tests that wait for it.
  void Tick() {
    tracking_->EverySecond();
    ticker_.After(std::chrono::milliseconds(50), [this] { Tick(); });
  }

  net::Loop loop_{0};
  net::Timer ticker_;
  std::unique_ptr<Connector> connector_;
  UpstreamOptions options_;
  UpstreamMetrics metrics_;
  Health health_;
  Breaker breaker_;
  base::Random random_{1};
  std::atomic<std::int64_t> connections_{0};
  OwnAddresses own_addresses_;
  IdentityPtr identity_;
  std::function<void(const LaneKey&)> on_user_refused_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  std::unique_ptr<LanePool> pool_;
  std::unique_ptr<Tracking> tracking_;
};

}  // namespace herdgate::upstream
