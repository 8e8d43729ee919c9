// FlightStats: what flights count.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sidecar/stampede/flight_types.h"

namespace herdgate::stampede {

// Counted by one shard; added up at the scrape.
struct FlightStats {
  std::size_t flights = 0;  // keys known now
  std::size_t waiters = 0;  // now
  std::size_t leaders = 0;  // now
  std::array<std::uint64_t, kModes> led{};
  std::array<std::uint64_t, kAskResults> asked{};
  std::array<std::uint64_t, kAnswers> answers{};
  std::uint64_t unparked = 0;
  std::uint64_t refused = 0;       // may not wait
  std::uint64_t full_key = 0;      // caps: of one key, ...
  std::uint64_t full_pod = 0;      // ... of waiters in the pod, ...
  std::uint64_t full_flights = 0;  // ... of keys in the pod
  std::uint64_t fills = 0;         // SETs after a miss, stored in full
  std::uint64_t short_fills = 0;   // tainted
  std::uint64_t late_taints = 0;   // invalidated while the SET was under way
  std::uint64_t blind_writes = 0;
};

}  // namespace herdgate::stampede
