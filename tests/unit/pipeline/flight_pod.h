// Flights as a sidecar has them: a table, a desk and the tracked connection of NearFills, on two loop threads, before a
// real redis-server.
//
// Threads: the test's; a pod does the rest by posting.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/base/address.h"
#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/near_fills.h"
#include "sidecar/pipeline/policy_stage.h"
#include "tests/integration/support/redis_process.h"

namespace herdgate::pipeline {

class FlightPod {
 public:
  // What a GET that found nothing was told in the end.
  struct Told {
    stampede::Answer answer = stampede::Answer::kMiss;
    std::string value;
  };

  explicit FlightPod(const std::string& url) : ticker_(loops_[0]) {
    const base::UpstreamUrl to = base::ParseUpstreamUrl(url).value();
    connector_ = upstream::MakeSocketConnector(to);
    options_.timeout = std::chrono::milliseconds(500);
    options_.backoff_last = std::chrono::milliseconds(40);
    auto identity = std::make_shared<upstream::Identity>();
    if (!to.user.empty()) identity->auth = {to.user, to.password};
    identity_ = identity;
    policy::Policy user;
    user.name = "user";
    user.match = {"user:*"};
    user.version.schema = 7;
    user.stampede.coalesce = policy::Coalesce::kOn;
    const auto set = std::make_shared<const policy::PolicySet>(std::vector{user});
    guards_.Set(set.get());
    for (std::size_t i = 0; i < 2; ++i) {
      stages_[i].Set(std::make_shared<const policy::Snapshot>(set, std::vector<std::uint64_t>{}));
      pools_[i] = MakePool(loops_[i]);
      contexts_[i] = MakeContext(i);
    }
    for (const auto& context : contexts_) context->peers = {contexts_[0].get(), contexts_[1].get()};
    fills_ = std::make_unique<NearFills>(cache_, *contexts_[0], identity_);
    desk_ =
        std::make_unique<FlightDesk>(table_, guards_, *contexts_[0], fills_->tracking(),
                                     [this](LoopContext& there, const stampede::Wake& wake, const FlightValue& value) {
                                       EXPECT_TRUE(there.loop.InExecutor());
                                       EXPECT_EQ(there.loop.index(), static_cast<int>(wake.caller.loop));
                                       Tell(wake.caller.id, wake.answer, value ? *value : std::string());
                                     });
    fills_->SetDesk(desk_.get());
    for (net::Loop& loop : loops_) loop.Start();
    Run(0, [this] {
      fills_->SetWanted(true);
      Tick();
    });
  }
  ~FlightPod() {
    Run(0, [this] {
      ticker_.Cancel();
      desk_->Close();
      fills_->Close();
      pools_[0]->CloseAll();
    });
    Run(1, [this] { pools_[1]->CloseAll(); });
    for (net::Loop& loop : loops_) loop.Stop();
    desk_.reset();
    fills_.reset();
  }
  FlightPod(const FlightPod&) = delete;
  FlightPod& operator=(const FlightPod&) = delete;

