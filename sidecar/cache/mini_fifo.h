// MiniFifo: the near cache's S3-FIFO (s3_fifo.h) of another size, carried out on a sample of its keys: who would be in
// it, without any value. Each key of the sample stands for several, and takes the room of all of them.
//
// It decides as S3Fifo does, but that its ghost remembers exactly as many keys as it may, where the real one is a table
// of four-way sets.
// Threads: with the owner's mutex. Ownership: none; a key's place in each cache is in the key's record.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sidecar/cache/key_sample.h"

namespace herdgate::cache {

// Sizes of the near cache that are tried, as shares of what it has.
inline constexpr std::size_t kSizes = 7;
inline constexpr std::array<double, kSizes> kSizeShares = {0.125, 0.25, 0.5, 1, 2, 4, 8};

// A key's place in one cache.
struct MiniPlace {
  std::uint16_t newer = 0xffff;
  std::uint16_t older = 0xffff;
  Tick fresh_until = 0;
  std::uint16_t ghost = 0;  // when it left, in the ghost's stamps; 0: it is not remembered
  std::uint8_t frequency = 0;
  bool resident : 1 = false;
  bool in_main : 1 = false;
};
static_assert(sizeof(MiniPlace) == 12);

struct SizedKey : SampledKey {
  float bytes = 0;   // of all that it stands for
  Tick touched = 0;  // when it was looked up last
  std::array<MiniPlace, kSizes> places{};
};

class MiniFifo {
 public:
  using Sample = KeySample<SizedKey>;
  using Index = Sample::Index;

  // `size`: which place of a record is of this cache.
  MiniFifo(std::size_t size, double max_bytes) : size_(size), max_bytes_(max_bytes) {}

  // Puts the key in and lets others leave, or itself. REQUIRES: not resident.
  void Insert(Sample& sample, Index key);
  // For another reason than room. REQUIRES: resident.
  void Remove(Sample& sample, Index key);
  // What the key takes has changed by so much. REQUIRES: resident.
  void Resize(const MiniPlace& place, double by) { QueueOf(place).bytes += by; }
  // Lets keys leave until all fit.
  void Shrink(Sample& sample);
  // The keys' bytes, or what they stand for, have changed: adds all up anew.
  void Recount(const Sample& sample);
  bool Remembers(const MiniPlace& place) const {
    return place.ghost != 0 && static_cast<std::uint16_t>(stamp_ - place.ghost) < kStampsPerCapacity;
  }
  // REQUIRES: every record was cleared.
  void Clear();

  double bytes() const { return small_.bytes + main_.bytes; }

 private:
  static constexpr Index kNone = Sample::kNone;
  static constexpr int kStampsPerCapacity = 64;

  struct Queue {
    Index newest = kNone;
    Index oldest = kNone;
    double bytes = 0;
  };

  MiniPlace& Place(Sample& sample, Index key) const { return sample[key].places[size_]; }
  Queue& QueueOf(const MiniPlace& place) { return place.in_main ? main_ : small_; }
  void Push(Sample& sample, Index key);
  void Unlink(Sample& sample, Index key);
  void Leave(Sample& sample, Index key, bool remembered);
  bool Evict(Sample& sample);

  const std::size_t size_;
  const double max_bytes_;
  Queue small_;
  Queue main_;
  double keys_ = 0;  // resident: all that they stand for
  double ghost_capacity_ = 0;
  double since_stamp_ = 0;  // keys that left since the stamp went up
  std::uint16_t stamp_ = 1;
};

}  // namespace herdgate::cache
