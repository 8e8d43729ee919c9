// ReadRates: how often a second each key is read here, for the keys that are read most.
//
// Counts of the present window and the one before, the latter in the share of it that still lies within one window's
// length. 4,096 keys in sets of four; in a full set the key with the fewest reads makes room. A key that is seen for
// less than a window is taken for colder than it is. 96 KiB. Touch takes constant time and allocates nothing.
// Threads: one owner, a loop; a pod's rate is the sum of its loops', or one loop's times their number.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sidecar/base/clock.h"

namespace herdgate::stampede {

class ReadRates {
 public:
  static constexpr std::chrono::seconds kWindow{10};

  ReadRates() : slots_(kSets * kWays) {}

  // Counts one read; the rate with it, in reads a second. REQUIRES: now doesn't go back.
  double Touch(std::uint64_t key, base::SteadyTime now);

 private:
  static constexpr std::size_t kSets = 1024;
  static constexpr std::size_t kWays = 4;
  struct Slot {
    std::uint64_t key = 0;
    std::int64_t window = -2;  // the present one's number when last touched
    std::uint32_t count = 0;   // in it
    std::uint32_t before = 0;
  };
  static void Turn(Slot& slot, std::int64_t window);

  std::vector<Slot> slots_;
};

}  // namespace herdgate::stampede
