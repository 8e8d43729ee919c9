// CallerIndex: on which keys a caller waits, was told nil, or leads; so that its end finds them all. And whether its
// connection is one of a pool, or one that an app's threads share by turns: who waits on a shared one holds up the SET
// of who computes, as that has to go the same way.
//
// Both look the same at first: GET, nil, and another GET. A connection is taken for one of a pool until a wait on it
// was in vain while it owed a SET. Then nobody waits on it until nothing is owed; and if the SET came at once, as one
// does that was only held up, nobody ever waits on it while it owes one, until another connection sends its SET.
//
// Threads: any; sharded leaf mutexes, taken with a flight shard's mutex held, never the other way round.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/stampede/flight_types.h"

namespace herdgate::stampede {

class CallerIndex {
 public:
  // `waiter` 0: it was told nil or leads.
  struct Entry {
    FlightKey key;
    WaiterId waiter = 0;
  };

  // What is there already stays; what is not there may be removed.
  void Add(std::uint64_t caller, const FlightKey& key, WaiterId waiter);
  void Remove(std::uint64_t caller, const FlightKey& key, WaiterId waiter);
  void AddLead(std::uint64_t caller, const FlightKey& key);
  void EndLead(std::uint64_t caller, const FlightKey& key);

  struct Standing {
    bool leads = false;
    bool shared = false;
  };
  Standing StandingOf(std::uint64_t caller) const;
  // It is about to be told that it has waited in vain.
  void GaveUp(std::uint64_t caller, base::SteadyTime now);
  // It sends a SET that it owes.
  void Fills(std::uint64_t caller, base::SteadyTime now);
  // Another sends it.
  void FilledByAnother(std::uint64_t caller);

  std::vector<Entry> Entries(std::uint64_t caller) const;
  // The same, and forgets them.
  std::vector<Entry> Take(std::uint64_t caller);
  // Callers that wait, were told nil, or lead. Of others, none but the shared ones are known, until they end.
  std::size_t size() const;

 private:
  // By the key's address: a key has one text while anything refers to it.
  using Id = std::pair<const std::string*, WaiterId>;
  struct Involved {
    std::map<Id, FlightKey> entries;
    std::map<const std::string*, FlightKey> leads;
    std::optional<base::SteadyTime> gave_up;  // since it owes a SET
    bool shared = false;
    bool idle() const { return entries.empty() && leads.empty(); }
    bool owes() const;
    std::vector<Entry> List() const;
  };
  // A SET that was held up by a wait comes within this time behind it.
  static constexpr std::chrono::milliseconds kAtOnce{50};
  using Callers = std::unordered_map<std::uint64_t, Involved>;
  struct alignas(metrics::kCacheLine) Part {
    mutable std::mutex mutex;
    Callers callers;
  };
  // Keeps the books when something has ended.
  static void Ended(Part& part, Callers::iterator caller);
  Part& Of(std::uint64_t caller) { return parts_[caller % parts_.size()]; }
  const Part& Of(std::uint64_t caller) const { return parts_[caller % parts_.size()]; }

  std::array<Part, 16> parts_;
};

}  // namespace herdgate::stampede
