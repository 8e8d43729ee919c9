// How long what a fill brought may be answered from the near cache, and from when on its key's expiry may explain that
// it is gone.
//
// Threads: a pure function.
#pragma once

#include <chrono>
#include <optional>

#include "sidecar/base/clock.h"
#include "sidecar/cache/entry.h"
#include "sidecar/policy/policy.h"
#include "sidecar/upstream/tracking/fill_sink.h"

namespace herdgate::pipeline {

// The policy's, when the fill was asked for.
struct FillWindows {
  std::chrono::milliseconds max_ttl{0};
  // How long past fresh it may be answered while the upstream is away.
  std::chrono::milliseconds stale_if_error{0};
  // How long past the key's expiry it may be answered while somebody computes the new value.
  std::chrono::milliseconds stale_while_revalidate{0};
};

FillWindows WindowsOf(const policy::Policy& policy);

// Nothing if it may not be answered at all.
//
// The key's expiry, of which PTTL told the milliseconds left, counts from both sides (cache::Lifetime):
// - expires_at from when the fill was asked for, which was before PTTL was answered: surely not too late. Fresh ends
//   there, and the window of stale_while_revalidate begins.
// - expired_by from when the answer was here, so that a push that is under way as long as that answer was comes before
//   it if what it tells happened before the expiry. On top: PTTL's millisecond, 2 ms for pushes that take longer, and
//   one part in 4096 for clocks that don't go alike. A key that was read a quarter of an hour before it expires is thus
//   beyond the near cache's doubt, and is not kept past a push.
std::optional<cache::Lifetime> LifetimeOf(const upstream::Filled& fill, const FillWindows& windows,
                                          base::SteadyTime now);

}  // namespace herdgate::pipeline
