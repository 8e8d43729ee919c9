// TtlCurve: how many look-ups would find a value if all keys lived longer or shorter, by policy: ghost expiries, one
// for each of kLives, on a sample of the keys. Room is not looked at: it is the upstream's hit ratio, not the near
// cache's.
//
// The model of a hit at a lifetime: the key was written at most so long ago, and not deleted since. Where a world of
// shorter lives misses and the real one does not, its app writes the value at once. A write behind a miss of the real
// world happens only in the worlds that have no value; any other write happens in all.
// What the real world shows corrects the model, as other pods and the upstream's own eviction are not heard of. A value
// that is there though its life should be over was written by somebody: it is there in the worlds of longer lives too.
// One that is gone though it should live was deleted: it is gone in all. So the curve at 1 is the real hit ratio.
// Of a key whose past is not known the worlds of shorter lives miss, and those of longer lives see what the real one
// does: a process knows nothing of what was before it.
// Misses are counted and not hits; why is said in size_curve.h.
// Threads: with the owner's mutex. Memory: bytes(); taken when it is made. `now`: any clock that starts
// near 0 and is never 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sidecar/cache/key_sample.h"
#include "sidecar/cache/miss_estimates.h"

namespace herdgate::cache {

// Lifetimes that are tried, as shares of what each key has.
inline constexpr std::size_t kLives = 5;
inline constexpr std::array<double, kLives> kLifeShares = {0.25, 0.5, 1, 2, 4};

class TtlCurve {
 public:
  // `keys`: of the sample; 42 bytes each. `write_time`: how long after a miss its write may come, in ticks.
  TtlCurve(std::size_t keys, Tick write_time) : write_time_(write_time), sample_(keys) {}

  bool Samples(std::size_t policy, std::uint64_t hash) const { return sample_.Samples(policy, hash); }
  std::uint32_t threshold(std::size_t policy) const { return sample_.threshold(policy); }
  std::size_t keys(std::size_t policy) const { return sample_.keys(policy); }
  // Whether there is room for twice as many keys, and more.
  bool HasRoom() const { return sample_.free_keys() > sample_.records().size() / 4 * 3; }

  // A key was looked up, and its value was there or not. `life`: of a key of whose own nothing is known; in ticks.
  // REQUIRES: policy < kMostCurves; 0 < life.
  void LookedUp(std::size_t policy, std::uint64_t hash, bool found, Tick life, Tick now);
  // A value was written to live so long; 0: not known, then `fallback`. Of a key that is not known it means nothing.
  void Written(std::uint64_t hash, Tick life, Tick fallback, Tick now);
  void Removed(std::uint64_t hash);
  void Clear() { sample_.Clear(); }

  // Since the start.
  const MissEstimates<kLives>& misses(std::size_t policy) const { return misses_[policy]; }

  // As SizeCurve's.
  void Lower(std::size_t policy);
  void Raise(std::size_t policy) { sample_.Raise(policy); }
  void Settle(std::size_t policy) { sample_.Settle(policy); }
  bool settled(std::size_t policy) const { return sample_.settled(policy); }
  void Restart(std::size_t policy);
  void Sweep(Tick now);

  std::size_t bytes() const { return sizeof(*this) + sample_.bytes(); }

 private:
  static constexpr std::size_t kReal = 2;
  static_assert(kLifeShares[kReal] == 1);

  struct LivingKey : SampledKey {
    Tick life = 0;    // of the value written last
    Tick missed = 0;  // when it was not there, if nothing was written since; else 0
    std::array<Tick, kLives> until{};
  };
  using Index = KeySample<LivingKey>::Index;

  static Tick After(Tick now, Tick life, std::size_t which);
  static void Correct(LivingKey& record, bool found, Tick now);
  void MakeRoom(Tick now);

  const Tick write_time_;
  KeySample<LivingKey> sample_;
  std::array<MissEstimates<kLives>, kMostCurves> misses_{};
};

}  // namespace herdgate::cache
