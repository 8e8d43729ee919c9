#include "sidecar/pipeline/shadow_stage.h"

#include <algorithm>
#include <string>

#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/policy_stage.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The last part of a life, in which its value is copied: time enough to be read in, and to be computed before its end.
milliseconds LastPart(nanoseconds delta, milliseconds lifetime) {
  constexpr milliseconds kLeast{1000};
  return std::max({kLeast, std::chrono::ceil<milliseconds>(3 * delta), lifetime / 10});
}

}  // namespace

bool ShadowStage::PolicyKeeps(std::size_t policy) const {
  const policy::SnapshotPtr& snapshot = context_.policies->snapshot();
  return snapshot && policy < snapshot->set().size() && snapshot->set().at(policy).keeps_shadows();
}

void ShadowStage::OnHit(stampede::Guard& guard, std::size_t policy, std::string_view logical, std::uint64_t hash,
                        std::uint32_t reads) {
  if (!Keeps(policy) || !guard.learning().eligible()) return;
  if (!rates_) rates_.emplace();
  const auto now = context_.loop.Now();
  const double loops = static_cast<double>(context_.peers.size());
  if (rates_->Touch(hash, now) * static_cast<double>(reads) * loops < kHot) return;
  const auto facts = guards_.history().Find(hash);
  const auto left = facts && !facts->deleted ? facts->set_at + facts->lifetime - now : nanoseconds(0);
  const auto known = facts ? nanoseconds(facts->delta) : nanoseconds(0);
  const auto delta = known.count() > 0 ? known : guard.learning().DeltaOf(hash);
  const bool lives = left.count() > 0;  // as far as is known here
  const milliseconds below = LastPart(delta, lives ? facts->lifetime : milliseconds(0));
  if ((lives && left > below) || !desk_.MayCopy(hash, now)) return;
  const policy::Snapshot& snapshot = *context_.policies->snapshot();
  if (snapshot.IsWaiting(policy)) return;
  const policy::Policy& rules = snapshot.set().at(policy);
  desk_.TakeCopy(
      {.physical = snapshot.Physical(logical),
       .hash = hash,
       .terms = {.below = below, .window = rules.stampede.stale_while_revalidate, .max_bytes = rules.near.max_value}},
      now);
}

void ShadowStage::OnWriteSent(const NearNote::Key& key, std::uint64_t hash, policy::RequestPlan* plan, bool own) {
  if (!Keeps(key.policy)) return;
  desk_.Forget(key.name);
  desk_.OnNewLife(hash);
  if (own && plan != nullptr) {
    plan->follow_ups.push_back({.key = stampede::ShadowNameOf(key.name), .removes = true});
  } else {
    desk_.Remove(key.name);
  }
}

std::vector<policy::FollowUp> ShadowStage::KeepOut(const NearNote::Key& key, milliseconds life) const {
  constexpr milliseconds kAfter{1000};
  if (!Keeps(key.policy)) return {};
  return {{.key = stampede::ShadowNameOf(key.name), .ttl = life + kAfter, .value = std::string(stampede::kNoShadow)}};
}

void ShadowStage::OnWriteAnswered(const NearNote::Key& key, bool lost) {
  if (!Keeps(key.policy)) return;
  desk_.Forget(key.name);
  if (lost) desk_.Remove(key.name);
}

}  // namespace herdgate::pipeline
