// SizeCurve: how many look-ups the near cache would answer if it were larger or smaller, by policy: a miniature
// simulation (Waldspurger, Saemundsson, Ahmad, Park, "Cache Modeling and Optimization using Miniature Simulations",
// USENIX ATC 2017) of kSizes near caches on a sample of the keys.
//
// A policy's hit ratio depends on what other policies keep, because all share one cache; so do these. What the real one
// admits is heard of, not guessed: a key enters when a value of it was published, or when the real cache answers it
// where a smaller one would not have.
// Misses are estimated, and not hits: a hot key's hits would swing the estimate by whether it is in the sample, but
// each key misses seldom. So with all look-ups counted, sampled or not, 1 - misses / look-ups is the hit ratio;
// SHARDS-adj is the same in another form. And as the real cache's misses are known, all of them and those of the
// sample, their quotient says how lucky the sample is: MissEstimate. Threads: with the owner's mutex. Memory: bytes();
// taken when it is made. `now`: any clock that starts near 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sidecar/cache/key_sample.h"
#include "sidecar/cache/mini_fifo.h"
#include "sidecar/cache/miss_estimates.h"

namespace herdgate::cache {

class SizeCurve {
 public:
  // Bytes of a value's place in the near cache, its share of tables and ghosts included.
  static std::size_t Room(std::size_t key_size, std::size_t value_size);

  // `keys`: of the sample; 106 bytes each. `max_bytes`: the near cache's. `fill_time`: how long after a look-up its
  // value may be published, in ticks.
  SizeCurve(std::size_t keys, std::size_t max_bytes, Tick fill_time);

  bool Samples(std::size_t policy, std::uint64_t hash) const { return sample_.Samples(policy, hash); }
  std::uint32_t threshold(std::size_t policy) const { return sample_.threshold(policy); }
  std::size_t keys(std::size_t policy) const { return sample_.keys(policy); }
  // Whether there is room for twice as many keys, and more.
  bool HasRoom() const { return sample_.free_keys() > sample_.records().size() / 4 * 3; }

  // A key was looked up. `room`: the real near cache answered, with a value that takes so much; 0: it did not.
  // `fresh_for`: how long a value kept now would be answered, in ticks. REQUIRES: policy < kMostCurves.
  void LookedUp(std::size_t policy, std::uint64_t hash, std::size_t room, Tick fresh_for, Tick now);
  // A value was published. Of a key that is not known it means nothing.
  void Published(std::uint64_t hash, std::size_t room, Tick fresh_for, Tick now);
  // What is kept of the key went: it was written, or invalidated.
  void Dropped(std::uint64_t hash);
  // All went.
  void Clear();

  // Since the start.
  const MissEstimates<kSizes>& misses(std::size_t policy) const { return misses_[policy]; }

  // Fewer of the policy's keys, or more; Settle: those that came by Raise count from now on.
  void Lower(std::size_t policy);
  void Raise(std::size_t policy);
  void Settle(std::size_t policy) { sample_.Settle(policy); }
  bool settled(std::size_t policy) const { return sample_.settled(policy); }
  // Forgets the policy's keys and begins with all of them.
  void Restart(std::size_t policy);
  // Frees the keys that no size knows any more, but those whose value may still come.
  void Sweep(Tick now);

  std::size_t bytes() const { return sizeof(*this) + sample_.bytes(); }

 private:
  using Index = KeySample<SizedKey>::Index;

  void Keep(Index key, std::size_t size, Tick fresh_until);
  void SetRoom(Index key, std::size_t room);
  void Free(Index key);
  bool IsKnown(const SizedKey& record) const;
  void MakeRoom(Tick now);
  void Rescale(std::size_t policy, double factor);

  const Tick fill_time_;
  KeySample<SizedKey> sample_;
  std::array<MiniFifo, kSizes> caches_;
  std::array<MissEstimates<kSizes>, kMostCurves> misses_{};
};

}  // namespace herdgate::cache
