// FillSink: who gets what the tracked connection learns. The pipeline implements it over the near cache.
//
// Threads: the tracked connection's loop. Calls may start fills and fences, and may stop the connection; they must not
// destroy it. A value that a sink has published after OnArmed may be served until an OnInvalidate, OnFlush or OnLost.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/upstream/tracking/tracking_fault.h"
#include "sidecar/upstream/tracking/tracking_metrics.h"

namespace herdgate::upstream {

// The sink's own words for a fill (its reservation); the connection only hands them back.
struct FillToken {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

struct Filled {
  std::string key;
  FillToken token;
  bool nil = false;
  std::string value;
  // PTTL's answer, asked right behind the value: -1 no expiry, -2 no such key, else milliseconds.
  std::int64_t pttl_ms = -2;
  // The upstream read the value after asked_at and at most `rtt` later; asked_at + pttl_ms is surely not too late.
  base::SteadyTime asked_at;
  std::chrono::nanoseconds rtt{0};
};

class FillSink {
 public:
  virtual ~FillSink() = default;

  // A value, unless it was invalidated: at the end of a read, after all pushes that came in it, so that a sink that
  // drops a fill at OnInvalidate publishes nothing that this read already revoked.
  virtual void OnFill(Filled&& fill) = 0;
  // The fill brought no value, and won't.
  virtual void OnFillFailed(FillToken token, const std::string& key, FillResult why) = 0;
  // Somebody wrote `key`, or it ran out. At once, before what follows it on the connection is looked at.
  virtual void OnInvalidate(std::string_view key) = 0;
  // Everything may have been written: FLUSHALL, or another server answers than before. Nothing read earlier is right.
  virtual void OnFlush() = 0;
  // Armed no more: nobody says any more when what was read earlier is written. Once per OnArmed.
  virtual void OnLost(TrackingFault why) = 0;
  // Proven: what is read from now on is pushed when it is written.
  virtual void OnArmed() = 0;
};

}  // namespace herdgate::upstream
