// CallerIndex: on which keys a caller waits, was told nil, or leads; so that its end finds them all.
//
// Threads: any; sharded leaf mutexes, taken with a flight shard's mutex held, never the other way round.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

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

  bool Leads(std::uint64_t caller) const;
  std::vector<Entry> Entries(std::uint64_t caller) const;
  // The same, and forgets them.
  std::vector<Entry> Take(std::uint64_t caller);
  std::size_t size() const;  // callers

 private:
  // By the key's address: a key has one text while anything refers to it.
  using Id = std::pair<const std::string*, WaiterId>;
  struct Involved {
    std::map<Id, FlightKey> entries;
    std::map<const std::string*, FlightKey> leads;
    bool empty() const { return entries.empty() && leads.empty(); }
    std::vector<Entry> List() const;
  };
  struct alignas(metrics::kCacheLine) Part {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, Involved> callers;
  };
  Part& Of(std::uint64_t caller) { return parts_[caller % parts_.size()]; }
  const Part& Of(std::uint64_t caller) const { return parts_[caller % parts_.size()]; }

  std::array<Part, 16> parts_;
};

}  // namespace herdgate::stampede
