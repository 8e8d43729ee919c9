// Guard: what protects the keys of one policy from stampedes: what was learned of them, whom to refresh, and what was
// counted.
//
// The pipeline tells it what happens (Learning and Refresh directly, through their accessors) and how flights go; it
// makes the counters and the stampede events of it.
//
// Words of a lookup's end, stated once. A leader is a miss. A waiter that got the new value has waited, and is no hit;
// one that was let go without it is a timeout miss or a plain miss. Avoided is a recompute that would have happened: of
// a waiter that got the value, or of a caller that was answered stale while a flight was open; never the leader's.
// Recomputes are the leaders', each when it leads no more, and those of callers let go with nil. So of all callers that
// found nothing living in this pod, and were answered and not an error, each is counted once, whoever led in the fleet:
//   recomputes + avoided = what would have been misses.
// These counters count callers. A stampede event tells of one flight of this pod: of callers that waited for another
// pod's leader it knows nothing, and its share of those let go is true to within what is under way between loops.
//
// A caller's end is told once: OnWake, or OnTurnedAway, or OnStale. Who got an old value when its wait was over has got
// a stale one: no OnWake.
//
// Threads: any, for everything; leaf mutexes. Ownership: of Guards, shared; it outlives a reload for as long as
// somebody holds it. Bounded: as Learning and Refresh are; 1,024 keys whose flights are open are counted for events.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/policy/policy.h"
#include "sidecar/stampede/bounded_map.h"
#include "sidecar/stampede/companions.h"
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
  // `events` and `history` outlive it. REQUIRES: policy.coalesces()
  Guard(const policy::Policy& policy, KeyHistory& history, StampedeEvents& events);

  const std::string& name() const { return name_; }
  // Whether this guard can go on under the policy's rules: its name and its patterns are the same, so its keys are, and
  // what was learned of them stays true whatever else was changed.
  bool Fits(const policy::Policy& policy) const;
  // The rules of the policy hold from now on. REQUIRES: Fits(policy) and policy.coalesces()
  void Adopt(const policy::Policy& policy);

  Learning& learning() { return learning_; }
  Refresh& refresh() { return refresh_; }
  Companions& companions() { return companions_; }
  const Companions& companions() const { return companions_; }
  bool refreshes() const { return refreshes_.load(std::memory_order_relaxed); }
  // Whether old values of the policy's hot keys are kept in Redis (shadow.h).
  bool keeps_shadows() const { return keeps_shadows_.load(std::memory_order_relaxed); }

  // What a caller of this policy's keys asks for, but `mode`, `may_wait`, `lease` and what belongs to a refresh. Under
  // `lease: auto` the lease is three times what computing has taken (p95), from 250 ms to 10 s; 1 s before it is known.
  FlightTerms Terms() const;

  // A caller that waited was answered. `key`: KeyHistory's hash of the flight's key.
  void OnWake(std::uint64_t key, const Wake& wake);
  // A caller was let go with nil though somebody computes: it may not wait, there was no room, or Unpark said so.
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
  // Of the flight of one key that is open here.
  struct Callers {
    std::uint32_t stale = 0;
    std::uint32_t nil = 0;
  };
  struct Counts {
    std::array<std::array<std::uint64_t, kOutcomes>, kModes> flights{};
    std::uint64_t recomputes = 0;
    std::uint64_t avoided = 0;
    std::chrono::nanoseconds time_avoided{0};
    std::chrono::nanoseconds waited{0};
    std::array<std::uint64_t, kSuspectSets> suspect_sets{};
  };
  static constexpr std::size_t kMaxOpen = 1024;

  // All below REQUIRE mutex_ held.
  void CountNil(std::uint64_t key);
  void CountAvoided(std::chrono::nanoseconds delta);
  Callers& CallersOf(std::uint64_t key);

  void CollectCounts(metrics::SampleSink& sink) const;
  void CollectLearning(metrics::SampleSink& sink) const;

  const std::string name_;
  const std::vector<std::string> match_;
  Learning learning_;
  Refresh refresh_;
  Companions companions_;
  StampedeEvents& events_;
  std::atomic<bool> refreshes_;
  std::atomic<bool> keeps_shadows_;
  mutable std::mutex mutex_;  // a leaf; guards all below
  policy::StampedeRules rules_;
  BoundedMap<Callers> open_{kMaxOpen};
  Counts counts_;
};

}  // namespace herdgate::stampede
