// What the tracked connection of the near cache counts.
//
// Threads: the cells are written on the connection's loop; mode, fault and Collect, any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sidecar/metrics/buckets.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/upstream/tracking/tracking_fault.h"

namespace herdgate::upstream {

enum class FillResult : std::uint8_t {
  kValue,
  kNil,
  kError,     // the upstream's own error, or the key ran out meanwhile
  kTooLarge,  // a value longer than TrackingOptions::max_value; it passed by unheld
  kLost,      // the connection went first
};
inline constexpr std::size_t kFillResults = 5;

struct alignas(metrics::kCacheLine) TrackingMetrics {
  metrics::Counter pushes;  // invalidations, whatever they name
  metrics::Counter canary_skips;
  metrics::Histogram push_lag{metrics::kPushLagBuckets};
  std::array<metrics::Counter, kFillResults> fills;
  std::array<metrics::Counter, kTrackingFaults> losses;  // of an armed connection

  void Set(TrackingMode mode, TrackingFault fault) {
    state_.store(static_cast<unsigned>(mode) << 8U | static_cast<unsigned>(fault), std::memory_order_relaxed);
  }
  TrackingMode mode() const { return static_cast<TrackingMode>(state_.load(std::memory_order_relaxed) >> 8U); }
  TrackingFault fault() const { return static_cast<TrackingFault>(state_.load(std::memory_order_relaxed) & 0xffU); }

  void Collect(metrics::SampleSink& sink) const;

 private:
  std::atomic<unsigned> state_{static_cast<unsigned>(TrackingMode::kOff) << 8U |
                               static_cast<unsigned>(TrackingFault::kStopped)};
};

}  // namespace herdgate::upstream
