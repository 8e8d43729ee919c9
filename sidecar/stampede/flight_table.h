// FlightTable: who computes a missing value, who waits for it, and what wakes them. No I/O in here: each call says in
// a Todo what is to be sent to Redis (lease.h) and whom to answer.
//
//   GET says nil -> Begin: kWait
//     calls kAsk -> Redis -> OnAsked -> wakes {kLead: nil} the oldest, or {kValue} all, or all wait for another pod
//   the leader's SET -> OnSetSent (how to store it) -> Redis -> OnSetDone -> wakes {kValue} the others
//
// The life of one key is told in flight.h.
//
// What callers must do. The property test checks the rules, and that leaving one out is noticed
// (tests/property/flight_model_test.cc).
//  1. A key is an opaque name, one from the miss to the SET and to each invalidation: of one database only, and not one
//     that changes when a generation is bumped (TaintWhere then).
//  2. Calls in a Todo go over the tracked connection in their order (what overtakes costs a look, no promise). Each
//     kAsk, kAskRefresh and kRead is followed by OnAsked, if only with kUnavailable; each kRenew by OnRenewed.
//  3. A push of the key or of its lease: OnInvalidated; that of an own write too, as nobody can tell it from another's.
//     A null push, and whenever the tracked connection was lost and is there again: OnAllInvalidated.
//  4. A SET of the app (any command that gives the key a new value): OnSetSent when it is sent, and exactly once
//     OnSetDone, when its reply is here or won't come.
//  5. DEL, UNLINK, EXPIRE 0, a flush, an invalidation by an operator, a bump of its generation: Taint when it is sent.
//     If that knows no flight, another pod may have one: send DropArguments then.
//  6. A session that ends: OnCallerGone. Bytes behind a parked GET: Unpark.
//  7. OnDue whenever NextDue has come; a timer of one loop that runs each millisecond or two while !empty() does it.
//
// Threads: any, for everything; each call takes the mutexes of the key's shard and of the caller's index, one within
// the other, and blocks on nothing else. Begin, Unpark and OnCallerGone of one caller come from its own loop. Two
// loops' Todos may be carried out in either order: where a waiter or a flight has gone, what comes for it is ignored.
// `now` is the caller's clock, read in this loop turn. A key without a flight costs one look at an atomic, while no key
// has one, else a look-up under its shard's mutex.
// Bounds: FlightTableOptions.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/cache/hashed_key.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/stampede/flight_shard.h"
#include "sidecar/stampede/flight_types.h"

namespace herdgate::stampede {

class FlightTable {
 public:
  explicit FlightTable(const FlightTableOptions& options = {});
  FlightTable(const FlightTable&) = delete;
  FlightTable& operator=(const FlightTable&) = delete;

  cache::HashedKey Hash(std::string_view key) const { return cache::Hashed(key, commons_.options.seed); }
  // No key has a flight.
  bool empty() const { return commons_.flights.load() == 0; }

  // Whether the key has a flight.
  bool Knows(const cache::HashedKey& key) { return !empty() && Of(key).Knows(key); }
  // Whether somebody computes it, or is about to.
  bool IsComputed(const cache::HashedKey& key) { return !empty() && Of(key).IsComputed(key); }

  // A read of `key` said nil (or, kRefresh, a value that is to be computed anew). REQUIRES: the caller is not parked.
  Begun Begin(const cache::HashedKey& key, const Caller& caller, const FlightTerms& terms, base::SteadyTime now,
              Todo& todo);
  void OnAsked(const cache::HashedKey& key, FlightId flight, const AskReply& reply, base::SteadyTime now, Todo& todo);
  void OnRenewed(const cache::HashedKey& key, FlightId flight, bool held, base::SteadyTime now, Todo& todo);

  void OnInvalidated(const cache::HashedKey& key, base::SteadyTime now, Todo& todo);
  void OnAllInvalidated(base::SteadyTime now, Todo& todo);
  // False: no flight of it here.
  bool Taint(const cache::HashedKey& key, base::SteadyTime now, Todo& todo);
  // All keys of which `chosen` says yes; it must not call the table.
  void TaintWhere(const std::function<bool(std::string_view)>& chosen, base::SteadyTime now, Todo& todo);

  SetPlan OnSetSent(const cache::HashedKey& key, const Caller& caller, base::SteadyTime now, Todo& todo);
  // True: it was stored in full, and an invalidation since it was sent may have come before it: shorten it now.
  bool OnSetDone(const cache::HashedKey& key, const SetPlan& plan, SetOutcome outcome, base::SteadyTime now,
                 Todo& todo);

  // What to answer to it now; nothing: a Wake is on its way.
  std::optional<Answer> Unpark(const cache::HashedKey& key, WaiterId waiter, base::SteadyTime now, Todo& todo);
  void OnCallerGone(const Caller& caller, base::SteadyTime now, Todo& todo);
  // The caller was told nil, and now sends something else: its connection may be of a pool, so a SET of the key by a
  // caller that had no miss may be the awaited one.
  void OnCallerReused(const Caller& caller);

  void OnDue(base::SteadyTime now, Todo& todo);
  base::SteadyTime NextDue() const;

  FlightStats Stats() const;
  std::size_t waiters() const { return commons_.waiters.load(std::memory_order_relaxed); }
  std::size_t callers() const { return commons_.callers.size(); }  // that are involved in a flight
  void Collect(metrics::SampleSink& sink) const;

 private:
  FlightShard& Of(const cache::HashedKey& key) { return *shards_[(key.hash >> 40U) % shards_.size()]; }
  template <typename Use>
  void Visit(const cache::HashedKey& key, base::SteadyTime now, Todo& todo, Use&& use) {
    if (!empty()) Of(key).Visit(key, now, todo, std::forward<Use>(use));
  }

  FlightCommons commons_;
  std::vector<std::unique_ptr<FlightShard>> shards_;
};

}  // namespace herdgate::stampede
