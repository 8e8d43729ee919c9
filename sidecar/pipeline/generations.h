// Generations: knows the generation of every policy that has one, and the tags that were invalidated under it; tells
// the loops, begins new ones, and invalidates tags.
//
// The rules are in generation_rules.h and tag_log.h. Counters are read over a connection of their own (ControlLane): at
// once when the upstream pushes a change, and every second in any case, which keeps them from being evicted as unused
// and bounds what a broken push can hide. A tag log is read when its counter is: what is new of it, or its last byte.
// While there is no connection the last known values hold; a policy whose generation was never known stays unknown (0),
// and its commands wait. Only policies that are enforced and have `generation` count; without any, no connection is
// opened.
//
// Threads: one loop; the constructor before it runs, Collect on any thread. Ownership: one per process, on the first
// worker's loop; borrows the pool and the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/base/result.h"
#include "sidecar/net/timer.h"
#include "sidecar/pipeline/control_lane.h"
#include "sidecar/pipeline/generation_metrics.h"
#include "sidecar/pipeline/generation_plan.h"
#include "sidecar/pipeline/generation_rules.h"
#include "sidecar/pipeline/tag_log.h"
#include "sidecar/policy/policy_set.h"

namespace herdgate::pipeline {

struct LoopContext;

// What names keys have, by index of the last PolicySet.
struct PolicyNames {
  std::vector<std::uint64_t> generations;  // 0: not known
  std::vector<policy::TagTablePtr> tags;   // null: no tag was invalidated
};

class Generations final : private ControlLane::Events {
 public:
  // Hands the names to all loops, and runs `everywhere`, if there is one, on this loop when each of them has them.
  // Called from SetPolicies too.
  using Publish = std::function<void(PolicyNames names, std::function<void()> everywhere)>;
  using BumpDone = std::function<void(base::Result<std::uint64_t>)>;
  using TagBumpDone = std::function<void(base::Result<TagBump>)>;

  // `key`: the database and the identity of the upstream's URL.
  Generations(upstream::LanePool& lanes, const upstream::LaneKey& key, Publish publish,
              const base::Clock& clock = base::SystemClock());
  Generations(LoopContext& home, const upstream::IdentityPtr& identity, Publish publish);
  ~Generations() override { Close(); }
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  // At the start and at a reload. A policy that keeps its name keeps its generation; one that comes back is not known
  // until it is read, and never lower than it was. Publishes before it returns.
  void SetPolicies(std::shared_ptr<const policy::PolicySet> policies);

  // Begins a new generation: hides all keys of the policy. `done` runs once, with the new generation when every loop of
  // this process has it, or with kInvalidArgument (no such policy, or none with generations; before Bump returns),
  // kUnavailable (the upstream refused), kTimeout (UpstreamOptions::timeout; it may still take place).
  void Bump(std::string_view policy, BumpDone done);
  // Hides all keys of the policy that have the tag by its rules, likewise. kInvalidArgument also: it has no such rules.
  void BumpTag(std::string_view policy, std::string_view tag, TagBumpDone done);

  void EverySecond();
  // Bumps under way end with kUnavailable before it returns; nothing is called afterwards. Idempotent.
  void Close();

  void Collect(metrics::SampleSink& sink) const { metrics_.Collect(sink); }

 private:
  struct Counter {
    std::string policy;
    std::string key;
    CounterMemory memory;
    std::string log_key;
    TagLog log;
    std::uint64_t rules = 0;  // TagRules::Fingerprint; 0: none
    std::optional<std::uint64_t> schema;
    policy::TagTablePtr table;        // of log, under the generation in memory
    std::uint64_t table_version = 0;  // of the log
    GenerationMetrics::Cells* cells = nullptr;
    bool active = false;   // in the policies of now
    bool known = false;    // memory.last_seen is published
    bool raising = false;  // in writes_
    bool denied = false;   // the upstream refused a write: not again in this second
  };
  // A conditional write; the front one is under way.
  struct Write {
    std::uint64_t id = 0;
    Counter* counter = nullptr;
    GenerationWish wish;
    TagBumpDone done;  // empty: the counter is raised
    base::SteadyTime deadline;
  };

  void OnControlUp() override;
  void OnControlDown(const std::string& why) override;
  void OnControlPush(const resp::Reply& push) override;

  void ReadAll();
  void Read(Counter& counter);
  void OnRead(Counter& counter, const resp::Reply& reply);
  void OnGeneration(Counter& counter, const CounterReading& reading);
  void ReadLog(Counter& counter, const CounterReading& reading);
  struct LogReading {
    CounterReading counter;
    std::uint64_t first = 0;  // byte that was asked for
    bool failed = false;
    std::string bytes{};
  };
  void OnLog(Counter& counter, const LogReading& log, const resp::Reply& again);
  static void TakeBytes(const resp::Reply& reply, LogReading& log);
  void Raise(Counter& counter);
  void Hide(Counter& counter);
  void Name(Counter& counter, const policy::Policy& policy);
  static bool RefreshTable(Counter& counter);
  void Create(Counter& counter, std::uint64_t value);
  void Adopt(Counter& counter, std::uint64_t value, std::function<void()> everywhere);
  void PublishNow(std::function<void()> everywhere);
  void Error(const Counter& counter, std::string_view error);

  Counter* Find(std::string_view policy);
  base::Status WhyNot(std::string_view policy) const;
  void QueueWrite(Counter& counter, GenerationWish wish, TagBumpDone done);
  void StartWrite();
  bool IsUnderWay(std::uint64_t id) const;
  void NoteError(std::uint64_t id, const resp::Reply& reply);
  void OnWatched(const resp::Reply& reply);
  void Restart();
  // What was read under WATCH (GenerationView).
  struct Watched {
    CounterReading reading;
    bool intact = false;
    bool covered = false;
  };
  void Decide(const Watched& watched);
  void SendWrite(const GenerationPlan& plan);
  void AskLog(const Counter& counter, const GenerationPlan& plan, const ControlLane::Done& note);
  void OnWritten(const GenerationPlan& plan, const resp::Reply& reply);
  void EndWrite(base::Result<TagBump> result);
  void AwaitDeadline();
  void FailWrites(const std::string& why);
  void Forget();

  const Publish publish_;
  GenerationMetrics metrics_;
  const base::Clock& clock_;
  net::Loop& loop_;
  const std::chrono::milliseconds timeout_;
  std::shared_ptr<const policy::PolicySet> policies_;
  std::map<std::string, Counter, std::less<>> counters_;  // of every policy that ever had one
  std::vector<Counter*> by_index_;                        // null: no generation
  std::deque<Write> writes_;
  std::uint64_t next_write_ = 1;
  bool writing_ = false;     // the front write has been sent
  std::string write_error_;  // of its transaction
  net::Timer deadline_timer_;
  base::LogRateLimit log_limit_{std::chrono::seconds(10)};
  bool closed_ = false;
  ControlLane control_;  // last: it calls back
};

}  // namespace herdgate::pipeline
