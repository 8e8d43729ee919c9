// Control: the one interface by which the admin folder looks into a running sidecar. Invalidations is the other, by
// which it changes something: this header brings both, so that what admin may know of the pipeline is one file.
//
// Threads: every method from any thread that is no loop. Those that need a loop post to it and wait for its answer, for
// kPatience at most; the others take leaf mutexes or read atomics, and never wait.
// Answers are plain values, and copies: they may be kept. Errors: kUnavailable where nobody answered in time, or
// Redis is away.
// Ownership: borrows the workers and what they share, which outlive it. Close before the first worker's Close.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"
#include "sidecar/cache/hit_curves.h"
#include "sidecar/cache/near_types.h"
#include "sidecar/pipeline/invalidations.h"
#include "sidecar/policy/policy_set.h"
#include "sidecar/stampede/flight_stats.h"
#include "sidecar/stampede/hot_list.h"
#include "sidecar/stampede/stampede_events.h"
#include "sidecar/upstream/breaker.h"
#include "sidecar/upstream/health.h"

namespace herdgate::pipeline {

class KeyProbe;
class Worker;
struct SharedState;

struct UpstreamView {
  upstream::Health::State health;
  upstream::Breaker::Info breaker;
  std::int64_t connections = 0;  // of this process
  std::size_t dedicated = 0;     // of those, of single sessions
  std::uint64_t remembered_deletes = 0;
  std::uint32_t default_db = 0;
};

struct SessionView {
  std::uint64_t id = 0;
  std::string address;
  std::string local_address;
  std::string name;
  std::string user;
  std::string library;  // "name version"
  std::string last_command;
  int loop = 0;
  int protocol = 2;
  std::uint32_t db = 0;
  std::int64_t age_s = 0;
  std::int64_t idle_s = 0;
  std::size_t output_bytes = 0;
  bool is_dedicated = false;
};

struct SessionsView {
  std::vector<std::size_t> per_loop;
  std::vector<SessionView> oldest;
};

struct PoliciesView {
  std::shared_ptr<const policy::PolicySet> set;  // never null
  std::vector<std::uint64_t> generations;        // by index; 0: none, or not known yet
};

struct FlightsView {
  stampede::FlightStats stats;
  std::size_t callers = 0;
};

struct KeyQuestion {
  std::string key;  // as the app writes it
  std::optional<std::uint32_t> db;
  bool wants_value = false;
};

struct KeyView {
  std::string physical;
  std::uint32_t db = 0;
  std::string type;  // as TYPE says; "none"
  std::optional<std::int64_t> pttl_ms;
  std::optional<std::uint64_t> bytes;   // MEMORY USAGE
  std::optional<std::uint64_t> length;  // STRLEN, HLEN, ...
  std::optional<std::string> value;     // of a string, its first kValueBytes; only if it was asked for
  std::size_t policy = policy::PolicySet::kNone;
  std::shared_ptr<const policy::PolicySet> set;  // null: no policies
  std::string pattern;                           // by which the policy has it
  cache::Freshness near = cache::Freshness::kAbsent;
  std::chrono::milliseconds near_age{0};
  std::chrono::milliseconds near_fresh_for{0};
  std::size_t near_bytes = 0;
  bool in_flight = false;
  double per_second = 0;  // lookups
};

class Control {
 public:
  static constexpr std::chrono::milliseconds kPatience{1000};
  static constexpr std::size_t kValueBytes = 4096;

  // Before or after the loops run.
  Control(SharedState& shared, const std::vector<std::unique_ptr<Worker>>& workers);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // ---- asked of a loop
  // At most `most` sessions, the oldest of them.
  base::Result<SessionsView> Sessions(std::size_t most) const;
  base::Result<PoliciesView> Policies() const;
  // Asks Redis over a connection of its own; one question at a time. Changes nothing there.
  // Errors also: kUnavailable if the key has no name yet (its generation isn't known), or another is under way.
  base::Result<KeyView> Inspect(KeyQuestion question);

  // ---- answered at once
  UpstreamView Upstream() const;
  // Ordered as HotList::Top. The index of a policy is that of the set in force, or kNoPolicy.
  std::vector<stampede::HotKey> HotKeys(std::size_t n) const;
  std::vector<stampede::StampedeEvent> Stampedes(std::size_t n) const;
  stampede::StampedeEvents::Totals StampedeTotals() const;
  FlightsView Flights() const;
  std::vector<cache::HitCurve> Curves() const;

  // Ends what is under way; Inspect answers with an error from then on. Idempotent.
  void Close();

 private:
  void AddLocalFacts(const std::string& key, KeyView& view) const;

  SharedState& shared_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  std::shared_ptr<KeyProbe> probe_;  // lives on the first loop; null once closed
};

// The pattern by which a policy has the key: the one with the longest literal prefix, the first of equals; "": none.
std::string PatternOf(const policy::Policy& policy, std::string_view key);

}  // namespace herdgate::pipeline
