// Learning: whether the keys of one policy are a cache that may be coalesced and refreshed, from what the apps do with
// them; and how long they take to recompute a value.
//
// Under `auto` a policy is eligible after 50 misses of which 90 % were followed by a SET within 10 s, as long as few
// keys are written again while they live and few are removed by who filled them. A command that shows that a key is no
// cache entry (key_use.h) demotes it until Reset; weaker signs only until they are gone. Doubt leaves the app alone.
// What can't be told from a cache: a session store that takes the ids which clients bring (PHP's), as long as nobody
// comes back; so synthetic misses wait for half a minute more.
//
// A key whose misses are three times in a row not followed by a SET is uncacheable for 2 minutes: no flights, no
// leases, no synthetic misses.
//
// What to tell: every nil that an app was shown for a GET or an element of MGET, synthetic ones too; every SET, touch,
// removal and change of a key; what stands in a transaction too, marked as such.
//
// Threads: any; a leaf mutex. eligible, MayRefresh, DeltaOf, delta and p95 take no lock and allocate nothing.
// Ownership: the history outlives it; it may be shared by all policies. Bounded: about 1 MiB, most of it only in use
// where many misses are open.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "sidecar/base/clock.h"
#include "sidecar/stampede/bounded_map.h"
#include "sidecar/stampede/delta_estimate.h"
#include "sidecar/stampede/key_history.h"
#include "sidecar/stampede/key_use.h"
#include "sidecar/stampede/open_misses.h"
#include "sidecar/stampede/tally.h"

namespace herdgate::stampede {

struct LearningOptions {
  enum class Coalesce : std::uint8_t {
    kAuto,
    kOn,  // the operator knows: eligible from the start, whatever is seen
    kOff,
  };
  Coalesce coalesce = Coalesce::kAuto;
  std::uint32_t min_misses = 50;
  double min_share = 0.9;   // of the misses, followed by a SET
  double keep_share = 0.8;  // below that it is eligible no more
  // Of the times that a key known here is written again, those at which it still lived: a cache writes after a miss, a
  // session whenever it has changed. cache_page of Django comes near one half.
  double max_rewritten_share = 0.6;
  // A value that its maker takes away within half a minute, time after time, is a lock.
  double max_released_share = 0.5;
  // From becoming eligible until synthetic misses are shown: they hurt most if it was an error.
  std::chrono::nanoseconds refresh_after = std::chrono::seconds(30);
  int uncacheable_after = 3;
  std::chrono::nanoseconds uncacheable_for = std::chrono::minutes(2);
  std::size_t max_marks = 4096;
  MissLimits misses{};
};

class Learning {
 public:
  enum class Standing : std::uint8_t { kLearning, kEligible, kDemoted };
  struct SetSeen {
    std::uint64_t session = 0;
    std::chrono::milliseconds lifetime{0};  // that the key now has; 0: none, or not known
    bool only_if_absent = false;
    bool in_transaction = false;
  };
  // What a SET was. `delta`: a sample that was taken; 0: none.
  struct SetReport {
    OpenMisses::Fill::Kind kind = OpenMisses::Fill::Kind::kOrphan;
    bool same_session = false;
    bool tainted = false;
    std::chrono::nanoseconds delta{0};
  };
  // To be logged.
  struct Change {
    Standing from = Standing::kLearning;
    Standing to = Standing::kLearning;
    std::optional<Evidence> why;  // nothing: enough was seen
  };
  struct Stats {
    Standing standing = Standing::kLearning;
    std::uint64_t misses = 0;  // judged
    std::uint64_t misses_without_set = 0;
    std::uint64_t orphan_sets = 0;
    std::uint64_t uncacheable_marks = 0;  // ever set
    std::size_t open_misses = 0;
    std::size_t keys_marked = 0;  // uncacheable now, or on the way there
    std::uint64_t delta_samples = 0;
    std::array<std::uint64_t, kEvidences> evidence{};  // commands seen; the last two: times that it was too much
  };

  Learning(const LearningOptions& options, KeyHistory& history);

  // Whether misses may be coalesced.
  bool eligible() const { return eligible_.load(std::memory_order_acquire); }
  // Whether synthetic misses may be shown.
  bool MayRefresh(base::SteadyTime now) const;
  // The key's last one, else the policy's mean; 0: none was measured.
  std::chrono::nanoseconds DeltaOf(std::uint64_t key) const;
  std::chrono::nanoseconds delta() const { return std::chrono::nanoseconds(delta_.load(std::memory_order_relaxed)); }
  std::chrono::nanoseconds p95() const { return std::chrono::nanoseconds(p95_.load(std::memory_order_relaxed)); }
  // On a miss, or before a synthetic one.
  bool IsUncacheable(std::uint64_t key, base::SteadyTime now);

  void OnNil(std::uint64_t key, std::uint64_t session, base::SteadyTime now);
  SetReport OnSet(std::uint64_t key, const SetSeen& set, base::SteadyTime now);
  void OnTouch(std::uint64_t key, base::SteadyTime now);
  void OnRemove(std::uint64_t key, std::uint64_t session);
  // By other means than these: a foreign push, RENAME, the operator.
  void OnChange(std::uint64_t key);
  void OnFlush();
  void OnEvidence(Evidence evidence);
  // The key's flight has ended without a SET. True: now it is uncacheable.
  bool OnUnfilled(std::uint64_t key, base::SteadyTime now);

  // On a timer, about once a second: judges the misses that got no SET. What has changed since the last call.
  std::optional<Change> Advance(base::SteadyTime now);
  void Reset();
  // The operator has changed his mind; what was seen is kept.
  void SetCoalesce(LearningOptions::Coalesce coalesce);
  Stats stats() const;

 private:
  struct Mark {
    int misses = 0;  // in a row without a SET
    base::SteadyTime until{};
  };
  bool Strike(std::uint64_t key, base::SteadyTime now);
  void Judge(base::SteadyTime now);
  void Weigh(base::SteadyTime now);
  std::optional<Evidence> Objection() const;
  void Demote(Evidence evidence);
  void Stand(Standing standing, std::optional<Evidence> why, base::SteadyTime now);
  void Sample(const SetSeen& set, OpenMisses::Fill& fill);

  LearningOptions options_;  // only `coalesce` changes, under the mutex
  KeyHistory& history_;
  mutable std::mutex mutex_;
  OpenMisses open_;
  BoundedMap<Mark> marks_;
  DeltaEstimate estimate_;
  Tally filled_;     // misses, and those followed by a SET
  Tally rewritten_;  // SETs and touches of keys that were written before, and those of them that found the key alive
  Tally released_;   // fills, and those taken away by their maker
  Stats stats_;
  std::optional<Evidence> why_;
  std::optional<Evidence> proof_;  // the last command that showed that a key is no cache entry
  Standing told_ = Standing::kLearning;
  std::atomic<bool> eligible_{false};
  std::atomic<std::int64_t> refresh_from_;  // of the steady clock, in nanoseconds
  std::atomic<std::int64_t> delta_{0};
  std::atomic<std::int64_t> p95_{0};
};

}  // namespace herdgate::stampede
