// Bypass: the policies in force, and for a limited time the same without near cache, coalescing and refresh, so that
// every read is answered by Redis: to find out whether Herdgate is the cause of a trouble.
//
// TTL rules and versions stay: without them keys would have other names, and the apps would see an empty cache.
// Threads: any; a mutex, held while `apply` is called, which only posts. What was learned of a policy's keys is
// forgotten by a bypass, as by turning coalescing off in the file.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "sidecar/admin/api_content.h"
#include "sidecar/base/clock.h"
#include "sidecar/policy/policy.h"

namespace herdgate::app {

class Bypass {
 public:
  using Apply = std::function<void(const std::vector<policy::Policy>&)>;

  // `policies` are in force already.
  Bypass(std::vector<policy::Policy> policies, Apply apply, const base::Clock& clock);

  // From a reload. A bypass under way goes on.
  void SetPolicies(std::vector<policy::Policy> policies);
  // Errors: kInvalidArgument: no such policy.
  base::Status Set(const admin::BypassWish& wish);
  admin::BypassView View() const;
  // Ends what has lasted long enough.
  void EverySecond();

 private:
  // REQUIRES mutex_ held.
  void ApplyNow();

  const Apply apply_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<policy::Policy> policies_;
  admin::BypassView view_;
  base::SteadyTime ends_at_{};
};

}  // namespace herdgate::app
