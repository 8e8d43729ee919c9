#include "sidecar/policy/transaction_judge.h"

#include <algorithm>
#include <utility>

namespace herdgate::policy {

void TransactionJudge::Add(RequestPlan& plan) {
  for (const std::string& key : plan.given) {
    std::erase_if(missing_, [&](const RequestPlan::Missing& missing) { return missing.key == key; });
  }
  for (const auto& missing : plan.missing) missing_.push_back(missing);
  for (const FollowUp& follow_up : plan.follow_ups) {
    const bool known = std::ranges::any_of(follow_ups_, [&](const FollowUp& other) {
      return other.key == follow_up.key && other.only_shorten == follow_up.only_shorten;
    });
    if (!known) follow_ups_.push_back(follow_up);
  }
  ++commands_;
  if (plan.reply.plain()) return;
  queued_.resize(commands_ - 1);
  queued_.push_back(std::move(plan.reply));
  plan.reply = {};
}

TransactionJudge::Outcome TransactionJudge::AtExec() const {
  Outcome outcome;
  if (refused_) {
    outcome.error = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    return outcome;
  }
  if (!missing_.empty()) {
    const RequestPlan::Missing& first = missing_.front();
    outcome.error = first.error;
    outcome.refusals.push_back({.policy = first.policy, .reason = Refusal::kMissingTtl});
    return outcome;
  }
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
