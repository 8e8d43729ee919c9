// InvalidationPacer: how fast an invalidation may go on: at most at its rates, and slower while Redis is slow.
//
// A round trip of more than four times the median of the last 31 of its sort (and of more than a millisecond, below
// which the machine's own noise is) halves both rates, down to 1/64; each other one gives back 1/32 of the full rate.
// The median moves with what is measured: a Redis that stays slow becomes the measure after 16 round trips.
//
// Threads: one owner; `now` is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "sidecar/base/clock.h"

namespace herdgate::pipeline {

class InvalidationPacer {
 public:
  enum class Work : unsigned char { kChange, kScan };
  static constexpr std::size_t kMostChanges = 256;  // at once: few enough not to hold up others in the upstream
  static constexpr std::size_t kMostPage = 1000;

  // In keys a second. REQUIRES > 0.
  InvalidationPacer(double change_rate, double scan_rate) : rates_{change_rate, scan_rate} {}

  // How long until work of this sort may be sent; 0: now.
  std::chrono::nanoseconds DelayUntil(Work work, base::SteadyTime now) const;
  // So many keys are sent. What was not used before is lost, but for 50 ms of it.
  void Sent(Work work, std::size_t keys, base::SteadyTime now);
  void Answered(Work work, std::chrono::nanoseconds round_trip);

  // Keys to change at once: a hundred batches a second, so that none holds up others for long; 1 to kMostChanges.
  std::size_t batch() const;
  // SCAN's COUNT: four thousand pages a second, so that none holds up others for long (1,000 keys take Redis 0.9 ms
  // where they are not in its processor's cache); 10 to kMostPage.
  std::size_t page() const;
  // Changes a second that are allowed now.
  double rate() const { return rates_[0] * share_; }

 private:
  static constexpr std::size_t kSamples = 31;
  static constexpr std::size_t kLeastSamples = 7;

  struct Trips {
    std::array<std::chrono::nanoseconds, kSamples> last{};
    std::size_t count = 0;  // ever
  };
  static std::chrono::nanoseconds MedianOf(const Trips& trips);

  const std::array<double, 2> rates_;
  double share_ = 1;
  std::array<base::SteadyTime, 2> next_{};
  std::array<Trips, 2> trips_;
};

}  // namespace herdgate::pipeline
