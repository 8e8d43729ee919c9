// Guards: the guards of all policies in force, and what they share.
//
// Threads: any; a mutex with those of the guards below it, taken at a reload, once a second and at a scrape. Ownership:
// the process's; outlives all that hold a Guard.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/policy/policy_set.h"
#include "sidecar/stampede/guard.h"

namespace herdgate::stampede {

class Guards {
 public:
  using List = std::vector<std::shared_ptr<Guard>>;

  struct Change {
    std::string policy;
    Learning::Change change;
  };

  // The guards of a set, by the index of the policy; null where misses are not coalesced. The guard of a policy whose
  // name and patterns are the same stays, with what it has learned, and takes on what else was changed; one that
  // coalesces no more is forgotten. Told the same set again it changes nothing. `set` null: none.
  std::shared_ptr<const List> Set(const policy::PolicySet* set);
  std::shared_ptr<const List> list() const;

  // Judges what was seen (Learning::Advance). What has changed, to be logged.
  std::vector<Change> EverySecond(base::SteadyTime now);

  KeyHistory& history() { return history_; }
  StampedeEvents& events() { return events_; }
  // Also what the events tell in sum.
  void Collect(metrics::SampleSink& sink) const;

 private:
  // REQUIRES mutex_ held.
  std::shared_ptr<Guard> GuardOf(const policy::Policy& policy);

  KeyHistory history_;
  StampedeEvents events_;
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<List>();
};

}  // namespace herdgate::stampede
