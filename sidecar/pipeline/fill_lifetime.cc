#include "sidecar/pipeline/fill_lifetime.h"

#include <algorithm>

namespace herdgate::pipeline {
namespace {

// Redis pushes the creation of a missing key too; a nil is still kept for a short time only, because it costs most when
// it is wrong.
constexpr std::chrono::milliseconds kMostForNil{1000};
constexpr std::int64_t kNoSuchKey = -2;  // PTTL's answer

}  // namespace

std::optional<cache::Lifetime> LifetimeOf(const upstream::Filled& fill, const FillWindows& windows,
                                          base::SteadyTime now) {
  if (!fill.nil && fill.pttl_ms == kNoSuchKey) return std::nullopt;
  base::SteadyTime fresh = now + (fill.nil ? std::min(windows.max_ttl, kMostForNil) : windows.max_ttl);
  if (fill.pttl_ms >= 0) fresh = std::min(fresh, fill.asked_at + std::chrono::milliseconds(fill.pttl_ms));
  if (fresh <= now) return std::nullopt;
  // What is known to be missing is no better than a miss when it is stale.
  const auto stale = fresh + (fill.nil ? std::chrono::milliseconds(0) : windows.stale_if_error);
  return cache::Lifetime{.now = now, .fresh_until = fresh, .stale_until = stale};
}

}  // namespace herdgate::pipeline
