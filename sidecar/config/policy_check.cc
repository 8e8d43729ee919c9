#include "sidecar/config/policy_check.h"

#include <chrono>

#include "sidecar/config/units.h"

namespace herdgate::config {
namespace {

using policy::MissingTtl;
using policy::Policy;

void CheckTtl(const policy::TtlRules& ttl, const GivenKeys& given, const Report& report) {
  const bool has_min = given.Has("ttl.min");
  const bool has_max = given.Has("ttl.max");
  if (has_min && has_max && ttl.min > ttl.max) {
    report(given.At("ttl.min"), "ttl.min: it is greater than ttl.max");
  }
  if (given.Has("ttl.default")) {
    const Position at = given.At("ttl.default");
    if (has_min && ttl.default_ttl < ttl.min) report(at, "ttl.default: it is less than ttl.min");
    if (has_max && ttl.default_ttl > ttl.max) report(at, "ttl.default: it is greater than ttl.max");
    if (!given.IsBad("ttl.missing") && ttl.missing == MissingTtl::kAllow) {
      report(at, "ttl.default: it has no effect where a missing expiry is allowed; add missing: apply");
    }
  } else if (!given.Contains("ttl.default") && ttl.missing == MissingTtl::kApply) {
    report(given.At("ttl.missing"), "ttl.missing: apply needs a default, like default: 1h");
  }
}

// A waiter that outlives the lease it waits for would find nobody who computes.
void CheckWait(const policy::StampedeRules& stampede, const GivenKeys& given, const Report& report) {
  if (given.IsBad("stampede.max_wait") || !stampede.lease || stampede.max_wait <= *stampede.lease) return;
  if (given.Contains("stampede.max_wait")) {
    return report(given.At("stampede.max_wait"), "stampede.max_wait: it is longer than stampede.lease");
  }
  report(given.At("stampede.lease"), "stampede.lease: it is shorter than stampede.max_wait, which is " +
                                         FormatDuration(stampede.max_wait) + "; give both");
}

void CheckStale(const Policy& policy, const GivenKeys& given, const Report& report) {
  if (policy.stampede.on_timeout != policy::OnTimeout::kStale) return;
  const Position at = given.At("stampede.on_timeout");
  if (!given.IsBad("stampede.stale_while_revalidate") && policy.stampede.stale_while_revalidate.count() == 0) {
    report(at, "stampede.on_timeout: stale has nothing to answer with stampede.stale_while_revalidate: 0ms");
  }
  const bool kept = policy.near.enabled || policy.stampede.grace == policy::Grace::kShadow;
  if (!given.IsBad("near.enabled") && !given.IsBad("stampede.grace") && !kept) {
    report(at,
           "stampede.on_timeout: stale needs near.enabled: true; with stampede.grace: near, old values are kept in the "
           "near cache only");
  }
}

void CheckShadow(const policy::StampedeRules& stampede, const GivenKeys& given, const Report& report) {
  if (given.IsBad("stampede.grace") || stampede.grace != policy::Grace::kShadow) return;
  const Position at = given.At("stampede.grace");
  if (!given.IsBad("stampede.stale_while_revalidate") && stampede.stale_while_revalidate.count() == 0) {
    report(at, "stampede.grace: shadow has nothing to keep with stampede.stale_while_revalidate: 0ms");
  }
  if (!given.IsBad("stampede.coalesce") && stampede.coalesce == policy::Coalesce::kOff) {
    report(at, "stampede.grace: shadow has no effect with stampede.coalesce: off; use auto or on there");
  }
}

// Without TTL rules a refresh is none the worse: apps give expiries, and a key that has none is not refreshed.
void CheckRefresh(const Policy& policy, const GivenKeys& given, const Report& report) {
  // It has the last third of a life for a lease, which is 250 ms at least, and for the computing itself.
  constexpr std::chrono::milliseconds kShortestLife(1000);
  if (policy.refresh.mode == policy::RefreshMode::kOff) return;
  const Position at = given.At("refresh.mode");
  if (policy.stampede.coalesce == policy::Coalesce::kOff) {
    report(at, "refresh.mode: synthetic needs the leases that stampede.coalesce: off turns off; use auto or on there");
  }
  if (given.Has("ttl.max") && policy.ttl.max < kShortestLife) {
    report(at, "refresh.mode: synthetic has no time to refresh with a ttl.max below 1s");
  }
}

void CheckOffline(const policy::OfflineRules& offline, const GivenKeys& given, const Report& report) {
  const bool both = given.Has("offline.reads") && given.Has("offline.fallback");
  if (both && offline.fallback != policy::Fallback::kNone && offline.reads == policy::OfflineReads::kPass) {
    report(given.At("offline.fallback"), "offline.fallback: it has no effect with reads: pass; use miss or error");
  }
}

// What is invalidated by a tag is hidden by a name that begins with a generation.
void CheckTags(const Policy& policy, const GivenKeys& given, const Report& report) {
  if (policy.tags.empty() || given.IsBad("version.generation") || policy.version.generation) return;
  report(given.At("tags"), "tags: tags need generations; add version: {generation: true}");
}

}  // namespace

void CheckTogether(const Policy& policy, const GivenKeys& given, const Report& report) {
  CheckTtl(policy.ttl, given, report);
  CheckWait(policy.stampede, given, report);
  CheckStale(policy, given, report);
  CheckShadow(policy.stampede, given, report);
  CheckRefresh(policy, given, report);
  CheckOffline(policy.offline, given, report);
  CheckTags(policy, given, report);
}

}  // namespace herdgate::config
