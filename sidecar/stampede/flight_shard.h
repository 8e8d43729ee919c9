// FlightShard: the flights of some keys, behind one mutex, and when each of them has something to do.
//
// Threads: any; the mutex is a leaf but for the index of callers, and held for one call of one flight.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/cache/hashed_key.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/stampede/caller_index.h"
#include "sidecar/stampede/flight.h"

namespace herdgate::stampede {

// What all shards share.
struct FlightCommons {
  explicit FlightCommons(const FlightTableOptions& o) : options(o) {}

  const FlightTableOptions options;
  CallerIndex callers;
  // Bounds are kept to within one for each loop.
  std::atomic<std::size_t> flights{0};
  std::atomic<std::size_t> waiters{0};
};

class alignas(metrics::kCacheLine) FlightShard {
 public:
  // Ids of this shard are `first` plus multiples of `step`. REQUIRES: 0 < first <= step.
  FlightShard(FlightCommons& commons, std::uint64_t first, std::uint64_t step)
      : commons_(commons), last_id_(first), id_step_(step) {}
  FlightShard(const FlightShard&) = delete;
  FlightShard& operator=(const FlightShard&) = delete;

  // Calls use(Flight&, Flight::Context&) if the key has a flight.
  template <typename Use>
  void Visit(const cache::HashedKey& key, base::SteadyTime now, Todo& todo, Use&& use) {
    const std::lock_guard lock(mutex_);
    const auto found = flights_.find(key);
    if (found != flights_.end()) Enter(found, now, todo, std::forward<Use>(use));
  }
  bool Knows(const cache::HashedKey& key) const {
    const std::lock_guard lock(mutex_);
    return flights_.contains(key);
  }
  bool IsComputed(const cache::HashedKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = flights_.find(key);
    return found != flights_.end() && found->second->flight.computed();
  }
  // Visit for all flights whose key is `chosen`.
  template <typename Chosen, typename Use>
  void VisitAll(base::SteadyTime now, Todo& todo, const Chosen& chosen, const Use& use) {
    const std::lock_guard lock(mutex_);
    for (auto next = flights_.begin(); next != flights_.end();) {
      const auto flight = next++;
      if (chosen(flight->first.text)) Enter(flight, now, todo, use);
    }
  }
  Begun Begin(const cache::HashedKey& key, const Caller& caller, const FlightTerms& terms, bool leads,
              base::SteadyTime now, Todo& todo);
  void OnDue(base::SteadyTime now, Todo& todo);
  base::SteadyTime NextDue() const;
  void AddTo(FlightStats& stats) const;

 private:
  struct HashOf {
    std::size_t operator()(const cache::HashedKey& key) const { return static_cast<std::size_t>(key.hash); }
  };
  struct Same {
    bool operator()(const cache::HashedKey& a, const cache::HashedKey& b) const { return a.text == b.text; }
  };
  struct Held {
    explicit Held(FlightKey key) : flight(std::move(key)) {}
    Flight flight;
    base::SteadyTime due = base::SteadyTime::max();
  };
  // A key's text is its flight's.
  using Flights = std::unordered_map<cache::HashedKey, std::unique_ptr<Held>, HashOf, Same>;

  // One call of a flight, with the books kept. All below: REQUIRES mutex_ held.
  template <typename Use>
  void Enter(Flights::iterator at, base::SteadyTime now, Todo& todo, Use&& use) {
    Flight& flight = at->second->flight;
    const Before before{flight.waiters(), flight.led()};
    Flight::Context context = ContextOf(now, todo);
    use(flight, context);
    Leave(at, before);
  }
  struct Before {
    std::size_t waiters;
    bool led;
  };
  Flight::Context ContextOf(base::SteadyTime now, Todo& todo);
  void Leave(Flights::iterator at, const Before& before);

  FlightCommons& commons_;
  mutable std::mutex mutex_;  // guards all below
  Flights flights_;
  std::set<std::tuple<base::SteadyTime, std::string_view>> due_;  // of flights_ that have any
  std::uint64_t last_id_;
  const std::uint64_t id_step_;
  FlightStats stats_;
};

}  // namespace herdgate::stampede
