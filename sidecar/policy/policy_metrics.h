// PolicyMetrics: what one loop's judgements came to, per policy. Counters go on through reloads that keep a policy's
// name; those of a policy that goes end with it. Rows that a policy's rules rule out are left out while they are 0, as
// each policy has them; expiries are shown over all policies, as a histogram each would cost too many series.
//
// Threads: the loop; Collect from any. Ownership: the loop's PolicyStage.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/buckets.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/policy/expiry_peak.h"
#include "sidecar/policy/policy_set.h"
#include "sidecar/policy/request_plan.h"

namespace herdgate::policy {

class PolicyMetrics {
 public:
  // `describes`: this loop's samples say which policies there are; one loop of a process does.
  explicit PolicyMetrics(bool describes) : describes_(describes) {}

  // Null: no policies. Plans counted afterwards belong to this set.
  void SetPolicies(std::shared_ptr<const PolicySet> set);
  void Count(const RequestPlan& plan, base::WallTime now);
  void Collect(metrics::SampleSink& sink) const;

 private:
  struct Cells {
    std::array<metrics::Counter, kTtlActions> writes;
    std::array<metrics::Counter, kRefusals> refusals;
    metrics::Counter without_ttl;
    metrics::Counter rewrites;
    metrics::Gauge peak;
    ExpiryPeak expiries;
  };

  // Null: a transaction was judged by policies that a reload took away before its EXEC.
  Cells* Of(std::size_t policy) { return policy < by_index_.size() ? by_index_[policy] : nullptr; }
  void CountJudgement(Cells& cells, const TtlJudgement& judgement, base::WallTime now);
  static void CollectPolicy(const Policy& policy, const Cells& cells, metrics::SampleSink& sink);

  const bool describes_;
  metrics::Histogram requested_{metrics::kTtlBuckets};
  metrics::Histogram applied_{metrics::kTtlBuckets};
  mutable std::mutex mutex_;  // guards all below against Collect; the cells need no guard
  std::map<std::string, std::unique_ptr<Cells>> cells_;
  std::shared_ptr<const PolicySet> set_;
  std::vector<Cells*> by_index_;
};

}  // namespace herdgate::policy
