#include "sidecar/pipeline/policy_stage.h"

#include <algorithm>
#include <utility>

#include "sidecar/base/clock.h"
#include "sidecar/pipeline/client.h"

namespace herdgate::pipeline {

namespace {

// Whether a key may have another physical name under `now` than under `before`.
bool Renames(const policy::SnapshotPtr& before, const policy::SnapshotPtr& now) {
  if (!before || !now || before->shared_set() != now->shared_set()) return before != now;
  for (std::size_t i = 0; i < now->set().size(); ++i) {
    if (before->IsWaiting(i)) continue;
    if (before->BasePrefix(i) != now->BasePrefix(i) || before->tag_table(i) != now->tag_table(i)) return true;
  }
  return false;
}

}  // namespace

bool PolicyStage::Set(policy::SnapshotPtr snapshot) {
  const bool renames = Renames(snapshot_, snapshot);
  const bool same_set =
      snapshot && snapshot_ ? snapshot->shared_set() == snapshot_->shared_set() : snapshot == snapshot_;
  snapshot_ = std::move(snapshot);
  if (!same_set) metrics_.SetPolicies(snapshot_ ? snapshot_->shared_set() : nullptr);
  awaits_generation_ = snapshot_ && snapshot_->first_waiting() != policy::PolicySet::kNone;
  enforces_ = snapshot_ && std::ranges::any_of(snapshot_->set().policies(), [](const policy::Policy& policy) {
                return policy.mode == policy::Mode::kEnforce;
              });
  ResumeWaiting();
  return renames;
}

policy::RequestPlan& PolicyStage::Judge(const command::CommandSpec& spec, const resp::Request& request, bool in_multi,
                                        std::int64_t max_bulk_bytes) {
  if (asked_at_ != loop_.Now()) {
    asked_at_ = loop_.Now();
    now_ = base::SystemClock().Wall();
  }
  const policy::JudgeContext context{.now = now_,
                                     .random = random_,
                                     .in_multi = in_multi,
                                     .max_key_bytes = static_cast<std::uint64_t>(max_bulk_bytes)};
  judge_.Judge(snapshot_, spec, request.args, request.raw, context, plan_);
  return plan_;
}

void PolicyStage::ResumeWaiting() {
  std::vector<std::weak_ptr<Client>> waiting;
  waiting.swap(waiting_);
  for (const auto& weak : waiting) {
    if (const auto client = weak.lock(); client && client->has_session()) client->session().Resume();
  }
}

}  // namespace herdgate::pipeline
