// NearCacheMetrics: what a scrape shows of the near cache.
//
// Threads: Collect, any. Ownership: the cache outlives it.
#pragma once

#include "sidecar/cache/near_cache.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::cache {

class NearCacheMetrics {
 public:
  explicit NearCacheMetrics(const NearCache& cache) : cache_(cache) {}

  void Collect(metrics::SampleSink& sink) const;

 private:
  const NearCache& cache_;
};

}  // namespace herdgate::cache
