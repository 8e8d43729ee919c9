// PoolWatch: whether an app has fewer connections than callers. Those that wait then hold all of them, the SET for
// which they wait stands in line for one, and everything else of the app with it, until a wait ends in vain. Drivers
// with bounded pools that block do so: eight connections for a hundred threads are a common default.
//
// It shows in a SET that comes at once on a connection whose wait was in vain, while nearly all waited and the leader's
// own connection had been given to others: who computes anew takes longer. After two of those as many connections may
// wait as are three quarters of those that were open then, for an hour from the last one.
//
// Threads: any, for everything; lock-free.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::stampede {

class PoolWatch {
 public:
  // A SET that was held up comes within this time behind the wait that held it up.
  static constexpr std::chrono::milliseconds kAtOnce{10};
  static constexpr std::chrono::minutes kTwiceWithin{10};
  static constexpr std::chrono::minutes kMemory{60};

  // Whether a wait that has just ended in vain was one of nearly all `sessions` connections, of which `waiting` go on.
  static bool Crowded(std::size_t waiting, std::size_t sessions) {
    return sessions > 1 && 4 * (waiting + 1) >= 3 * sessions;
  }
  // A SET came at once behind such a wait. True: so the pool is small, which was not known before.
  bool OnHeldUp(std::size_t sessions, base::SteadyTime now);

  bool small(base::SteadyTime now) const { return Ticks(now) < small_until_.load(std::memory_order_relaxed); }
  bool MayWait(std::size_t waiting, base::SteadyTime now) const {
    return !small(now) || 4 * (waiting + 1) <= 3 * size_.load(std::memory_order_relaxed);
  }
  void OnTurnedAway() { turned_away_.fetch_add(1, std::memory_order_relaxed); }

  void Collect(metrics::SampleSink& sink, base::SteadyTime now) const;

 private:
  static constexpr std::int64_t kNever = INT64_MIN / 2;
  static std::int64_t Ticks(base::SteadyTime time) { return time.time_since_epoch().count(); }

  std::atomic<std::int64_t> last_held_up_{kNever};
  std::atomic<std::int64_t> small_until_{kNever};
  std::atomic<std::size_t> size_{0};  // of the pool: connections when that was found, or last
  std::atomic<std::uint64_t> held_up_{0};
  std::atomic<std::uint64_t> turned_away_{0};
};

}  // namespace herdgate::stampede
