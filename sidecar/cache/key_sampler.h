// KeySampler: which of a loop's look-ups HotKeys gets to see. A touch costs as much as a hit; so of a quiet second's
// look-ups it sees all, and of a busy one's, beyond the first kAll, one in kOneIn at random. Keys that are hot stay so,
// as all keys are thinned out alike; chance, so that no rhythm of an app hides a key.
//
// Threads: one owner, a loop. `now` is the caller's steady clock, read in this loop turn.
#pragma once

#include <chrono>
#include <cstdint>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"

namespace herdgate::cache {

class KeySampler {
 public:
  static constexpr std::uint32_t kAll = 4096;
  static constexpr std::uint32_t kOneIn = 4;

  bool Sees(base::SteadyTime now) { return Weight(now) > 0; }
  // Of how many look-ups this one is the sample; 0: of none.
  std::uint32_t Weight(base::SteadyTime now) {
    if (now - began_ >= std::chrono::seconds(1)) {
      began_ = now;
      seen_ = 0;
    }
    if (seen_ < kAll) {
      ++seen_;
      return 1;
    }
    return random_.Below(kOneIn) == 0 ? kOneIn : 0;
  }

 private:
  base::SteadyTime began_{};
  std::uint32_t seen_ = 0;
  base::Random random_{1};
};

}  // namespace herdgate::cache
