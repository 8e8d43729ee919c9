#include "sidecar/pipeline/invalidation_metrics.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr metrics::BucketLayout kDurations =
    metrics::BucketLayout::Seconds({milliseconds(1), milliseconds(10), milliseconds(100), seconds(1), seconds(10),
                                    seconds(60), seconds(600), seconds(3600)});
constexpr metrics::CounterFamily kEnded{"herdgate_invalidations_total", "Invalidations that have ended, by outcome."};
constexpr metrics::CounterFamily kKeys{"herdgate_invalidated_keys_total",
                                       "Keys that invalidations have deleted or given an early end."};
constexpr metrics::GaugeFamily kJobs{"herdgate_invalidation_jobs", "Invalidations that have not ended, by state."};
constexpr metrics::GaugeFamily kOldest{"herdgate_invalidation_oldest_seconds",
                                       "Age of the oldest invalidation that has not ended; 0: all have."};
constexpr metrics::HistogramFamily kDuration{"herdgate_invalidation_duration_seconds",
                                             "How long invalidations ran, without pauses.", kDurations};

constexpr std::array<std::string_view, 3> kOutcomeNames = {"done", "cancelled", "failed"};

}  // namespace

InvalidationMetrics::InvalidationMetrics() : duration_(kDurations) {}

void InvalidationMetrics::Ended(InvalidationKind kind, InvalidationState state, std::chrono::nanoseconds ran) {
  const std::size_t outcome = state == InvalidationState::kDone ? 0 : state == InvalidationState::kCancelled ? 1 : 2;
  ended_[static_cast<std::size_t>(kind)][outcome].Add();
  duration_.Record(ran);
}

void InvalidationMetrics::Collect(metrics::SampleSink& sink, const Jobs& jobs) const {
  for (std::size_t kind = 0; kind < kInvalidationKinds; ++kind) {
    const std::string_view name = NameOf(static_cast<InvalidationKind>(kind));
    for (std::size_t i = 0; i < kOutcomes; ++i)
      sink.Add(kEnded, {{"kind", name}, {"outcome", kOutcomeNames[i]}}, ended_[kind][i]);
    sink.Add(kKeys, {{"kind", name}}, keys_[kind]);
  }
  sink.Add(kJobs, {{"state", "queued"}}, jobs.queued);
  sink.Add(kJobs, {{"state", "running"}}, jobs.running);
  sink.Add(kJobs, {{"state", "paused"}}, jobs.paused);
  sink.Add(kOldest, {}, std::chrono::duration<double>(jobs.oldest).count());
  sink.Add(kDuration, {}, duration_);
}

}  // namespace herdgate::pipeline
