// Node: Generations as a process has them, on a loop thread of its own.
//
// Threads: the test's; a node does the rest by posting. It fails the test if a value it published ever goes back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sidecar/base/address.h"
#include "sidecar/base/log.h"
#include "sidecar/pipeline/generations.h"
#include "sidecar/policy/snapshot.h"
#include "tests/integration/support/redis_process.h"

namespace herdgate::pipeline {

inline policy::Policy Versioned(const std::string& name) {
  policy::Policy policy;
  policy.name = name;
  policy.match = {name + ":*"};
  policy.version.generation = true;
  return policy;
}

// The machine's clock, moved.
class MovedClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return base::SystemClock().Now(); }
  base::WallTime Wall() const override { return base::SystemClock().Wall() + std::chrono::milliseconds(offset_ms); }

  std::atomic<std::int64_t> offset_ms{0};
};

class Node {
 public:
  // `asks`: every second. Without it only pushes tell. `connector`: in place of the URL's.
  explicit Node(const std::string& url, std::vector<policy::Policy> policies = {Versioned("user")},
                std::chrono::milliseconds timeout = std::chrono::seconds(5), bool asks = true,
                std::unique_ptr<upstream::Connector> connector = nullptr) {
    const base::UpstreamUrl to = base::ParseUpstreamUrl(url).value();
    connector_ = connector ? std::move(connector) : upstream::MakeSocketConnector(to);
    options_.timeout = timeout;
    auto identity = std::make_shared<upstream::Identity>();
    if (!to.user.empty()) identity->auth = {to.user, to.password};
    identity_ = identity;
    pool_ = std::make_unique<upstream::LanePool>(upstream::LaneContext{.loop = loop_,
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
    generations_ = std::make_unique<Generations>(
        *pool_, upstream::LaneKey{3, to.db, identity_},
        [this](PolicyNames names, std::function<void()> everywhere) {
          Take(std::move(names));
          if (!everywhere) return;
          if (holds) return held_.push_back(std::move(everywhere));
          loop_.Post(std::move(everywhere));
        },
        clock);
    loop_.Start();
    Apply(std::move(policies));
    if (asks) Run([this] { loop_.EverySecond([this] { generations_->EverySecond(); }); });
  }
  ~Node() {
    Run([this] {
      generations_->Close();
      pool_->CloseAll();
    });
    loop_.Stop();
    EXPECT_FALSE(went_back_);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void Apply(std::vector<policy::Policy> policies) {
    Run([&] {
      {
        const std::lock_guard lock(mutex_);
        values_.clear();
        set_ = std::make_shared<const policy::PolicySet>(std::move(policies));
      }
      generations_->SetPolicies(set_);
    });
  }
  std::future<base::Result<std::uint64_t>> StartBump(const std::string& policy = "user") {
    auto promise = std::make_shared<std::promise<base::Result<std::uint64_t>>>();
    loop_.Post([this, policy, promise] {
      generations_->Bump(policy, [promise](base::Result<std::uint64_t> result) { promise->set_value(result); });
    });
    return promise->get_future();
  }
  base::Result<std::uint64_t> Bump(const std::string& policy = "user") { return StartBump(policy).get(); }
  std::future<base::Result<TagBump>> StartTagBump(const std::string& tag, const std::string& policy = "user") {
    auto promise = std::make_shared<std::promise<base::Result<TagBump>>>();
    loop_.Post([this, policy, tag, promise] {
      generations_->BumpTag(policy, tag, [promise](base::Result<TagBump> result) { promise->set_value(result); });
    });
    return promise->get_future();
  }
  base::Result<TagBump> BumpTag(const std::string& tag, const std::string& policy = "user") {
    return StartTagBump(tag, policy).get();
  }
  void Run(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  // Lets the other loops of this process have what was published while `holds`.
  void Release() {
    Run([this] {
      holds = false;
      for (auto& everywhere : held_) everywhere();
      held_.clear();
    });
  }

  // What was published last for the policy at `index`; 0: not known.
  std::uint64_t value(std::size_t index = 0) const {
    const std::lock_guard lock(mutex_);
    return index < values_.size() ? values_[index] : 0;
  }
  // The key's name by what was published last; "": its generation is not known.
  std::string Physical(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const policy::Snapshot snapshot(set_, values_, tags_);
    return snapshot.IsWaiting(set_->Match(key)) ? "" : snapshot.Physical(key);
  }
  bool Knows(std::size_t index = 0) const {
    return integration::Eventually([&] { return value(index) != 0; });
  }
  // The sum of the metric's samples.
  double Metric(std::string_view name) const {
    metrics::Registry registry;
    const auto registration = registry.Register([this](metrics::SampleSink& sink) { generations_->Collect(sink); });
    double sum = 0;
    for (const metrics::FamilySamples& family : registry.Collect()) {
      if (family.family.name != name) continue;
      for (const metrics::Series& series : family.series) sum += series.value;
    }
    return sum;
  }

  MovedClock clock;
  std::atomic<bool> holds{false};

 private:
  void Take(PolicyNames names) {
    const std::lock_guard lock(mutex_);
    highest_.resize(std::max(highest_.size(), names.generations.size()));
    if (values_.empty()) highest_.assign(names.generations.size(), 0);
    for (std::size_t i = 0; i < names.generations.size(); ++i) {
      const std::uint64_t value = names.generations[i];
      went_back_ = went_back_ || (value != 0 && value < highest_[i]);
      highest_[i] = std::max(highest_[i], value);
    }
    values_ = std::move(names.generations);
    tags_ = std::move(names.tags);
  }

  net::Loop loop_{0};
  std::unique_ptr<upstream::Connector> connector_;
  upstream::UpstreamOptions options_;
  upstream::UpstreamMetrics metrics_;
  upstream::Health health_;
  upstream::Breaker breaker_;
  base::Random random_{1};
  std::atomic<std::int64_t> connections_{0};
  upstream::OwnAddresses own_addresses_;
  upstream::IdentityPtr identity_;
  std::function<void(const upstream::LaneKey&)> on_user_refused_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  std::unique_ptr<upstream::LanePool> pool_;
  std::unique_ptr<Generations> generations_;
  std::vector<std::function<void()>> held_;  // the loop's
  mutable std::mutex mutex_;
  std::shared_ptr<const policy::PolicySet> set_;  // guarded by mutex_, as all below
  std::vector<std::uint64_t> values_;
  std::vector<policy::TagTablePtr> tags_;
  std::vector<std::uint64_t> highest_;  // of each
  bool went_back_ = false;
};

}  // namespace herdgate::pipeline
