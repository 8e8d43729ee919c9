#include "sidecar/pipeline/invalidation_matcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sidecar/policy/glob.h"
#include "sidecar/policy/key_patterns.h"

namespace herdgate::pipeline {
namespace {

using Kind = InvalidationKind;
using policy::PolicySet;

std::string CommonPrefix(const std::vector<std::string>& globs) {
  std::string common = policy::LiteralPrefix(globs.front());
  for (const std::string& glob : globs) {
    const std::string literal = policy::LiteralPrefix(glob);
    const auto ends = std::mismatch(common.begin(), common.end(), literal.begin(), literal.end());
    common.erase(ends.first, common.end());
  }
  return common;
}

}  // namespace

InvalidationMatcher::InvalidationMatcher(std::shared_ptr<const InvalidationRequest> request,
                                         policy::SnapshotPtr snapshot)
    : request_(std::move(request)), snapshot_(std::move(snapshot)) {
  if (request_->kind == Kind::kPolicy) {
    const std::size_t size = snapshot_ ? snapshot_->set().size() : 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (snapshot_->set().at(i).name == request_->targets.front()) policy_ = i;
    }
    policy_gone_ = policy_ == PolicySet::kNone;
    const policy::Policy* const policy = At(policy_);
    can_bump_ = policy != nullptr && policy->mode == policy::Mode::kEnforce && policy->version.generation;
  }
  if (request_->kind == Kind::kTag && snapshot_) {
    for (std::size_t i = 0; i < snapshot_->set().size(); ++i) {
      if (MayGive(i)) tag_policies_.push_back(snapshot_->set().at(i).name);
    }
  }
  FindPattern();
  if (snapshot_) FindWaiting();
}

void InvalidationMatcher::FindPattern() {
  std::vector<std::string> globs;
  if (request_->kind == Kind::kPrefix) globs = {policy::EscapeGlob(request_->targets.front()) + "*"};
  if (request_->kind == Kind::kPattern) globs = request_->targets;
  if (const policy::Policy* const policy = At(policy_); policy != nullptr) globs = policy->match;
  for (std::size_t i = 0; request_->kind == Kind::kTag && snapshot_ && i < snapshot_->set().size(); ++i) {
    const policy::Policy& policy = snapshot_->set().at(i);
    if (MayGive(i)) globs.insert(globs.end(), policy.match.begin(), policy.match.end());
  }
  if (snapshot_) {
    for (std::string& glob : globs) glob = policy::TranslateListing(*snapshot_, glob).physical;
  }
  if (globs.size() == 1) pattern_ = globs.front();
  // One scan over what they have in common costs the upstream less than one for each.
  if (globs.size() > 1) pattern_ = policy::EscapeGlob(CommonPrefix(globs)) + "*";
}

// Whether keys of the policy may have the tag that is meant.
bool InvalidationMatcher::MayGive(std::size_t policy) const {
  const policy::TagRules* const rules = snapshot_->set().tags(policy);
  return rules != nullptr && snapshot_->set().at(policy).tagged() && rules->CanGive(request_->targets.front());
}

void InvalidationMatcher::FindWaiting() {
  const auto waits = [&](std::size_t index) {
    if (index != PolicySet::kNone && snapshot_->IsWaiting(index)) waits_for_ = snapshot_->set().at(index).name;
  };
  if (request_->kind == Kind::kPolicy) return waits(policy_);
  if (NamesKeys(request_->kind)) {
    for (const std::string& key : request_->targets) waits(snapshot_->set().Match(key));
    return;
  }
  std::string literal;
  if (request_->kind == Kind::kPrefix) literal = request_->targets.front();
  if (request_->kind == Kind::kPattern) literal = policy::LiteralPrefix(request_->targets.front());
  for (const std::size_t index : snapshot_->set().Possible(literal)) waits(index);
}

InvalidationMatcher::Judged InvalidationMatcher::Judge(std::string_view physical) const {
  Judged judged;
  if (physical.starts_with(policy::kOwnKeyPrefix)) {
    judged.verdict = Verdict::kOwn;
    return judged;
  }
  const auto logical = snapshot_ ? snapshot_->Visible(physical) : std::optional(physical);
  if (!logical) {
    judged.verdict = Verdict::kHidden;
    return judged;
  }
  judged.policy = PolicyOf(*logical);
  if (!Means(*logical, judged.policy)) return judged;
  judged.verdict = Verdict::kMatch;
  judged.logical = *logical;
  return judged;
}

bool InvalidationMatcher::Means(std::string_view logical, std::size_t policy) const {
  switch (request_->kind) {
    case Kind::kKey:
    case Kind::kKeys:
      return std::ranges::find(request_->targets, logical) != request_->targets.end();
    case Kind::kPrefix:
      return logical.starts_with(request_->targets.front());
    case Kind::kPattern:
      return policy::GlobMatches(request_->targets.front(), logical);
    case Kind::kPolicy:
      return policy != PolicySet::kNone && policy == policy_;
    case Kind::kTag:
      return policy != PolicySet::kNone && MayGive(policy) &&
             snapshot_->set().tags(policy)->Gives(logical, request_->targets.front());
    case Kind::kEverything:
      return true;
  }
  return false;
}

std::size_t InvalidationMatcher::PolicyOf(std::string_view logical) const {
  return snapshot_ ? snapshot_->set().Match(logical) : PolicySet::kNone;
}

const policy::Policy* InvalidationMatcher::At(std::size_t index) const {
  return snapshot_ && index != PolicySet::kNone ? &snapshot_->set().at(index) : nullptr;
}

}  // namespace herdgate::pipeline
