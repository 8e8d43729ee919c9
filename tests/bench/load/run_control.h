// RunControl is what the workers of one run share: when to start, what is measured, and whether one of them failed.
//
// Threads: workers count `connected` down and wait for `start`. The main thread sets the window between the two, so
// workers may read it freely afterwards.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <latch>

namespace herdgate::bench {

struct RunControl {
  explicit RunControl(unsigned workers) : connected(workers) {}

  std::latch connected;
  std::latch start{1};
  uint64_t measure_start = 0;  // monotonic nanoseconds, as NowNanoseconds
  uint64_t measure_end = 0;
  std::atomic<bool> failed{false};  // one worker gave up: all end
};

inline uint64_t ReadClock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

inline uint64_t NowNanoseconds() {
  return ReadClock(CLOCK_MONOTONIC);
}

}  // namespace herdgate::bench
