#include "sidecar/policy/transaction_judge.h"

#include <algorithm>
#include <utility>

namespace herdgate::policy {

using Effect = ExpiryChange::Effect;

void TransactionJudge::Add(RequestPlan& plan) {
  ++commands_;
  for (ExpiryChange& change : plan.expiries) Follow(change);
  plan.expiries.clear();
  for (const FollowUp& follow_up : plan.follow_ups) {
    const bool is_new = followed_.insert((follow_up.only_shorten ? 'L' : 'N') + follow_up.key).second;
    if (is_new) follow_ups_.push_back(follow_up);
  }
  if (plan.reply.plain()) return;
  queued_.resize(commands_ - 1);
  queued_.push_back(std::move(plan.reply));
  plan.reply = {};
}

void TransactionJudge::Follow(ExpiryChange& change) {
  const auto known = keys_.find(change.key);
  const bool is_there = known != keys_.end();
  if (change.only_if_absent && is_there) return;
  switch (change.effect) {
    case Effect::kNone:
      return;
    case Effect::kGives:
      // Had it been there before, it would be as it was, which is not known.
      if (!change.only_if_absent) keys_[change.key] = {.has_expiry = true};
      return;
    case Effect::kGivesIfThere:
      if (is_there) known->second = {.has_expiry = true};
      return;
    case Effect::kRemovesKey:
      keys_.erase(change.key);
      return;
    case Effect::kClears:
      return Leave(change);
    case Effect::kKeeps:
      if (!is_there) Leave(change);
      return;
    case Effect::kCopies: {
      const auto from = keys_.find(change.from);
      const bool has_expiry = from != keys_.end() && from->second.has_expiry;
      if (change.moves && from != keys_.end()) keys_.erase(from);
      if (!has_expiry) return Leave(change);
      keys_[change.key] = {.has_expiry = true};
    }
  }
}

void TransactionJudge::Leave(ExpiryChange& change) {
  keys_[change.key] = {
      .has_expiry = false, .order = ++changes_, .policy = change.policy, .error = std::move(change.error)};
}

TransactionJudge::Outcome TransactionJudge::AtExec() const {
  Outcome outcome;
  if (refused_) {
    outcome.error = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    return outcome;
  }
  // Enforced ones before those of audit mode, then by their order.
  const auto rank = [](const Key& key) { return std::pair(key.error.empty(), key.order); };
  const Key* first = nullptr;
  for (const auto& [name, key] : keys_) {
    if (key.has_expiry) continue;
    outcome.judgements.push_back({.policy = key.policy, .action = TtlAction::kRejected});
    if (first == nullptr || rank(key) < rank(*first)) first = &key;
  }
  if (first != nullptr) {
    outcome.error = first->error;
    outcome.refusals.push_back({.policy = first->policy, .reason = Refusal::kMissingTtl});
  }
  if (!outcome.error.empty()) return outcome;
  outcome.follow_ups = follow_ups_;
  if (!queued_.empty()) {
    outcome.reply.shape = ReplyShape::kExec;
    outcome.reply.queued = queued_;
    outcome.reply.queued.resize(commands_);
  }
  return outcome;
}

void TransactionJudge::Clear() {
  *this = {};
}

}  // namespace herdgate::policy
