// HotList: the keys that this pod is asked for most, all its loops together: how often, within which bounds, what came
// of it, and their last 15 minutes.
//
// Each loop counts into a sketch of its own (hot_sketch.h); who asks adds them up. A key that isn't in a loop's sketch
// may have been asked for there as often as the least counted one that is: that much is added to its count and to its
// error. So with N lookups in all loops no error is above N/1024 (and 3 a loop), and every key with more than that is
// known.
// Counts are of the last minutes, each five of them weighing half of the next; only the minutes are plain numbers, and
// only of the time since the key is in its loop's sketch.
// Bounded: 384 KiB a loop, taken when that loop counts its first lookup.
//
// Threads: Touch, its loop; all else, any: it takes the loops' mutexes one after the other, each for microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/cache/hashed_key.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/stampede/hot_sketch.h"

namespace herdgate::stampede {

struct HotKey {
  std::uint64_t hash = 0;
  std::string key{};  // cut at 256 bytes
  bool key_cut = false;
  std::size_t policy = HotSketch::kNoPolicy;  // its index when it was looked up last; kNoPolicy: before a reload
  std::uint64_t count = 0;                    // at most so often, ...
  std::uint64_t error = 0;                    // ... and at least count - error = hits + misses times
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  HotSketch::Minutes minutes{};  // lookups; the present minute, which isn't over, last
};

class HotList {
 public:
  static constexpr std::size_t kTop = 100;

  // `clock` (for a scrape) outlives it.
  HotList(std::size_t loops, const base::Clock& clock);

  // REQUIRES: loop < loops; one seed for all keys.
  void Touch(std::size_t loop, const cache::HashedKey& key, const HotLookup& lookup, base::SteadyTime now) {
    sketches_[loop]->Touch(key, lookup, now);
  }

  // Lookups of the key a second in that loop (HotSketch::RateOf). REQUIRES: loop < loops.
  double RateOf(std::size_t loop, std::uint64_t hash, base::SteadyTime now) {
    return sketches_[loop]->RateOf(hash, now);
  }
  // The surest first: those with the most lookups that were counted for certain.
  std::vector<HotKey> Top(std::size_t n, base::SteadyTime now) const;
  // A reload has given the policies other indices.
  void ForgetPolicies();

  void Collect(metrics::SampleSink& sink) const;

 private:
  // Of all loops.
  struct Sum {
    std::uint64_t hash = 0;
    std::uint64_t count = 0;
    std::uint64_t sure = 0;
  };
  struct Sums {
    std::vector<Sum> keys;  // the n first are the top, in their order
    std::uint64_t lookups = 0;
  };
  Sums Merge(std::size_t n, base::SteadyTime now) const;
  void AddDetails(std::vector<HotKey>& keys, base::SteadyTime now) const;

  const base::Clock& clock_;
  std::vector<std::unique_ptr<HotSketch>> sketches_;
};

}  // namespace herdgate::stampede
