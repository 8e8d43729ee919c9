#include "sidecar/pipeline/policy_hub.h"

#include <algorithm>
#include <utility>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"

namespace herdgate::pipeline {
namespace {

bool DoesSomething(const policy::Policy& policy) {
  return policy.mode != policy::Mode::kOff &&
         (policy.ttl.any() || policy.version.any() || !policy.version.require.empty() || policy.near.enabled ||
          policy.watched() || policy.cache());
}

policy::SnapshotPtr MakeSnapshot(const std::shared_ptr<const policy::PolicySet>& set, PolicyNames names) {
  if (!set || std::ranges::none_of(set->policies(), DoesSomething)) return nullptr;
  return std::make_shared<const policy::Snapshot>(set, std::move(names.generations), std::move(names.tags));
}

}  // namespace

policy::SnapshotPtr FirstSnapshot(const std::shared_ptr<const policy::PolicySet>& set) {
  return MakeSnapshot(set, {});
}

std::vector<cache::CurveTerms> CurveTermsOf(const policy::PolicySet& set) {
  constexpr std::chrono::minutes kUsual{5};
  std::vector<cache::CurveTerms> all;
  for (const policy::Policy& policy : set.policies()) {
    if (!policy.watched() || !policy.what_if) continue;
    cache::CurveTerms terms{.name = policy.name, .sizes = policy.near.enabled, .lives = policy.coalesces()};
    terms.near_for = policy.near.max_ttl;
    terms.life = policy.ttl.default_ttl.count() > 0 ? policy.ttl.default_ttl : policy.ttl.max;
    if (terms.life.count() <= 0) terms.life = kUsual;
    all.push_back(std::move(terms));
  }
  return all;
}

PolicyHub::PolicyHub(LoopContext& home, const upstream::IdentityPtr& identity)
    : home_(home),
      current_(home.policies == nullptr ? nullptr : home.policies->snapshot()),
      generations_(home, identity, [this](PolicyNames names, std::function<void()> done) {
        Publish(std::move(names), std::move(done));
      }) {}

void PolicyHub::Apply(std::shared_ptr<const policy::PolicySet> set) {
  set_ = std::move(set);
  home_.flights->hot().ForgetPolicies();
  generations_.SetPolicies(set_ ? set_ : std::make_shared<const policy::PolicySet>(std::vector<policy::Policy>()));
}

void PolicyHub::Bump(std::string_view policy, std::function<void(base::Result<std::uint64_t>)> done) {
  generations_.Bump(policy, std::move(done));
}

void PolicyHub::BumpTag(std::string_view policy, std::string_view tag,
                        std::function<void(base::Result<TagBump>)> done) {
  generations_.BumpTag(policy, tag, std::move(done));
}

policy::SnapshotPtr PolicyHub::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void PolicyHub::Publish(PolicyNames names, std::function<void()> everywhere) {
  const auto snapshot = MakeSnapshot(set_, std::move(names));
  {
    const std::lock_guard lock(mutex_);
    current_ = snapshot;
  }
  home_.near->fills().SetWanted(snapshot && snapshot->watches());
  home_.lanes.breaker().WatchSilence(snapshot && snapshot->caches());
  if (home_.curves != nullptr)
    home_.curves->SetPolicies(snapshot ? CurveTermsOf(snapshot->set()) : std::vector<cache::CurveTerms>());
  FlightDesk& desk = home_.flights->desk();
  const auto guards = desk.guards().Set(snapshot ? &snapshot->set() : nullptr);
  // The last loop to have it tells home.
  auto told = std::shared_ptr<void>(nullptr, [&loop = home_.loop, &desk, everywhere = std::move(everywhere)](void*) {
    loop.Post([&desk, everywhere] {
      desk.OnRenamed();  // also for those that began under the old names meanwhile
      if (everywhere) everywhere();
    });
  });
  for (LoopContext* peer : home_.peers) {
    peer->loop.Post([peer, snapshot, guards, told] {
      const bool same_set =
          peer->policies->active() && snapshot && peer->policies->snapshot()->shared_set() == snapshot->shared_set();
      if (!same_set) {
        peer->near->SetPolicies(snapshot ? snapshot->shared_set() : nullptr);
        peer->flights->SetGuards(guards);
      }
      if (!peer->policies->Set(snapshot)) return;
      for (const auto& [id, client] : peer->clients) client->ForgetTracked();
    });
  }
}

}  // namespace herdgate::pipeline
