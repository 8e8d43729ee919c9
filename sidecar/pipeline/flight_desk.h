// FlightDesk: carries out what the flight table wants done: its calls to Redis go over the tracked connection, in their
// order; its answers go to the loops of their callers; what has ended is told to the guards (flight_ends.h).
//
// The table's keys are logical names; Redis' are physical, made of the generation in force when a call is sent. A push
// that names a physical key of another generation is nobody's.
// A key has one hash everywhere: FlightTable::Hash of its logical name. Guard, Learning, Refresh and KeyHistory are to
// be told of keys by that.
// Leases need EVAL and a tracked connection. While the connection is not armed, or Redis refuses the scripts (then for
// a minute), there is one leader a pod instead of one a fleet; a log line and a gauge say so. So it is with a value of
// more than a mebibyte, which the connection does not hold: each pod has a leader of its own.
//
// Callers. Carry follows each call of the table, with an empty Todo too: it keeps the table's time. What it does not
// see are the answers that the table returns itself (Begun, Unpark): a refresh that was chosen and does not lead is to
// be cancelled by whom it was told (Refresh::Cancel), as Answer::kKeep or kValue.
//
// Threads: as said at each method; home is the loop of the tracked connection. Ownership: of the first Worker; borrows
// the rest; outlives all loops.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/pipeline/flight_desk_metrics.h"
#include "sidecar/pipeline/flight_ends.h"
#include "sidecar/pipeline/flight_timer.h"
#include "sidecar/pipeline/lease_gate.h"
#include "sidecar/pipeline/shadow_desk.h"
#include "sidecar/policy/snapshot.h"
#include "sidecar/resp/reply.h"
#include "sidecar/stampede/flight_table.h"
#include "sidecar/stampede/guards.h"
#include "sidecar/stampede/pool_watch.h"

namespace herdgate::upstream {
class Tracking;
}

namespace herdgate::pipeline {

struct LoopContext;

// What Answer::kValue brings: the value as the app wrote it, without RESP around it.
using FlightValue = std::shared_ptr<const std::string>;

class FlightDesk {
 public:
  // Gives a wake to its caller, on the caller's loop and in a turn of its own; the caller may have gone.
  using Deliver = std::function<void(LoopContext& there, const stampede::Wake& wake, const FlightValue& value)>;

  FlightDesk(stampede::FlightTable& table, stampede::Guards& guards, LoopContext& home, upstream::Tracking& tracking,
             Deliver deliver);
  FlightDesk(const FlightDesk&) = delete;
  FlightDesk& operator=(const FlightDesk&) = delete;

  stampede::FlightTable& table() { return table_; }
  stampede::Guards& guards() { return guards_; }
  stampede::PoolWatch& pool() { return pool_; }
  ShadowDesk& shadows() { return shadows_; }

  // Any thread. Leases can be had.
  bool leases() const;
  // Any loop. Whether a flight that begins now should ask for a lease: leases can be had, and of this second's asks
  // (2,000 a pod, so that misses of keys that nobody else wants don't double Redis' work) one is left; takes it.
  bool TakeAsk(base::SteadyTime now);
  // Any loop (`here`). A read of `key` said nil, and Begin follows. `rate`: the key's reads a second here; 0: not
  // known. A stampede event tells of it, and why the key was missed.
  void NoteMiss(LoopContext& here, const cache::HashedKey& key, double rate);
  // Any loop (`here`). Carries out `todo`, whose Answer::kValue brings `value`; leaves it empty.
  void Carry(LoopContext& here, stampede::Todo& todo, const FlightValue& value);
  // Any loop. The lease of a key that was removed and has no flight here goes too: it may be another pod's.
  void DropLease(std::string key);

  // Home. A push: of a data key or of a lease.
  void OnInvalidated(std::string_view physical);
  // Home. A null push, or the connection was lost; and again when it is armed anew.
  void OnAllInvalidated();
  // Home, once its PolicyStage has another snapshot. Flights of keys that have another name now, be it by a bump or by
  // a reload, are tainted; the others go on.
  void OnRenamed();
  // Home. No call is sent or answered afterwards.
  void Close();

  // Any thread.
  void Collect(metrics::SampleSink& sink) const;

 private:
  using Call = stampede::LeaseCall;
  // A kRead on its way: two commands.
  struct Reading {
    Call call;
    std::optional<std::string> value;
    bool broken = false;
  };

  std::optional<std::string> PhysicalOf(std::string_view logical) const;

  void Wake(const LoopContext& here, const std::vector<stampede::Wake>& wakes, const FlightValue& value);
  void Enqueue(std::vector<Call> calls, bool on_home);
  void SendMail();
  void Send(const Call& call);
  void SendScript(const Call& call, const std::vector<std::string>& arguments);
  void SendRead(const Call& call, const std::string& physical);
  bool Give(const Call& call, const std::vector<std::string>& arguments, bool tracked,
            std::function<void(const resp::Reply*)> done);
  void OnReply(const Call& call, const resp::Reply* reply);
  void OnAskReply(const Call& call, const resp::Reply& reply);
  void OnReadReply(const Reading& reading, const resp::Reply* ttl);
  void AnswerLater(const Call& call);
  void Unavailable(const Call& call);
  void OnAsked(const Call& call, const stampede::AskReply& reply);
  void OnDue();

  stampede::FlightTable& table_;
  stampede::PoolWatch pool_;
  stampede::Guards& guards_;
  LoopContext& home_;
  upstream::Tracking& tracking_;
  const Deliver deliver_;
  const std::string pod_;  // of the leases' tokens
  LeaseGate gate_;
  FlightEnds ends_;
  ShadowDesk shadows_;
  FlightDeskMetrics metrics_;

  std::mutex mail_mutex_;   // a leaf
  std::vector<Call> mail_;  // guarded by mail_mutex_; to be sent, in their order

  // Home's.
  FlightTimer timer_;
  std::vector<Call> unsent_;      // to be answered in a turn of their own
  policy::SnapshotPtr snapshot_;  // at the last renaming
  bool closed_ = false;
};

}  // namespace herdgate::pipeline
