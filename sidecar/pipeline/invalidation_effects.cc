#include "sidecar/pipeline/invalidation_effects.h"

#include <algorithm>
#include <utility>

#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/policy_hub.h"
#include "sidecar/stampede/lease.h"
#include "sidecar/stampede/shadow.h"

namespace herdgate::pipeline {
namespace {

using cache::NearCache;

// Null: of no policy.
const policy::Policy* PolicyOf(const InvalidationBatch& batch, const InvalidationBatch::Key& key) {
  const bool none = !batch.snapshot || key.policy == policy::PolicySet::kNone;
  return none ? nullptr : &batch.snapshot->set().at(key.policy);
}

bool AnyCoalesces(const InvalidationBatch& batch) {
  return std::ranges::any_of(batch.keys, [&](const InvalidationBatch::Key& key) {
    const policy::Policy* const policy = PolicyOf(batch, key);
    return policy != nullptr && policy->coalesces();
  });
}

// Lookups a second: of the last whole minute, or of the present one if there is no other.
double RateOf(const stampede::HotKey& key) {
  const std::size_t last = key.minutes.size() - 1;
  return static_cast<double>(std::max(key.minutes[last - 1], key.minutes[last])) / 60;
}

}  // namespace

policy::SnapshotPtr InvalidationEffects::Snapshot() const {
  return parts_.policies.Current();
}

bool InvalidationEffects::UpstreamAway() const {
  return !parts_.home.lanes.breaker().closed();
}

// The lease of a flight that another sidecar leads: who holds it is told by tracking that it is gone.
std::vector<std::string> InvalidationEffects::CompanionsOf(const InvalidationBatch& batch) const {
  std::vector<std::string> names;
  const bool leases = parts_.desk.leases();
  for (const InvalidationBatch::Key& key : batch.keys) {
    const policy::Policy* const policy = PolicyOf(batch, key);
    if (policy == nullptr || !policy->coalesces()) continue;
    if (leases) names.push_back(stampede::LeaseNameOf(key.physical));
    if (policy->keeps_shadows()) names.push_back(stampede::ShadowNameOf(key.physical));
  }
  return names;
}

void InvalidationEffects::AtHome(std::function<void()> task, std::function<void()> done) {
  parts_.home.loop.Post([&loop = loop_, task = std::move(task), done = std::move(done)] {
    task();
    loop.Post(done);
  });
}

// A soft one leaves the values right, and so those that compute them.
void InvalidationEffects::Before(InvalidationBatchPtr batch, std::function<void()> done) {
  if (batch->mode == InvalidationMode::kSoft || !AnyCoalesces(*batch)) return done();
  ForgetShadows(*batch);
  AtHome([this, batch = std::move(batch)] { TaintAtHome(*batch); }, std::move(done));
}

void InvalidationEffects::TaintAtHome(const InvalidationBatch& batch) {
  stampede::FlightTable& table = parts_.desk.table();
  stampede::Todo todo;
  for (const InvalidationBatch::Key& key : batch.keys) {
    const policy::Policy* const policy = PolicyOf(batch, key);
    if (policy == nullptr || !policy->coalesces()) continue;
    const cache::HashedKey hashed = table.Hash(key.logical());
    parts_.desk.guards().history().OnDeleted(hashed.hash);
    (void)table.Taint(hashed, parts_.home.loop.Now(), todo);
  }
  parts_.desk.Carry(parts_.home, todo, nullptr);
}

void InvalidationEffects::ForgetShadows(const InvalidationBatch& batch) {
  for (const InvalidationBatch::Key& key : batch.keys) {
    const policy::Policy* const policy = PolicyOf(batch, key);
    if (policy != nullptr && policy->keeps_shadows()) parts_.desk.shadows().Forget(key.physical);
  }
}

// Again: what was read before may have come since (near_cache.h, rule 4).
void InvalidationEffects::After(InvalidationBatchPtr batch) {
  if (batch->mode == InvalidationMode::kHard) ForgetShadows(*batch);
  if (batch->scope == InvalidationScope::kBoth) (void)RemoveNear(*batch);
}

std::size_t InvalidationEffects::SweepNear(const InvalidationMatcher& matcher, InvalidationMode mode) {
  const auto meant = [&](std::string_view key) {
    return matcher.Judge(key).verdict == InvalidationMatcher::Verdict::kMatch;
  };
  const bool hard = mode == InvalidationMode::kHard;
  return parts_.near.RemoveWhere(meant, hard ? NearCache::Removal::kDrop : NearCache::Removal::kStale);
}

std::size_t InvalidationEffects::RemoveNear(const InvalidationBatch& batch) {
  std::size_t removed = 0;
  for (const InvalidationBatch::Key& key : batch.keys) {
    const cache::HashedKey hashed = parts_.near.Hash(key.physical);
    const auto found = parts_.near.Look(hashed, loop_.Now(), [](const cache::Sight&) {});
    removed += found == cache::Freshness::kAbsent ? 0 : 1;
    if (batch.mode == InvalidationMode::kSoft) {
      parts_.near.MakeStale(hashed);
    } else {
      parts_.near.Drop(hashed, cache::EvictionReason::kInvalidated);
    }
  }
  return removed;
}

void InvalidationEffects::TaintFlights(std::shared_ptr<const InvalidationMatcher> matcher, std::function<void()> done) {
  if (parts_.desk.table().empty()) return done();
  const auto taint = [this, matcher = std::move(matcher)] {
    const auto meant = [&](std::string_view logical) { return matcher->Means(logical, matcher->PolicyOf(logical)); };
    stampede::Todo todo;
    parts_.desk.table().TaintWhere(meant, parts_.home.loop.Now(), todo);
    parts_.desk.Carry(parts_.home, todo, nullptr);
  };
  AtHome(taint, std::move(done));
}

std::vector<InvalidationHost::Hot> InvalidationEffects::HottestOf(const InvalidationMatcher& matcher) const {
  std::vector<Hot> hottest;
  const auto guards = parts_.desk.guards().list();
  // The guards are of the newest policies, by whose indexes the matcher's may mean others.
  const policy::SnapshotPtr now = Snapshot();
  const bool same = now && matcher.snapshot() && now->shared_set() == matcher.snapshot()->shared_set();
  for (const stampede::HotKey& key : parts_.hot.Top(stampede::HotList::kTop, base::SystemClock().Now())) {
    const std::size_t policy = matcher.PolicyOf(key.key);
    if (!matcher.Means(key.key, policy)) continue;
    Hot hot{.logical = key.key, .policy = policy, .reads_per_second = RateOf(key)};
    const auto facts = parts_.desk.guards().history().Find(key.hash);
    if (facts) hot.delta = facts->delta;
    const bool guarded = same && policy < guards->size() && (*guards)[policy];
    if (hot.delta.count() == 0 && guarded) hot.delta = (*guards)[policy]->learning().DeltaOf(key.hash);
    hottest.push_back(std::move(hot));
  }
  std::ranges::stable_sort(hottest, std::ranges::greater(), &Hot::reads_per_second);
  return hottest;
}

void InvalidationEffects::Bump(const std::string& policy, std::function<void(base::Result<std::uint64_t>)> done) {
  parts_.home.loop.Post([&policies = parts_.policies, &loop = loop_, policy, done = std::move(done)] {
    policies.Bump(policy, [&loop, done](base::Result<std::uint64_t> result) {
      loop.Post([done, result = std::move(result)] { done(result); });
    });
  });
}

void InvalidationEffects::BumpTag(const std::string& policy, const std::string& tag,
                                  std::function<void(base::Result<TagBump>)> done) {
  parts_.home.loop.Post([&policies = parts_.policies, &loop = loop_, policy, tag, done = std::move(done)] {
    policies.BumpTag(policy, tag, [&loop, done](base::Result<TagBump> result) {
      loop.Post([done, result = std::move(result)] { done(result); });
    });
  });
}

}  // namespace herdgate::pipeline
