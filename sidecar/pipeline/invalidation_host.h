// InvalidationHost: what an invalidation needs of its sidecar besides the upstream: the names of keys, and what happens
// here to those that go. In the process it is InvalidationEffects; tests have their own.
//
// Threads: Snapshot, any; all else on the invalidations' loop, on which `done` runs too, maybe before the call returns.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"
#include "sidecar/pipeline/invalidation.h"
#include "sidecar/pipeline/invalidation_matcher.h"
#include "sidecar/pipeline/tag_log.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {

struct InvalidationBatch {
  struct Key {
    std::string physical;
    std::size_t prefix = 0;  // bytes of it before the logical key
    std::size_t policy = 0;  // its index in `snapshot`, or PolicySet::kNone

    std::string_view logical() const { return std::string_view(physical).substr(prefix); }
  };
  InvalidationMode mode = InvalidationMode::kHard;
  InvalidationScope scope = InvalidationScope::kBoth;
  policy::SnapshotPtr snapshot;
  std::vector<Key> keys;
};
using InvalidationBatchPtr = std::shared_ptr<const InvalidationBatch>;

class InvalidationHost {
 public:
  virtual ~InvalidationHost() = default;

  // Null: no policies.
  virtual policy::SnapshotPtr Snapshot() const = 0;
  virtual bool UpstreamAway() const = 0;
  // Keys beside these that have to go with them: leases, shadows. Of a hard one.
  virtual std::vector<std::string> CompanionsOf(const InvalidationBatch& batch) const = 0;
  // The batch is about to be sent: `done` when that may be. How many near entries are concerned is not known.
  virtual void Before(InvalidationBatchPtr batch, std::function<void()> done) = 0;
  // It was answered, or its fate is not known.
  virtual void After(InvalidationBatchPtr batch) = 0;
  // All near entries that are meant; how many there were.
  virtual std::size_t SweepNear(const InvalidationMatcher& matcher, InvalidationMode mode) = 0;
  // Those of the batch.
  virtual std::size_t RemoveNear(const InvalidationBatch& batch) = 0;
  // Flights of all keys that are meant are tainted. `matcher` is kept.
  virtual void TaintFlights(std::shared_ptr<const InvalidationMatcher> matcher, std::function<void()> done) = 0;
  // The hottest keys that are meant, most read first, and what is known of each; `policy` is an index of the matcher's.
  struct Hot {
    std::string logical;
    std::size_t policy = 0;
    double reads_per_second = 0;
    std::chrono::nanoseconds delta{0};
  };
  virtual std::vector<Hot> HottestOf(const InvalidationMatcher& matcher) const = 0;
  virtual void Bump(const std::string& policy, std::function<void(base::Result<std::uint64_t>)> done) = 0;
  // Hides the keys of the policy that have the tag by its rules.
  virtual void BumpTag(const std::string& policy, const std::string& tag,
                       std::function<void(base::Result<TagBump>)> done) = 0;
};

}  // namespace herdgate::pipeline
