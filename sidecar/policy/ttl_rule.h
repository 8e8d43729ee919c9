// ApplyTtl: which expiry a key gets for the one that was asked.
//
//   applied = clamp(requested * (1 - U * jitter), min, max)      U uniform in [0, 1)
// Jitter only shortens, and the bounds come last: the result is never longer than the request unless `min` lifts it,
// and never 0. Threads: pure but for the randomness that the caller owns.
#pragma once

#include <chrono>

#include "sidecar/base/random.h"
#include "sidecar/policy/policy.h"
#include "sidecar/policy/request_plan.h"

namespace herdgate::policy {

struct TtlOutcome {
  std::chrono::milliseconds applied{0};
  TtlAction action = TtlAction::kUnchanged;  // kUnchanged, kClamped or kJittered
};

// REQUIRES: requested > 0. Draws from `random` only if the rules have a jitter.
TtlOutcome ApplyTtl(const TtlRules& rules, std::chrono::milliseconds requested, base::Random& random);

}  // namespace herdgate::policy
