// Guard: what protects the keys of one policy from stampedes: what was learned of them, whom to refresh, and what was
// counted.
//
// The pipeline tells it what happens (Learning and Refresh directly, through their accessors) and how flights go; it
// makes the histograms, the counters and the stampede events of it.
//
// Words of a lookup's end, stated once: a leader is a miss; a waiter that got the new value has waited, and is no hit;
// one that was let go without it is a timeout miss or a plain miss. Avoided is a recompute that would have happened: a
// waiter that got the value, or a caller that was answered stale while a flight was open; not the leader.
//
// Threads: any, for everything; leaf mutexes. Ownership: of Guards, shared; it outlives a reload for as long as
// somebody holds it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/policy/policy.h"
#include "sidecar/stampede/bounded_map.h"
#include "sidecar/stampede/flight_types.h"
#include "sidecar/stampede/key_history.h"
#include "sidecar/stampede/learning.h"
#include "sidecar/stampede/refresh.h"
#include "sidecar/stampede/stampede_events.h"

namespace herdgate::stampede {

// What was done with a SET whose key was invalidated after its miss; a label's values.
enum class SuspectSet : std::uint8_t { kShortened, kDropped, kPassed };
inline constexpr std::size_t kSuspectSets = 3;

class Guard {
 public:
  // `events` and `history` outlive it.
  Guard(const policy::Policy& policy, KeyHistory& history, StampedeEvents& events);

  const std::string& name() const { return name_; }
  // Whether a policy of that name with other rules would need another guard.
  bool Fits(const policy::Policy& policy) const;

  Learning& learning() { return learning_; }
  Refresh& refresh() { return refresh_; }
  bool refreshes() const { return rules_refresh_.mode != policy::RefreshMode::kOff; }

  // What a caller of this policy's keys asks for, but `mode`, `may_wait`, `lease` and what belongs to a refresh. Under
  // `lease: auto` the lease is three times what computing has taken (p95), from 250 ms to 10 s; 1 s before it is known.
  FlightTerms Terms() const;

  // A caller that waited was answered. `key`: KeyHistory's hash of the flight's key.
  void OnWake(std::uint64_t key, const Wake& wake);
  // A caller was let go at once with nil though somebody computes (it may not wait, or there was no room).
  void OnTurnedAway(std::uint64_t key);
  // A caller was answered an old value while somebody computes; `age`: past its expiry.
  void OnStale(std::uint64_t key, std::chrono::milliseconds age);
  // A leader leads no more. `rate`: the key's reads a second here, 0 if not known. The number of its stampede event, 0
  // if it was none.
  std::uint64_t OnFlightEnd(std::uint64_t key, const FlightEnd& end, MissCause cause, double rate, base::SteadyTime now,
                            base::WallTime wall);
  // A SET that followed a miss, as Learning saw it.
  void OnFill(const Learning::SetReport& report);
  void OnSuspectSet(SuspectSet what);
  // A synthetic miss was shown: so long before the value's end.
  void OnRefreshed(std::chrono::milliseconds left);

  void Collect(metrics::SampleSink& sink) const;

 private:
  const std::string name_;
  const policy::StampedeRules rules_;
  const policy::RefreshRules rules_refresh_;
  Learning learning_;
  Refresh refresh_;
  StampedeEvents& events_;
};

}  // namespace herdgate::stampede
