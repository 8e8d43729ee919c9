// Companions: two keys that an app computes together, and writes one behind the other after it has found one missing.
// Django caches a page as two keys: the first says by which headers pages differ, the second is the page. The SET of
// the first ends all waits for it; those who waited then look for the page, which is on its way, and would compute it
// again. So would who sees one of them alive and the other one gone, while somebody computes both.
//
// So where a policy's traffic has shown companions, who finds nothing is patient before it leads: shortly after a wait
// has ended for about as long as a companion takes, and while somebody computes the companion until it is to be
// expected. Elsewhere patience is none.
//
// Threads: any, for everything. A leaf mutex, not taken where no companions were seen of late. Bounded: 1,024 pairs of
// keys of 512 bytes at most.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/cache/hashed_key.h"
#include "sidecar/stampede/bounded_map.h"

namespace herdgate::stampede {

class Companions {
 public:
  // What comes later has nothing to do with the SET, or the wait, before it.
  static constexpr std::chrono::milliseconds kSoon{25};
  // So long a pair that was seen counts.
  static constexpr std::chrono::minutes kMemory{10};

  // A connection has sent a SET of `second`, which nobody had missed before, so long after one of `first`, which
  // followed a miss.
  void OnSecondSet(const cache::HashedKey& first, const cache::HashedKey& second, std::chrono::nanoseconds gap,
                   base::SteadyTime now);
  // A caller has got the value for which it waited.
  void OnWaitEnded(base::SteadyTime now) { wait_ended_.store(Ticks(now), std::memory_order_relaxed); }

  // How long a caller that finds nothing should wait for a SET before anybody leads.
  std::chrono::milliseconds Patience(base::SteadyTime now) const;
  // Keys that are known to have one.
  std::size_t size() const;
  // The key with which this one is computed; empty: none is known.
  std::string CompanionOf(std::uint64_t hash, base::SteadyTime now);

 private:
  static constexpr std::int64_t kNever = INT64_MIN / 2;
  static constexpr std::size_t kMaxKeyBytes = 512;
  static std::int64_t Ticks(base::SteadyTime time) { return time.time_since_epoch().count(); }
  bool Seen(base::SteadyTime now) const;

  std::atomic<std::int64_t> seen_{kNever};
  std::atomic<std::int64_t> gap_{0};
  std::atomic<std::int64_t> wait_ended_{kNever};
  mutable std::mutex mutex_;                  // a leaf; guards all below
  BoundedMap<std::string> companions_{2048};  // by the hash of either
};

}  // namespace herdgate::stampede
