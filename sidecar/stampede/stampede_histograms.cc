#include "sidecar/stampede/stampede_histograms.h"

namespace herdgate::stampede {
namespace {

using metrics::HistogramFamily;

constexpr HistogramFamily kSizes{"herdgate_flight_size",
                                 "Callers of a flight: its leader, those that waited, got a stale value or nil.",
                                 metrics::kFlightSizeBuckets};
constexpr HistogramFamily kDurations{"herdgate_flight_duration_seconds",
                                     "From nil for the leader to the end of its flight.", metrics::kRecomputeBuckets};
constexpr HistogramFamily kWaits{"herdgate_waiter_wait_seconds",
                                 "How long GETs waited for another's value: till it came, or too long.",
                                 metrics::kFlightWaitBuckets};
constexpr HistogramFamily kRecomputes{
    "herdgate_recompute_seconds", "How long apps took from nil to the SET of the value.", metrics::kRecomputeBuckets};
constexpr HistogramFamily kGaps{"herdgate_refresh_gap_seconds",
                                "How long before the end of a value's life its early refresh began.",
                                metrics::kAroundExpiryBuckets};
constexpr HistogramFamily kStaleAges{"herdgate_stale_age_seconds",
                                     "How long past the end of their life stale values were answered.",
                                     metrics::kAroundExpiryBuckets};

}  // namespace

void StampedeHistograms::OnFlight(std::uint32_t size, std::chrono::nanoseconds duration) {
  const std::lock_guard lock(mutex_);
  sizes_.Observe(size);
  durations_.Record(duration);
}

void StampedeHistograms::OnWait(std::chrono::nanoseconds waited) {
  const std::lock_guard lock(mutex_);
  waits_.Record(waited);
}

void StampedeHistograms::OnRecompute(std::chrono::nanoseconds delta) {
  const std::lock_guard lock(mutex_);
  recomputes_.Record(delta);
}

void StampedeHistograms::OnRefresh(std::chrono::nanoseconds left) {
  const std::lock_guard lock(mutex_);
  gaps_.Record(left);
}

void StampedeHistograms::OnStale(std::chrono::nanoseconds age) {
  const std::lock_guard lock(mutex_);
  stale_ages_.Record(age);
}

void StampedeHistograms::Collect(metrics::SampleSink& sink, bool refreshes) const {
  sink.Add(kSizes, {}, sizes_);
  sink.Add(kDurations, {}, durations_);
  sink.Add(kWaits, {}, waits_);
  sink.Add(kRecomputes, {}, recomputes_);
  if (refreshes || !gaps_.IsEmpty()) sink.Add(kGaps, {}, gaps_);
  sink.Add(kStaleAges, {}, stale_ages_);
}

}  // namespace herdgate::stampede
