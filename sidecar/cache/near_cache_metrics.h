// NearCacheMetrics: what a scrape shows of the near cache.
//
// Threads: Collect, any. Ownership: the cache outlives it.
#pragma once

#include "sidecar/cache/near_cache.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::cache {

// Also counted by whoever reads the values, for reasons of its own.
inline constexpr metrics::CounterFamily kNearFillRefusals{
    "herdgate_near_fill_refusals_total",
    "Values that could have been read for the near cache and were not, by reason."};

class NearCacheMetrics {
 public:
  explicit NearCacheMetrics(const NearCache& cache) : cache_(cache) {}

  void Collect(metrics::SampleSink& sink) const;

 private:
  const NearCache& cache_;
};

}  // namespace herdgate::cache
