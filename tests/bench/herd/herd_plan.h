// HerdPlan is what a run does, HerdResult what it saw. Plain values; times in seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/herd/arrivals.h"
#include "tests/bench/herd/idle_pool.h"
#include "tests/bench/herd/key_book.h"
#include "tests/bench/herd/links.h"
#include "tests/bench/herd/processor_sharing.h"
#include "tests/bench/herd/sample.h"

namespace herdgate::bench {

struct HerdPlan {
  std::vector<Endpoint> pods;  // arrivals are dealt to them at random
  ArrivalOptions arrivals;     // pods is set from the above
  std::string prefix = "herd:";
  double ttl = 10;           // seconds
  double cost = 0.2;         // seconds of an unhindered job
  double slots = 0;          // of the origin; 0: no limit
  bool own_origins = false;  // each hot key has an origin with that many slots for itself
  PoolOrder order = PoolOrder::kLifo;
  bool pinned = false;        // a request keeps its connection from its GET to the end of its SET
  std::uint32_t clients = 0;  // requests under way at once, in all; others wait for their turn; 0: no limit
  bool set_nx = false;
  std::uint32_t value_bytes = 100;
  double timeout = 5;        // seconds that a command may take
  double older_allowed = 0;  // seconds for which a replaced value may still be read and isn't counted

  double cold_every = 0;     // the hot keys are new ones each so many seconds; 0: never
  bool kill_leader = false;  // whoever opens an epoch loses its connection and dies after half the cost

  double other_ttl = 60;  // of the keys that are not hot
  double other_cost = 0.02;

  std::uint32_t warmup = 1;     // epochs of each key that are not counted
  std::uint32_t expiries = 10;  // epochs that are counted; the run ends with the last one
  double max_seconds = 0;       // the run ends then at the latest; 0: never
  // Asked all the time; true ends the run. Empty: it is not asked.
  std::function<bool()> stopped;
  // Called about once a second with the seconds since the start; false ends the run.
  std::function<bool(double)> each_second;
};

struct HerdResult {
  // Of the counted time: requests that were due after the warm-up.
  Sample latency;   // seconds
  Sample in_epoch;  // of those that arrived while their key had no value
  std::uint64_t requests = 0;
  double lateness = 0;  // seconds by which the herd itself was late at most
  double seconds = 0;   // counted
  // Of the hot keys.
  std::vector<Epoch> epochs;
  Sample recomputes;  // of each epoch
  Sample windows;     // seconds from its opening to its value
  Sample gaps;        // seconds before the old value's end, of those that opened early
  // Of the origins of the hot keys, all together.
  double busy_seconds = 0;
  double saturated_seconds = 0;
  std::size_t peak_jobs = 0;
  std::vector<ProcessorSharing::Step> steps;  // of the first one
  // Of the whole run.
  std::uint64_t jobs = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t errors = 0;
  std::uint64_t killed = 0;
  std::uint64_t expired_reads = 0;
  double expired_most = 0;  // seconds past its end
  std::uint64_t older_reads = 0;
  double older_most = 0;  // seconds, also of those that are allowed
  std::uint64_t unknown_reads = 0;
  std::size_t connections = 0;
  std::string first_error;
};

}  // namespace herdgate::bench
