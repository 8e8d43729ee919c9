// HotSketch: the keys that one loop is asked for most: how often, what came of it, and when.
//
// Space-Saving (Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent and Top-k Elements in Data Streams",
// ICDT 2005) with weights. 1,024 keys are counted. A key that isn't takes the place of the least counted one and goes
// on from its count, which it keeps as its possible error. So with N lookups in all: a key's true number lies between
// count - error and count, no error is above N/1024, and every key with more than N/1024 is in.
// All counts are halved every five minutes, N too, so what was hot once is forgotten; rounding keeps the bounds, but
// may add 3 to an error. The minutes are not halved: what was counted in each of them since the key is in.
// cache::HotKeys decides what the near cache admits: fewer keys, no weights, halved by the number of touches; this one
// is for people.
//
// Cost of a Touch: 16 ns for one key again and again, 48 ns on a Zipf-like stream, 68 ns where each takes another's
// place (tests/bench/micro). It takes a lock that who asks holds for 1.3 us at a time, and allocates nothing but, at
// the first one, all its memory: 384 KiB. Threads: Touch, one loop; the others, any; a leaf mutex. Ownership: of
// HotList.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/cache/hashed_key.h"
#include "sidecar/metrics/cell.h"

namespace herdgate::stampede {

// What is counted of a lookup.
struct HotLookup {
  std::uint16_t policy = 0;  // its index
  bool hit = false;
  std::uint32_t weight = 1;  // of how many lookups this one is the sample; REQUIRES > 0
};

class alignas(metrics::kCacheLine) HotSketch {
 public:
  static constexpr std::size_t kKeys = 1024;
  static constexpr std::size_t kMaxKeyBytes = 256;  // longer keys are cut
  static constexpr std::size_t kMinutes = 15;
  static constexpr std::chrono::minutes kHalveEvery{5};
  static constexpr std::uint16_t kNoPolicy = 0xffff;
  using Minutes = std::array<std::uint64_t, kMinutes>;  // the present one, which isn't over, last

  // Of one key. Its error is count - hits - misses.
  struct Count {
    std::uint64_t hash = 0;
    std::uint64_t count = 0;
    std::uint64_t sure = 0;  // hits + misses
  };
  struct Detail {
    std::string key{};
    bool key_cut = false;
    std::uint16_t policy = kNoPolicy;  // of the last lookup
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    Minutes minutes{};
  };
  struct Counts {
    std::vector<Count> keys;    // in no order
    std::uint64_t lookups = 0;  // N
    std::uint64_t absent = 0;   // the most that a key may have that isn't in
  };

  HotSketch() = default;
  HotSketch(const HotSketch&) = delete;
  HotSketch& operator=(const HotSketch&) = delete;

  // Keys of one hash are one key. REQUIRES: now doesn't go back.
  void Touch(const cache::HashedKey& key, const HotLookup& lookup, base::SteadyTime now);

  Counts CountsAt(base::SteadyTime now);
  // Nothing for one that has gone. At most some dozens at once: the loop waits meanwhile.
  std::vector<std::optional<Detail>> Details(const std::vector<std::uint64_t>& hashes, base::SteadyTime now);
  // Lookups of the key a second: of the present minute, once it is ten seconds old, or of it and the one before if they
  // are more. 0 for one that isn't in.
  double RateOf(std::uint64_t hash, base::SteadyTime now);
  // Policies have other indices now.
  void ForgetPolicies();

 private:
  using Index = std::uint16_t;
  static constexpr Index kNone = 0xffff;
  static constexpr std::size_t kBuckets = 2048;

  struct Place {
    std::uint64_t count = 0;
    Index slot = 0;
  };
  struct Facts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::int64_t minute = 0;                        // the newest of `minutes`
    std::array<std::uint32_t, kMinutes> minutes{};  // minute m at m % kMinutes
    std::uint16_t policy = kNoPolicy;
    std::uint16_t key_bytes = 0;
    bool key_cut = false;
  };
  // Apart by use: a touch reads few cache lines.
  struct Body {
    std::array<Index, kBuckets> chains;  // by hash
    std::array<Index, kKeys> next;       // in its chain
    std::array<std::uint64_t, kKeys> hashes;
    std::array<Place, kKeys> heap;    // the least counted first
    std::array<Index, kKeys> places;  // of slots in `heap`
    std::array<Facts, kKeys> facts;
    std::array<std::array<char, kMaxKeyBytes>, kKeys> keys;
  };

  static std::size_t ChainOf(std::uint64_t hash) { return static_cast<std::size_t>(hash >> 24U) % kBuckets; }
  static void Turn(Facts& facts, std::int64_t minute);
  // All below REQUIRE mutex_ held; those that work on a slot, body_.
  Index Find(std::uint64_t hash) const;
  Index Enter(const cache::HashedKey& key, std::int64_t minute);
  void Leave(Index slot);
  void Sink(std::size_t place);
  void Put(std::size_t place, const Place& what);
  void HalveAt(std::int64_t minute);
  Detail DetailOf(Index slot, std::int64_t minute) const;

  std::mutex mutex_;
  std::unique_ptr<Body> body_;  // from the first Touch
  std::size_t used_ = 0;
  std::uint64_t lookups_ = 0;
  std::int64_t halved_ = 0;  // how many kHalveEvery had gone by
};

}  // namespace herdgate::stampede
