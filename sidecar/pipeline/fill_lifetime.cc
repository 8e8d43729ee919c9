#include "sidecar/pipeline/fill_lifetime.h"

#include <algorithm>

namespace herdgate::pipeline {
namespace {

// Redis pushes the creation of a missing key too; a nil is still kept for a short time only, because it costs most when
// it is wrong.
constexpr std::chrono::milliseconds kMostForNil{1000};
constexpr std::chrono::milliseconds kPttlStep{1};
constexpr std::chrono::milliseconds kSlowPush{2};
constexpr int kClockRatio = 4096;
constexpr std::int64_t kNoSuchKey = -2;  // PTTL's answer
// A century: what is longer would run out of the clock's range.
constexpr std::int64_t kMostPttl = 100LL * 366 * 24 * 3600 * 1000;

}  // namespace

FillWindows WindowsOf(const policy::Policy& policy) {
  const bool grace = policy.coalesces() && policy.stampede.grace != policy::Grace::kExtend;
  return {.max_ttl = policy.near.max_ttl,
          .stale_if_error = policy.stale_if_error,
          .stale_while_revalidate = grace ? policy.stampede.stale_while_revalidate : std::chrono::milliseconds(0)};
}

std::optional<cache::Lifetime> LifetimeOf(const upstream::Filled& fill, const FillWindows& windows,
                                          base::SteadyTime now) {
  if (!fill.nil && fill.pttl_ms == kNoSuchKey) return std::nullopt;
  base::SteadyTime fresh = now + (fill.nil ? std::min(windows.max_ttl, kMostForNil) : windows.max_ttl);
  const bool expires = fill.pttl_ms >= 0 && fill.pttl_ms <= kMostPttl;
  const std::chrono::milliseconds left(expires ? fill.pttl_ms : 0);
  if (expires) fresh = std::min(fresh, fill.asked_at + left);
  if (fresh <= now) return std::nullopt;
  // What is known to be missing is no better than a miss when it is stale.
  const auto stale = fresh + (fill.nil ? std::chrono::milliseconds(0) : windows.stale_if_error);
  cache::Lifetime lifetime{.now = now, .fresh_until = fresh, .stale_until = stale};
  if (!expires || fill.nil) return lifetime;
  lifetime.expires_at = fill.asked_at + left;
  lifetime.expired_by = lifetime.expires_at + fill.rtt + kPttlStep + kSlowPush + left / kClockRatio;
  lifetime.grace = windows.stale_while_revalidate;
  return lifetime;
}

}  // namespace herdgate::pipeline
