// FlightTableOptions: the bounds of the flight table.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace herdgate::stampede {

struct FlightTableOptions {
  // Keys with a flight at once. At the bound a GET is a plain GET.
  std::size_t max_flights = 10000;
  // Callers parked at once: on one key, and on all. A share of the pod's connections.
  std::size_t max_waiters_per_key = 10000;
  std::size_t max_waiters = 50000;
  // Callers of one key that were told nil and are remembered until their SET. Above it the oldest is forgotten: its SET
  // counts as a blind write.
  std::size_t max_readers = 64;
  // Longer keys never have a flight.
  std::size_t max_key_bytes = 4096;
  // An ask without an answer by then counts as kUnavailable; a SET, as not stored after ten times that.
  std::chrono::milliseconds ask_timeout{1000};
  // Random for each process, so that nobody can choose keys that collide. That of cache::HashedKey.
  std::uint64_t seed = 0;
};

}  // namespace herdgate::stampede
