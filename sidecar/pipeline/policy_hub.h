// PolicyHub: the policies in force in this process: puts a set and its generations together into a snapshot and hands
// it to every loop.
//
// Lives on one loop (the first worker's), on which all methods run but Current: any thread. Other loops get snapshots
// by Post. Ownership: the first Worker's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"
#include "sidecar/cache/hit_curves.h"
#include "sidecar/pipeline/generations.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {

// The first snapshot of a set, with no generation known; null if the set does nothing.
policy::SnapshotPtr FirstSnapshot(const std::shared_ptr<const policy::PolicySet>& set);

// What the hit-ratio curves have to know of a set's policies: of those that are watched and want them.
std::vector<cache::CurveTerms> CurveTermsOf(const policy::PolicySet& set);

class PolicyHub {
 public:
  // `home` is the loop's context; its peers are complete.
  PolicyHub(LoopContext& home, const upstream::IdentityPtr& identity);

  // From the start and by every reload. Null: none.
  void Apply(std::shared_ptr<const policy::PolicySet> set);
  // Hides every key of the policy from all sidecars. `done` runs on this loop, once all loops of this process have the
  // new generation. Errors: no such policy, no generations, the upstream can't be reached.
  void Bump(std::string_view policy, std::function<void(base::Result<std::uint64_t>)> done);
  // Likewise those of its keys that have the tag by its rules.
  void BumpTag(std::string_view policy, std::string_view tag, std::function<void(base::Result<TagBump>)> done);
  // The snapshot that was handed out last; a loop may have it a moment later.
  policy::SnapshotPtr Current() const;
  void EverySecond() { generations_.EverySecond(); }
  void Close() { generations_.Close(); }
  void Collect(metrics::SampleSink& sink) const { generations_.Collect(sink); }

 private:
  void Publish(PolicyNames names, std::function<void()> everywhere);

  LoopContext& home_;
  std::shared_ptr<const policy::PolicySet> set_;
  mutable std::mutex mutex_;  // a leaf; guards current_
  policy::SnapshotPtr current_;
  Generations generations_;
};

}  // namespace herdgate::pipeline
