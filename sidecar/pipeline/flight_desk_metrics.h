// What the flight desk counts of its calls to Redis.
//
// Threads: the cells are written on home; Collect, any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/stampede/flight_types.h"

namespace herdgate::pipeline {

enum class CallResult : std::uint8_t {
  kAnswered,
  kError,   // Redis' own, or a reply too long to be held
  kBroken,  // the connection went first
  kUnsent,  // not armed, or no room
};
inline constexpr std::size_t kCallResults = 4;
inline constexpr std::size_t kLeaseCallKinds = 6;

struct alignas(metrics::kCacheLine) FlightDeskMetrics {
  std::array<std::array<metrics::Counter, kCallResults>, kLeaseCallKinds> calls;
  metrics::Gauge waiting;  // calls that are not answered yet

  void Count(stampede::LeaseCall::Kind kind, CallResult result) {
    calls[static_cast<std::size_t>(kind)][static_cast<std::size_t>(result)].Add();
  }
  void Collect(metrics::SampleSink& sink, bool leases, std::uint64_t withheld) const;
};

}  // namespace herdgate::pipeline
