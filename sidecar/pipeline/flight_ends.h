// FlightEnds: what follows when a leader leads no more: its policy's guard is told, and a stampede is logged.
//
// A key is known here by the hash that FlightTable::Hash gives its logical name. KeyHistory, Learning, Refresh and
// Guard must be told of keys by that hash too.
//
// Threads: any. Ownership: borrows the guards.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/cache/hashed_key.h"
#include "sidecar/pipeline/miss_notes.h"
#include "sidecar/policy/snapshot.h"
#include "sidecar/stampede/flight_types.h"
#include "sidecar/stampede/guards.h"

namespace herdgate::pipeline {

class FlightEnds {
 public:
  // For so long after a bump a miss of a key that was not written since counts as caused by it.
  static constexpr std::chrono::seconds kBumpIsRecent{60};

  explicit FlightEnds(stampede::Guards& guards) : guards_(guards) {}

  // A key was missed. `snapshot`: null without policies. `rate`: its reads a second here, 0 if not known.
  void NoteMiss(const policy::SnapshotPtr& snapshot, const cache::HashedKey& key, double rate, base::SteadyTime now);
  // The generation of a policy has changed.
  void NoteBump(const std::string& policy, base::SteadyTime now);

  // `key`: the flight's.
  void OnEnded(const policy::SnapshotPtr& snapshot, const stampede::FlightEnd& end, const cache::HashedKey& key,
               base::SteadyTime now);

 private:
  std::optional<base::SteadyTime> BumpedAt(const policy::SnapshotPtr& snapshot, std::string_view key,
                                           base::SteadyTime now);
  // Of a miss at `missed_at`; what was written since tells nothing of it.
  stampede::MissCause CauseOf(const policy::SnapshotPtr& snapshot, const cache::HashedKey& key,
                              base::SteadyTime missed_at);
  void LogEvent(std::uint64_t number, base::SteadyTime now);

  stampede::Guards& guards_;
  MissNotes notes_;
  base::LogRateLimit log_limit_{std::chrono::milliseconds(250)};
  std::atomic<bool> any_bump_{false};
  std::mutex mutex_;                                             // a leaf
  std::map<std::string, base::SteadyTime, std::less<>> bumped_;  // guarded by mutex_; by policy
};

}  // namespace herdgate::pipeline
