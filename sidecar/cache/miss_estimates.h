// MissEstimates: how often look-ups missed, by what a sample of the keys says: in worlds that are tried and in the real
// one, whose misses are also known exactly.
//
// Threads: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace herdgate::cache {

template <std::size_t kWorlds>
struct MissEstimates {
  std::array<double, kWorlds> tried{};
  double real = 0;

  // What was counted since `before`.
  MissEstimates Since(const MissEstimates& before) const {
    MissEstimates since{.tried = tried, .real = real - before.real};
    for (std::size_t i = 0; i < kWorlds; ++i) since.tried[i] -= before.tried[i];
    return since;
  }
  // The share of `lookups` that hit in each world. `missed`: how many of them missed in the real one. A sample whose
  // keys miss more or less often than all do is corrected by that, within bounds.
  std::array<double, kWorlds> HitRatios(double lookups, double missed) const {
    constexpr double kMostCorrection = 2;
    const double factor = real > 0 && missed > 0 ? std::clamp(missed / real, 1 / kMostCorrection, kMostCorrection) : 1;
    std::array<double, kWorlds> ratios{};
    for (std::size_t i = 0; i < kWorlds; ++i)
      ratios[i] = lookups > 0 ? std::clamp(1 - tried[i] * factor / lookups, 0.0, 1.0) : 0;
    return ratios;
  }
};

}  // namespace herdgate::cache