  bool Armed() {
    return integration::Eventually([this] { return fills_->armed(); });
  }
  // A GET of `key` by a caller of its own on that loop said nil.
  std::future<Told> Miss(const std::string& key, std::uint32_t loop, std::uint64_t caller) {
    auto told = std::make_shared<std::promise<Told>>();
    auto future = told->get_future();
    {
      const std::lock_guard lock(mutex_);
      waiting_[caller] = std::move(told);
    }
    loops_[loop].Post([this, key, loop, caller] {
      stampede::Todo todo;
      stampede::FlightTerms terms = terms_;
      terms.lease = desk_->TakeAsk(loops_[loop].Now());
      const auto begun = table_.Begin(table_.Hash(key), {.id = caller, .loop = loop}, terms, loops_[loop].Now(), todo);
      if (begun.role == stampede::Role::kLead) Tell(caller, stampede::Answer::kLead, {});
      if (begun.role == stampede::Role::kRefused || begun.role == stampede::Role::kFull) {
        Tell(caller, stampede::Answer::kMiss, {});
      }
      desk_->Carry(*contexts_[loop], todo, nullptr);
    });
    return future;
  }
  // The caller writes `key`: `write` does it, in the test's thread.
  void Set(const std::string& key, std::uint32_t loop, std::uint64_t caller, const std::string& value,
           const std::function<void()>& write) {
    stampede::SetPlan plan;
    Use(loop, [&](stampede::Todo& todo) {
      plan = table_.OnSetSent(table_.Hash(key), {.id = caller, .loop = loop}, loops_[loop].Now(), todo);
    });
    write();
    Use(loop, value, [&](stampede::Todo& todo) {
      table_.OnSetDone(table_.Hash(key), plan, stampede::SetOutcome::kStored, loops_[loop].Now(), todo);
    });
  }
  void Go(std::uint32_t loop, std::uint64_t caller) {
    Use(loop,
        [&](stampede::Todo& todo) { table_.OnCallerGone({.id = caller, .loop = loop}, loops_[loop].Now(), todo); });
  }
  // An app of this pod has removed `key`.
  void Removed(const std::string& key) {
    Use(1, [&](stampede::Todo& todo) {
      if (!table_.Taint(table_.Hash(key), loops_[1].Now(), todo)) desk_->DropLease(key);
    });
  }
  void Run(std::size_t loop, const std::function<void()>& task) {
    std::promise<void> done;
    loops_[loop].Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  bool MayAsk() { return desk_->TakeAsk(base::SystemClock().Now()); }
  stampede::FlightStats Stats() const { return table_.Stats(); }

  // Set before the first miss.
  stampede::FlightTerms terms_{.max_wait = std::chrono::seconds(30),
                               .lease_time = std::chrono::seconds(10),
                               .lease_cap = std::chrono::seconds(30)};

 private:
  std::unique_ptr<upstream::LanePool> MakePool(net::Loop& loop) {
    return std::make_unique<upstream::LanePool>(upstream::LaneContext{.loop = loop,
                                                                      .connector = *connector_,
                                                                      .options = options_,
                                                                      .metrics = metrics_,
                                                                      .health = health_,
                                                                      .breaker = breaker_,
                                                                      .random = random_,
                                                                      .connections = lanes_,
                                                                      .own_addresses = own_addresses_,
                                                                      .own_identity = identity_,
                                                                      .on_user_refused = on_user_refused_},
                                                dedicated_in_use_);
  }
  std::unique_ptr<LoopContext> MakeContext(std::size_t i) {
    return std::make_unique<LoopContext>(LoopContext{.loop = loops_[i],
                                                     .lanes = *pools_[i],
                                                     .options = pipeline_options_,
                                                     .metrics = pipeline_metrics_,
                                                     .commands = metrics_.commands,
                                                     .facts = nullptr,
                                                     .identity = identity_,
                                                     .next_client_id = next_client_id_,
                                                     .connections = connections_,
                                                     .own_addresses = own_addresses_,
                                                     .policies = &stages_[i],
                                                     .on_upstream_changed = {},
                                                     .peers = {},
                                                     .clients = {},
                                                     .owned = {}});
  }
  void Use(std::uint32_t loop, const std::function<void(stampede::Todo&)>& call) { Use(loop, {}, call); }
  void Use(std::uint32_t loop, const std::string& value, const std::function<void(stampede::Todo&)>& call) {
    Run(loop, [&] {
      stampede::Todo todo;
      call(todo);
      desk_->Carry(*contexts_[loop], todo, std::make_shared<const std::string>(value));
    });
  }
  void Tell(std::uint64_t caller, stampede::Answer answer, const std::string& value) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(caller);
    if (found == waiting_.end()) return ADD_FAILURE() << "told twice";
    found->second->set_value({answer, value});
    waiting_.erase(found);
  }
  // Faster than a process does, for tests that wait for it.
  void Tick() {
    fills_->EverySecond();
    ticker_.After(std::chrono::milliseconds(50), [this] { Tick(); });
  }

  net::Loop loops_[2] = {net::Loop(0), net::Loop(1)};
  net::Timer ticker_;
  std::unique_ptr<upstream::Connector> connector_;
  upstream::UpstreamOptions options_;
  upstream::UpstreamMetrics metrics_;
  upstream::Health health_;
  upstream::Breaker breaker_;
  base::Random random_{1};
  std::atomic<std::int64_t> lanes_{0};
  upstream::OwnAddresses own_addresses_;
  upstream::IdentityPtr identity_;
  std::function<void(const upstream::LaneKey&)> on_user_refused_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  std::unique_ptr<upstream::LanePool> pools_[2];
  const PipelineOptions pipeline_options_;
  PipelineMetrics pipeline_metrics_;
  std::atomic<std::uint64_t> next_client_id_{1};
  Connections connections_;
  PolicyStage stages_[2] = {PolicyStage(loops_[0], 1, false), PolicyStage(loops_[1], 2, false)};
  std::unique_ptr<LoopContext> contexts_[2];
  cache::NearCache cache_{cache::NearCacheOptions{}};
  stampede::Guards guards_;
  stampede::FlightTable table_;
  std::unique_ptr<NearFills> fills_;
  std::unique_ptr<FlightDesk> desk_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<std::promise<Told>>> waiting_;  // guarded by mutex_; by caller
};

}  // namespace herdgate::pipeline
