// Flight: all that is known of one key that somebody computes, or will.
//
// At any moment a flight is one of
//   patient  a SET may be on its way; it, or the end of patience, is awaited
//   asking   no leader; an ask is under way whose reply says who leads
//   led      a caller was told nil and its SET is awaited; maybe with an ask under way that verifies that this holds
//   foreign  another pod has the lease; its end is awaited
//   quiet    nobody leads and nobody waits, but callers that were told nil may still SET, or a SET is under way
// and always: where somebody waits it is patient, asking, led, foreign, or a SET is under way (Settle sees to it).
//
//   patient --a SET, or time--> quiet or asking
//   asking --won--> led            the oldest waiter leads; with nobody left the lease is given back
//          --lost--> foreign       --push, or the lease's time is over--> asking
//          --value--> quiet        all who waited when the ask was sent have it
//   led    --its SET was stored--> quiet
//          --its connection ends, its time is over, its SET fails, the key is invalidated--> quiet or asking
//
// Three rules carry the rest.
//  1. A waiter gets a value that was read or written after it began to wait: asks and SETs bear the number of the last
//     waiter at the moment when they were sent. Later waiters ask again.
//  2. A push proves nothing (an own write, an expiry of what nobody had, something that is long over), so it taints
//     nothing: the flight asks with its own token. Nil and the lease still its own: nothing has happened. A value, or a
//     lease that is gone before its time: the key was invalidated. (A refresh knows its old value by its expiry.)
//  3. Who was told nil is remembered until its SET (a reader). An invalidation taints all readers, and ends the
//     leader's flight: who comes later must not wait for a value that is older than the invalidation. The tainted SET
//     is still known for what it is, is kept short, and goes to those who waited before the invalidation. A connection
//     that was told nil before and after it sets first what it was asked for first, as far as anyone can tell; if it
//     may be the leader's SET, nobody can tell whether more will come, so its flight ends and the waiters look.
//
// Threads: none of its own; its shard's mutex is held for every call. It calls nothing but the index of callers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/stampede/caller_index.h"
#include "sidecar/stampede/flight_stats.h"
#include "sidecar/stampede/flight_types.h"
#include "sidecar/stampede/options.h"

namespace herdgate::stampede {

class Flight {
 public:
  // What a call works with besides the flight.
  struct Context {
    const FlightTableOptions& options;
    CallerIndex& callers;
    FlightStats& stats;
    std::uint64_t& last_id;  // of the shard
    std::uint64_t id_step;   // so that ids of two shards differ
    bool room_in_pod;        // for one more waiter
    base::SteadyTime now;
    Todo& todo;

    std::uint64_t NextId() { return last_id += id_step; }
  };

  explicit Flight(FlightKey key) : key_(std::move(key)) {}
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  // What they mean is said in flight_table.h.
  Begun Begin(Context& context, const Caller& caller, const FlightTerms& terms, bool leads);
  void OnAsked(Context& context, FlightId id, const AskReply& reply);
  void OnRenewed(Context& context, FlightId id, bool held);
  void OnInvalidated(Context& context);
  void Taint(Context& context);
  SetPlan OnSetSent(Context& context, const Caller& caller);
  bool OnSetDone(Context& context, const SetPlan& plan, SetOutcome outcome);
  std::optional<Answer> Unpark(Context& context, WaiterId waiter);
  // `waiter` 0: the caller was told nil or leads.
  void OnCallerGone(Context& context, const Caller& caller, WaiterId waiter);
  void OnCallerReused(const Caller& caller);
  void OnDue(Context& context);

  const FlightKey& key() const { return key_; }
  base::SteadyTime Due() const;  // when OnDue has something to do; SteadyTime::max(): never
  std::size_t waiters() const { return waiters_.size(); }
  bool led() const { return leader_.has_value(); }
  bool computed() const { return leader_.has_value() || (!waiters_.empty() && !patient_until_); }
  bool idle() const { return waiters_.empty() && readers_.empty() && fills_.empty() && !leader_ && !asking_; }

