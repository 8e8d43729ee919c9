#include "sidecar/stampede/pool_watch.h"

namespace herdgate::stampede {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kSmall{"herdgate_flight_pool_small",
                             "1 while not all connections may wait, as the app's pool has fewer than callers."};
constexpr CounterFamily kHeldUp{"herdgate_flight_sets_held_up_total",
                                "SETs that stood in line for a connection behind those that waited for them."};
constexpr CounterFamily kTurnedAway{"herdgate_flight_pool_misses_total",
                                    "Misses that did not wait because the app's pool is small."};

}  // namespace

bool PoolWatch::OnHeldUp(std::size_t sessions, base::SteadyTime now) {
  held_up_.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t last = last_held_up_.exchange(Ticks(now), std::memory_order_relaxed);
  const bool was_small = small(now);
  if (!was_small && Ticks(now) - last > std::chrono::nanoseconds(kTwiceWithin).count()) return false;
  size_.store(sessions, std::memory_order_relaxed);
  small_until_.store(Ticks(now + kMemory), std::memory_order_relaxed);
  return !was_small;
}

void PoolWatch::Collect(metrics::SampleSink& sink, base::SteadyTime now) const {
  sink.Add(kSmall, {}, small(now) ? 1 : 0);
  sink.Add(kHeldUp, {}, held_up_.load(std::memory_order_relaxed));
  sink.Add(kTurnedAway, {}, turned_away_.load(std::memory_order_relaxed));
}

}  // namespace herdgate::stampede
