// InvalidationMetrics: what the invalidations of a process have done.
//
// Threads: counted on the invalidations' loop; Collect, any.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/pipeline/invalidation.h"

namespace herdgate::pipeline {

class alignas(metrics::kCacheLine) InvalidationMetrics {
 public:
  struct Jobs {
    std::uint64_t queued = 0;
    std::uint64_t running = 0;
    std::uint64_t paused = 0;
    std::chrono::nanoseconds oldest{0};  // age of the one that was taken first
  };

  InvalidationMetrics();

  // REQUIRES: the state is an end.
  void Ended(InvalidationKind kind, InvalidationState state, std::chrono::nanoseconds ran);
  void Keys(InvalidationKind kind, std::uint64_t keys) { keys_[static_cast<std::size_t>(kind)].Add(keys); }

  void Collect(metrics::SampleSink& sink, const Jobs& jobs) const;

 private:
  static constexpr std::size_t kOutcomes = 3;

  std::array<std::array<metrics::Counter, kOutcomes>, kInvalidationKinds> ended_;
  std::array<metrics::Counter, kInvalidationKinds> keys_;
  metrics::Histogram duration_;
};

}  // namespace herdgate::pipeline