 private:
  struct Waiter {
    Caller caller;
    base::SteadyTime since;
    base::SteadyTime deadline;
    Mode mode;
    bool may_wait;
    bool timeout_is_miss;
  };
  // Told nil; its SET is to come.
  struct Reader {
    Caller caller;
    Mode mode;
    std::uint32_t nils;  // each may be followed by a SET
    base::SteadyTime since;
    base::SteadyTime until;
    std::uint32_t tainted = 0;    // of `nils`: the first of them
    WaiterId tainted_behind = 0;  // the last waiter before the invalidation
    bool reused = false;          // another command came on its connection since
  };
  struct Leader {
    Caller caller;
    FlightId id;
    Mode mode;
    bool leased;
    bool alone;  // there is no lease for it; not asked again
    base::SteadyTime since;
    base::SteadyTime until;
    base::SteadyTime renew_at;
    base::SteadyTime cap;
    // kRefresh: the terms'.
    std::chrono::milliseconds refresh_below;
    base::SteadyTime value_until;
    bool let_go = false;
  };
  // A SET that was sent.
  struct Fill {
    std::uint64_t id;
    WaiterId limit;  // waiters up to here may have its value
    bool tainted;
    bool of_leader;
    bool maybe_of_leader = false;
    bool invalidated = false;  // since it was sent
    bool overwritten = false;  // by a blind write, maybe
    base::SteadyTime until;
  };
  struct Asking {
    FlightId id;
    WaiterId limit;
    base::SteadyTime until;
  };

  void Settle(Context& context);
  void StartAsk(Context& context, FlightId id);
  void Call(Context& context, LeaseCall::Kind kind, FlightId id) const;
  void Granted(Context& context, const Asking& asked, const AskReply& reply);
  bool IsLoneRefresh() const;
  bool IsStillDue(const AskReply& reply) const;
  void Verified(Context& context, const Asking& asked, const AskReply& reply);
  void Invalidated(Context& context);
  bool ValueIsTheOld(const AskReply& reply) const;
  bool ValueWasDeleted(const Context& context, const AskReply& reply) const;
  void Promote(Context& context, FlightId id, bool leased);
  void Lead(Context& context, const Caller& caller, Mode mode, FlightId id, bool leased);
  void EndLead(Context& context, Outcome outcome);
  void TaintReaders();
  void Adopt(const FlightTerms& terms);

  Reader* FindReader(const Caller& caller);
  bool IsOld(const Context& context, const Reader& reader) const;
  Reader* ReaderOfSet(const Context& context, const Caller& caller);
  bool MayBeLeaders(const Caller& caller);
  void AddReader(Context& context, const Caller& caller, Mode mode, bool leads);
  void RemoveReader(Context& context, const Reader* reader);
  Begun Refuse(Context& context, const Caller& caller, const FlightTerms& terms, Role role);
  WaiterId Park(Context& context, const Caller& caller, const FlightTerms& terms);
  // Takes the waiter out and says `answer` to it, or what a refresh is told in its place.
  Answer Dismiss(Context& context, WaiterId id, Answer answer, bool wake);
  void AnswerUpTo(Context& context, WaiterId limit);
  void Remove(Context& context, std::map<WaiterId, Waiter>::iterator waiter);

  void ExpireReaders(Context& context);
  void ExpireFills(Context& context);
  void KeepLease(Context& context);
  void Release(Context& context);

  const FlightKey key_;
  FlightTerms terms_;
  std::map<WaiterId, Waiter> waiters_;
  std::set<std::pair<base::SteadyTime, WaiterId>> deadlines_;  // of waiters_
  WaiterId last_waiter_ = 0;
  std::vector<Reader> readers_;  // the oldest first
  std::vector<Fill> fills_;
  std::optional<Leader> leader_;
  std::optional<Asking> asking_;
  std::optional<base::SteadyTime> foreign_until_;
  std::optional<base::SteadyTime> patient_until_;
  bool look_again_ = false;  // something came while an ask or a SET was under way
  bool muffled_ = false;     // a tainted value is in Redis, so a look says nothing about the leader
  // Who left the queue while leadership was asked for and computes anyhow: it leads if the lease is won.
  std::optional<std::uint64_t> provisional_;
  base::SteadyTime release_at_ = base::SteadyTime::min();
  std::size_t release_count_ = 1;
  std::uint64_t answered_ = 0;
};

}  // namespace herdgate::stampede
