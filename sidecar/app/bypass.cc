#include "sidecar/app/bypass.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::app {
namespace {

policy::Policy Bypassed(policy::Policy policy) {
  // Its default depends on the near cache.
  policy.offline.reads = policy.offline_reads();
  policy.near.enabled = false;
  policy.stampede.coalesce = policy::Coalesce::kOff;
  policy.refresh.mode = policy::RefreshMode::kOff;
  return policy;
}

}  // namespace

Bypass::Bypass(std::vector<policy::Policy> policies, Apply apply, const base::Clock& clock)
    : apply_(std::move(apply)), clock_(clock), policies_(std::move(policies)) {}

void Bypass::SetPolicies(std::vector<policy::Policy> policies) {
  const std::lock_guard lock(mutex_);
  policies_ = std::move(policies);
  ApplyNow();
}

base::Status Bypass::Set(const admin::BypassWish& wish) {
  const std::lock_guard lock(mutex_);
  for (const std::string& name : wish.policies) {
    if (std::ranges::find(policies_, name, &policy::Policy::name) == policies_.end()) {
      return {base::ErrorCode::kInvalidArgument, "there is no policy of one of the names"};
    }
  }
  const bool was_active = view_.active;
  view_ = {};
  if (wish.active) {
    ends_at_ = clock_.Now() + wish.duration;
    view_ = {.active = true, .policies = wish.policies, .until = clock_.Wall() + wish.duration, .by = wish.by};
    base::LogWarn("bypass.began", {{"by", wish.by}, {"seconds", static_cast<std::int64_t>(wish.duration.count())}});
  } else if (was_active) {
    base::LogWarn("bypass.ended", {{"by", wish.by}});
  }
  if (wish.active || was_active) ApplyNow();
  return {};
}

admin::BypassView Bypass::View() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void Bypass::EverySecond() {
  const std::lock_guard lock(mutex_);
  if (!view_.active || clock_.Now() < ends_at_) return;
  view_ = {};
  base::LogWarn("bypass.ended", {{"by", "its time"}});
  ApplyNow();
}

void Bypass::ApplyNow() {
  std::vector<policy::Policy> policies = policies_;
  for (policy::Policy& policy : policies) {
    const auto& names = view_.policies;
    const bool chosen = names.empty() || std::ranges::find(names, policy.name) != names.end();
    if (view_.active && chosen) policy = Bypassed(std::move(policy));
  }
  apply_(policies);
}

}  // namespace herdgate::app
