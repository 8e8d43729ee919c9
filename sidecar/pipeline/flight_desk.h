// FlightDesk: carries out what the flight table wants done: its calls to Redis go over the tracked connection, in their
// order; its answers go to the loops of their callers.
//
// The table's keys are logical names; Redis' are physical, made of the generation in force when a call is sent. A push
// that names a physical key of another generation is nobody's.
// Leases need EVAL and a tracked connection. While the connection is not armed, or Redis refuses the scripts (then for
// a minute), there is one leader a pod instead of one a fleet; a log line and a gauge say so.
//
// Threads: as said at each method; home is the loop of the tracked connection. Ownership: of the first Worker; borrows
// the rest.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/stampede/flight_table.h"
#include "sidecar/stampede/guards.h"

namespace herdgate::upstream {
class Tracking;
}

namespace herdgate::pipeline {

struct LoopContext;

// What Answer::kValue brings: the value as the app wrote it, without RESP around it.
using FlightValue = std::shared_ptr<const std::string>;

class FlightDesk {
 public:
  FlightDesk(stampede::FlightTable& table, stampede::Guards& guards, LoopContext& home, upstream::Tracking& tracking);

  stampede::FlightTable& table() { return table_; }
  stampede::Guards& guards() { return guards_; }

  // Any loop. Whether a flight that begins now should ask for a lease: leases can be had, and of this second's asks
  // (2,000 a pod, so that misses of keys that nobody else wants don't double Redis' work) one is left; takes it.
  bool TakeAsk(base::SteadyTime now);
  // Any loop (`here`). Carries out `todo`, whose Answer::kValue brings `value`; leaves it empty.
  void Carry(LoopContext& here, stampede::Todo& todo, const FlightValue& value);
  // Any loop. The lease of a key that was removed and has no flight here goes too: it may be another pod's.
  void DropLease(std::string key);

  // Home. A push: of a data key or of a lease.
  void OnInvalidated(std::string_view physical);
  // Home. A null push, or the connection was lost; and again when it is armed anew.
  void OnAllInvalidated();
  // Home. A policy's generation has changed: all its flights are tainted.
  void OnRenamed();
  void Close();

  void Collect(metrics::SampleSink& sink) const;
};

}  // namespace herdgate::pipeline
