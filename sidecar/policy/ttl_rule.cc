#include "sidecar/policy/ttl_rule.h"

#include <algorithm>
#include <cstdint>

namespace herdgate::policy {

TtlOutcome ApplyTtl(const TtlRules& rules, std::chrono::milliseconds requested, base::Random& random) {
  using std::chrono::milliseconds;
  milliseconds jittered = requested;
  if (rules.jitter > 0) {
    // Below `requested`, so the cast can't overflow: U * jitter < 1, and a double keeps the order of what it rounds.
    const double share = random.Unit() * std::min(rules.jitter, 1.0);
    const auto shorter = static_cast<std::int64_t>(static_cast<double>(requested.count()) * share);
    jittered -= milliseconds(std::min(shorter, requested.count() - 1));
  }
  TtlOutcome outcome{jittered, jittered == requested ? TtlAction::kUnchanged : TtlAction::kJittered};
  if (rules.max.count() > 0) outcome.applied = std::min(outcome.applied, rules.max);
  if (rules.min.count() > 0) outcome.applied = std::max(outcome.applied, rules.min);
  if (outcome.applied != jittered) outcome.action = TtlAction::kClamped;
  if (outcome.applied == requested) outcome.action = TtlAction::kUnchanged;
  return outcome;
}

}  // namespace herdgate::policy
