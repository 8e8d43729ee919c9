// How long what a fill brought may be answered from the near cache.
//
// Threads: a pure function.
#pragma once

#include <chrono>
#include <optional>

#include "sidecar/base/clock.h"
#include "sidecar/cache/entry.h"
#include "sidecar/upstream/tracking/fill_sink.h"

namespace herdgate::pipeline {

// The policy's, when the fill was asked for.
struct FillWindows {
  std::chrono::milliseconds max_ttl{0};
  // How long past fresh it may be answered while the upstream is away.
  std::chrono::milliseconds stale_if_error{0};
};

// Nothing if it may not be answered at all.
std::optional<cache::Lifetime> LifetimeOf(const upstream::Filled& fill, const FillWindows& windows,
                                          base::SteadyTime now);

}  // namespace herdgate::pipeline
