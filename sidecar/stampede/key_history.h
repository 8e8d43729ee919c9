// KeyHistory: what this pod last saw of each key: how long its recomputation took, when it was written and for how
// long, whether it was deleted since.
//
// Told of fills, SETs and deletes; asked at every hit of a policy that refreshes early. What other pods write isn't
// seen, so `left of its life` is the upstream's to say.
// A table of fixed size, in sets of four: a new key takes the place of the one written longest ago. 40 bytes a key.
// Threads: any. Find takes no lock (each slot is a sequence lock; a reader that meets a writer finds nothing) and
// allocates nothing; writers of one slot that meet leave one of them out: it is told again at the next SET.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "sidecar/base/clock.h"

namespace herdgate::stampede {

struct KeyFacts {
  std::chrono::microseconds delta{0};     // of the last recomputation; 0: not known
  std::chrono::milliseconds lifetime{0};  // that the last SET gave it; 0: none
  base::SteadyTime set_at;                // to the millisecond
  bool deleted = false;                   // since
};

// Why a key was missed, as far as this pod can tell; a label's values.
enum class MissCause : std::uint8_t {
  kCold,      // nothing is known of the key
  kExpiry,    // its life was over
  kDelete,    // an app of this pod deleted it, or the operator did
  kEviction,  // it should still live: the upstream made room, or somebody elsewhere deleted it
  kBump,      // the policy's generation has changed since it was written
};
inline constexpr std::size_t kMissCauses = 5;

// `bumped_at`: when the generation changed, if that is so lately that its keys may not all have been read since.
MissCause CauseOf(const std::optional<KeyFacts>& facts, std::optional<base::SteadyTime> bumped_at,
                  base::SteadyTime now);

class KeyHistory {
 public:
  static constexpr std::size_t kSlots = 16384;

  // `slots`: REQUIRES a power of two, at least 4.
  explicit KeyHistory(std::size_t slots = kSlots);

  std::optional<KeyFacts> Find(std::uint64_t key) const;
  // A SET. `delta`: 0 leaves the one that is known.
  void OnSet(std::uint64_t key, std::chrono::milliseconds lifetime, std::chrono::nanoseconds delta,
             base::SteadyTime now);
  void OnDeleted(std::uint64_t key);
  // A read said that the key has so much of its life left: who else has written it isn't seen here. `left`: REQUIRES >
  // 0
  void OnLeft(std::uint64_t key, std::chrono::milliseconds left, base::SteadyTime now);

 private:
  struct Slot {
    std::atomic<std::uint32_t> version{0};   // odd while it is written
    std::atomic<std::uint32_t> delta{0};     // microseconds
    std::atomic<std::uint64_t> key{0};       // 0: empty
    std::atomic<std::uint64_t> set_at{0};    // milliseconds of the steady clock; the highest bit: deleted since
    std::atomic<std::uint64_t> lifetime{0};  // milliseconds
  };
  static constexpr std::size_t kWays = 4;
  static constexpr std::uint64_t kDeleted = std::uint64_t{1} << 63U;

  Slot* SetOf(std::uint64_t key) const { return &slots_[(static_cast<std::size_t>(key >> 20U) & (sets_ - 1)) * kWays]; }
  static bool Begin(Slot& slot);
  static void End(Slot& slot);

  const std::size_t sets_;
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace herdgate::stampede
