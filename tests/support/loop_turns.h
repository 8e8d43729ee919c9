// Runs a net::Loop on the test's own thread, so that a test decides what happens between two turns.
//
// Threads: the test's. The loop must not be started.
#pragma once

#include <uv.h>

#include <chrono>
#include <functional>

#include "sidecar/net/loop.h"

namespace herdgate::testing {

// Lets everything happen that can happen now; never sleeps.
inline void RunTurns(net::Loop& loop, int turns = 8) {
  for (int i = 0; i < turns; ++i) uv_run(loop.uv(), UV_RUN_NOWAIT);
}

// Turns until `done` holds; false if it does not within `limit`. Looks again every few milliseconds.
inline bool RunUntil(net::Loop& loop, const std::function<bool()>& done,
                     std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  uv_timer_t look;
  uv_timer_init(loop.uv(), &look);
  uv_timer_start(
      &look, [](uv_timer_t*) {}, 2, 2);
  bool held = done();
  while (!held && std::chrono::steady_clock::now() < end) {
    uv_run(loop.uv(), UV_RUN_ONCE);
    held = done();
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&look), nullptr);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  return held;
}

// Turns for as long as `span`, for what must not happen. How many turns that took: few, unless something spins.
inline int RunFor(net::Loop& loop, std::chrono::milliseconds span) {
  uv_timer_t alarm;
  bool over = false;
  uv_timer_init(loop.uv(), &alarm);
  alarm.data = &over;
  uv_timer_start(
      &alarm, [](uv_timer_t* timer) { *static_cast<bool*>(timer->data) = true; },
      static_cast<std::uint64_t>(span.count()), 0);
  int turns = 0;
  for (; !over; ++turns) uv_run(loop.uv(), UV_RUN_ONCE);
  uv_close(reinterpret_cast<uv_handle_t*>(&alarm), nullptr);
  RunTurns(loop, 2);
  return turns;
}

}  // namespace herdgate::testing
