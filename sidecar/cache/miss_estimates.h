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
  // What was counted since, times `factor`, is added.
  void Add(const MissEstimates& since, double factor) {
    for (std::size_t i = 0; i < kWorlds; ++i) tried[i] += since.tried[i] * factor;
    real += since.real * factor;
  }
  // By what the estimates are wrong, if `missed` look-ups missed in the real world: a sample's keys may miss more or
  // less often than all do. Within bounds.
  double Correction(double missed) const {
    constexpr double kMost = 2;
    return real > 0 && missed > 0 ? std::clamp(missed / real, 1 / kMost, kMost) : 1;
  }
  // The share of `lookups` that hit in each world, corrected.
  std::array<double, kWorlds> HitRatios(double lookups, double missed) const {
    const double factor = Correction(missed);
    std::array<double, kWorlds> ratios{};
    for (std::size_t i = 0; i < kWorlds; ++i)
      ratios[i] = lookups > 0 ? std::clamp(1 - tried[i] * factor / lookups, 0.0, 1.0) : 0;
    return ratios;
  }
};

}  // namespace herdgate::cache
