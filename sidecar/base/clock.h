// Clock: the one door to time, so that a test can own it.
//
// Steady time measures durations and deadlines; wall time is for people and for Redis' absolute expiries.
// Threads: SystemClock() may be called from any thread. A fake lives in tests/support.
#pragma once

#include <chrono>

namespace herdgate::base {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;
  virtual WallTime Wall() const = 0;
};

// The machine's clocks; lives as long as the process.
const Clock& SystemClock();

}  // namespace herdgate::base
