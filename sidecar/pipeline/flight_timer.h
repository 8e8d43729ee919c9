// FlightTimer: sees to it that a flight table's OnDue runs when something is due, on one loop, whichever loop's call
// made it due.
//
// It sleeps until the table's NextDue, never less than two milliseconds. Look, after a call of the table, brings the
// end of the sleep forward where that call made something due earlier. Neither can miss the other: both say when the
// sleep ends before they look at the table, and the table's mutexes order the two.
//
// Threads: Look, any; the rest on home. Ownership: borrows the table and the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "sidecar/net/timer.h"
#include "sidecar/stampede/flight_table.h"

namespace herdgate::pipeline {

class FlightTimer {
 public:
  static constexpr std::chrono::milliseconds kLeast{2};

  // `on_due` calls the table's OnDue.
  FlightTimer(const stampede::FlightTable& table, net::Loop& home, std::function<void()> on_due);

  // `on_home`: the caller is on home. `now`: about.
  void Look(base::SteadyTime now, bool on_home);
  // Nothing is called afterwards.
  void Close();

 private:
  void Sleep();
  void Wake();

  const stampede::FlightTable& table_;
  net::Loop& home_;
  const std::function<void()> on_due_;
  net::Timer timer_;
  bool closed_ = false;
  // The end of the sleep, in nanoseconds of the steady clock; while it is in the past, Wake is about to run.
  std::atomic<std::int64_t> until_;
};

}  // namespace herdgate::pipeline
