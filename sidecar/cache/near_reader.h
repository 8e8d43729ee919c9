// NearReader: one loop's way into the near cache; counts what its look-ups found, and how old what was fresh was.
//
// The counts are here and not in the cache, so that loops don't write to one another's memory with each hit.
// Threads: its loop; Collect, any. Ownership: the loop's; the cache outlives it.
#pragma once

#include <array>
#include <utility>

#include "sidecar/cache/near_cache.h"
#include "sidecar/metrics/buckets.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::cache {

// Entry ages when they answer: near_ttl is seconds, 60 at most; stale values may be hours old.
inline constexpr metrics::BucketLayout kAgeBuckets = metrics::BucketLayout::Seconds(
    {std::chrono::milliseconds(5), std::chrono::milliseconds(20), std::chrono::milliseconds(100),
     std::chrono::milliseconds(500), std::chrono::milliseconds(1500), std::chrono::milliseconds(5500),
     std::chrono::milliseconds(15500), std::chrono::milliseconds(60500), std::chrono::milliseconds(600500),
     std::chrono::milliseconds(3600500)});

class alignas(metrics::kCacheLine) NearReader {
 public:
  explicit NearReader(NearCache& cache) : cache_(cache) {}

  NearCache& cache() { return cache_; }

  // See NearCache::Look and Lookup.
  template <typename Use>
  Freshness Look(const HashedKey& key, base::SteadyTime now, Use&& use) {
    const Freshness freshness = cache_.Look(key, now, [&](const Sight& sight) {
      if (sight.freshness == Freshness::kFresh && IsSample()) age_.Record(sight.age());
      use(sight);
    });
    lookups_[static_cast<std::size_t>(freshness)].Add();
    return freshness;
  }
  Found Lookup(const HashedKey& key, base::SteadyTime now) {
    Found found = cache_.Lookup(key, now);
    if (found.freshness == Freshness::kFresh && IsSample()) age_.Record(found.age);
    lookups_[static_cast<std::size_t>(found.freshness)].Add();
    return found;
  }

  void Collect(metrics::SampleSink& sink) const;

 private:
  // The age of one hit in kSampled: of all of them it would cost a tenth of a hit.
  static constexpr std::uint32_t kSampled = 64;
  bool IsSample() { return hits_++ % kSampled == 0; }

  NearCache& cache_;
  std::array<metrics::Counter, kFreshnesses> lookups_;
  metrics::Histogram age_{kAgeBuckets};
  std::uint32_t hits_ = 0;
};

}  // namespace herdgate::cache
