// StampedeHistograms: how stampedes went, over all policies: one set of series, whatever the number of policies, and it
// doesn't shrink when one of them goes.
//
// Threads: any; a leaf mutex among those who count, none for who reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::stampede {

class StampedeHistograms {
 public:
  // A leader leads no more; `size`: callers, itself among them.
  void OnFlight(std::uint32_t size, std::chrono::nanoseconds duration);
  // A GET that waited was answered with the value, or had waited too long.
  void OnWait(std::chrono::nanoseconds waited);
  // A value was recomputed.
  void OnRecompute(std::chrono::nanoseconds delta);
  // A synthetic miss was shown, so long before the end of the value's life.
  void OnRefresh(std::chrono::nanoseconds left);
  // An old value was answered, so long after it.
  void OnStale(std::chrono::nanoseconds age);

  // `refreshes`: some policy does, so that what is known of refreshes is shown while it is nothing, too.
  void Collect(metrics::SampleSink& sink, bool refreshes = false) const;

 private:
  std::mutex mutex_;  // one writer at a time
  metrics::Histogram sizes_{metrics::kFlightSizeBuckets};
  metrics::Histogram durations_{metrics::kRecomputeBuckets};
  metrics::Histogram waits_{metrics::kFlightWaitBuckets};
  metrics::Histogram recomputes_{metrics::kRecomputeBuckets};
  metrics::Histogram gaps_{metrics::kAroundExpiryBuckets};
  metrics::Histogram stale_ages_{metrics::kAroundExpiryBuckets};
};

}  // namespace herdgate::stampede
