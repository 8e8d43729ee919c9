#include "sidecar/pipeline/generation_metrics.h"

#include <utility>

namespace herdgate::pipeline {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr CounterFamily kBumps{"herdgate_policy_generation_bumps_total",
                               "Generations that this process has begun, by policy."};
constexpr CounterFamily kChanges{"herdgate_policy_generation_changes_total",
                                 "Changes of the generation that this process has seen, by policy."};
constexpr GaugeFamily kKnown{"herdgate_policy_generation_known",
                             "1 if the policy's generation is known; until then its commands wait."};
constexpr CounterFamily kTagBumps{"herdgate_policy_tag_bumps_total",
                                  "Tags that this process has given a new version, by policy."};
constexpr GaugeFamily kTags{"herdgate_policy_tags",
                            "Tags of the policy that were invalidated under its generation, 10000 at most."};
constexpr GaugeFamily kTracking{"herdgate_generation_tracking",
                                "1 if the upstream pushes changes of generations, 0 if it is asked every second."};
constexpr CounterFamily kErrors{"herdgate_generation_errors_total",
                                "Failures to reach, read or write the counters of generations."};

}  // namespace

GenerationMetrics::Cells& GenerationMetrics::Of(const std::string& policy) {
  const std::lock_guard lock(mutex_);
  return cells_[policy];
}

void GenerationMetrics::Show(std::vector<std::string> policies, std::vector<std::string> tagged) {
  const std::lock_guard lock(mutex_);
  for (const std::string& policy : policies) cells_.try_emplace(policy);
  shown_ = std::move(policies);
  tagged_ = std::move(tagged);
}

void GenerationMetrics::Collect(metrics::SampleSink& sink) const {
  const std::lock_guard lock(mutex_);
  if (shown_.empty()) return;
  for (const std::string& policy : shown_) {
    const Cells& cells = cells_.at(policy);
    sink.Add(kBumps, {{"policy", policy}}, cells.bumps);
    sink.Add(kChanges, {{"policy", policy}}, cells.changes);
    sink.Add(kKnown, {{"policy", policy}}, cells.known);
  }
  for (const std::string& policy : tagged_) {
    sink.Add(kTagBumps, {{"policy", policy}}, cells_.at(policy).tag_bumps);
    sink.Add(kTags, {{"policy", policy}}, cells_.at(policy).tags);
  }
  sink.Add(kTracking, {}, tracking);
  sink.Add(kErrors, {}, errors);
}

}  // namespace herdgate::pipeline
