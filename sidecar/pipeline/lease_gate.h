// LeaseGate: whether a flight that begins now may ask Redis for a lease. Other scripts have gates of their own (Rules).
//
// Asks are bounded in rate: misses of keys that nobody else wants must not double Redis' work. The bound is a token
// bucket kept as one number, the time at which the next ask would be on schedule (GCRA, ITU-T I.371).
// Where Redis or a proxy refuses the scripts, no flight asks for a minute; then one flight a second tries.
//
// Threads: any; no locks. `now`: the caller's steady clock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "sidecar/base/clock.h"

namespace herdgate::pipeline {

class LeaseGate {
 public:
  static constexpr std::int64_t kAsksPerSecond = 2000;
  static constexpr std::int64_t kBurst = 500;
  static constexpr std::chrono::seconds kOff{60};
  static constexpr std::chrono::seconds kTryEvery{1};

  struct Rules {
    std::int64_t asks_per_second = kAsksPerSecond;
    std::int64_t burst = kBurst;
    std::string_view off_event = "flight.leases_off";  // logged; they outlive the gate
    std::string_view on_event = "flight.leases_on";
  };

  explicit LeaseGate(const Rules& rules) : rules_(rules) {}
  LeaseGate() : LeaseGate(Rules{}) {}

  // Whether one may ask now; takes its place.
  bool Take(base::SteadyTime now);
  // Leases are not refused, as far as is known.
  bool open() const { return closed_until_.load(std::memory_order_relaxed) == 0; }

  // What became of an ask.
  void OnGranted(base::SteadyTime now);
  void OnError(std::string_view error, base::SteadyTime now);

  // Flights that did not ask because of the rate.
  std::uint64_t withheld() const { return withheld_.load(std::memory_order_relaxed); }

 private:
  bool MayTry(std::int64_t now);

  const Rules rules_;
  std::atomic<std::int64_t> next_{0};          // of the schedule, in nanoseconds of the steady clock
  std::atomic<std::int64_t> closed_until_{0};  // the same; 0: open
  std::atomic<std::int64_t> try_at_{0};        // the same; while closed
  std::atomic<std::uint64_t> withheld_{0};
};

// Whether the error to a script says that no other ask will be carried out either; else only this one failed.
bool RefusesLeases(std::string_view error);

}  // namespace herdgate::pipeline
