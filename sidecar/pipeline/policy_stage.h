// PolicyStage: what one loop judges requests by: the snapshot of the moment, and the memory that judging reuses.
//
// Without policies there is no snapshot, and a request costs one comparison more. Snapshots are swapped whole between
// two requests; what was sent keeps the one it was judged by (policy::ReplyWork).
// Threads: its loop; Collect from any. Ownership: the Worker's; outlives the clients.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"
#include "sidecar/command/spec.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/net/loop.h"
#include "sidecar/policy/policy_metrics.h"
#include "sidecar/policy/request_judge.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/policy/snapshot.h"
#include "sidecar/resp/request.h"

namespace herdgate::pipeline {

class Client;

class PolicyStage {
 public:
  // `describes`: see policy::PolicyMetrics.
  PolicyStage(net::Loop& loop, std::uint64_t seed, bool describes) : loop_(loop), random_(seed), metrics_(describes) {}

  // Null: no policies. Wakes the clients that wait for a generation. Returns whether keys that had a name have another
  // one now: what clients remember of them is void.
  bool Set(policy::SnapshotPtr snapshot);
  bool active() const { return snapshot_ != nullptr; }
  const policy::SnapshotPtr& snapshot() const { return snapshot_; }
  // Whether replies and pushes may hold names of keys that an app must not see.
  bool versions() const { return snapshot_ != nullptr && snapshot_->versions(); }
  // Whether any policy changes a byte.
  bool enforces() const { return enforces_; }
  // Whether some enforced policy's generation is not known.
  bool awaits_generation() const { return awaits_generation_; }

  // The plan is valid until the next call. REQUIRES: active(). `in_multi`: the command will be queued, not executed.
  policy::RequestPlan& Judge(const command::CommandSpec& spec, const resp::Request& request, bool in_multi,
                             std::int64_t max_bulk_bytes);
  // The plan of GET `key`, a key of that policy, where the policy has no versions. Valid as Judge's.
  policy::RequestPlan& PlanOfGet(std::size_t policy) {
    plan_.Clear();
    plan_.watched_keys.push_back({.argument = 1, .policy = policy});
    plan_.degradable = snapshot_->set().at(policy).cache();
    return plan_;
  }
  // The plan was carried out: its request was sent or refused.
  void Count(const policy::RequestPlan& plan) { metrics_.Count(plan, now_); }

  // `client` waits for a generation: it is resumed when one becomes known, and once a second to look at its deadline.
  void Await(std::weak_ptr<Client> client) { waiting_.push_back(std::move(client)); }
  void EverySecond() { ResumeWaiting(); }

  void Collect(metrics::SampleSink& sink) const { metrics_.Collect(sink); }

 private:
  void ResumeWaiting();

  net::Loop& loop_;
  base::Random random_;
  base::SteadyTime asked_at_;  // the turn in which the wall clock was last asked: once is enough
  base::WallTime now_;
  policy::SnapshotPtr snapshot_;
  bool awaits_generation_ = false;
  bool enforces_ = false;
  policy::RequestJudge judge_;
  policy::RequestPlan plan_;
  policy::PolicyMetrics metrics_;
  std::vector<std::weak_ptr<Client>> waiting_;
};

}  // namespace herdgate::pipeline
