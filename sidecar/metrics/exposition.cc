#include "sidecar/metrics/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "sidecar/metrics/gzip.h"

namespace herdgate::metrics {
namespace {

constexpr GaugeFamily kCollectDuration{"herdgate_scrape_collect_duration_seconds",
                                       "Time that the last scrape took to collect its samples."};

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram Cumulative(const HistogramSnapshot& snapshot) {
  const BucketLayout& layout = *snapshot.layout;
  prometheus::ClientMetric::Histogram out;
  out.bucket.reserve(layout.size() + 1);
  for (std::size_t i = 0; i <= layout.size(); ++i) {
    out.sample_count += snapshot.counts[i];
    const double bound = i == layout.size() ? std::numeric_limits<double>::infinity() : layout.Shown(layout.bound(i));
    out.bucket.push_back({out.sample_count, bound});
  }
  out.sample_sum = layout.Shown(snapshot.sum);
  return out;
}

prometheus::MetricFamily ToPrometheus(FamilySamples&& samples) {
  prometheus::MetricFamily out;
  out.name = samples.family.name;
  out.help = samples.family.help;
  out.type = TypeOf(samples.family.kind);
  out.metric.reserve(samples.series.size());
  for (Series& series : samples.series) {
    prometheus::ClientMetric metric;
    for (auto& [name, value] : series.labels) metric.label.push_back({std::move(name), std::move(value)});
    metric.counter.value = series.value;
    metric.gauge.value = series.value;
    if (samples.family.kind == MetricKind::kHistogram) metric.histogram = Cumulative(series.histogram);
    out.metric.push_back(std::move(metric));
  }
  return out;
}

}  // namespace

std::shared_ptr<const std::string> Exposition::Text() {
  const std::lock_guard lock(mutex_);
  Refresh();
  return text_;
}

std::shared_ptr<const std::string> Exposition::Compressed() {
  const std::lock_guard lock(mutex_);
  Refresh();
  if (compressed_ == nullptr) compressed_ = std::make_shared<const std::string>(Gzip(*text_));
  return compressed_;
}

void Exposition::Refresh() {
  const base::SteadyTime start = clock_.Now();
  if (text_ != nullptr && start - made_at_ < cache_for_) return;

  std::vector<FamilySamples> collected = registry_.Collect();
  const std::chrono::duration<double> took = clock_.Now() - start;
  FamilySamples cost{kCollectDuration, {Series{.labels = {}, .value = took.count(), .histogram = {}}}};
  const auto place = std::find_if(collected.begin(), collected.end(),
                                  [&](const FamilySamples& other) { return other.family.name > cost.family.name; });
  collected.insert(place, std::move(cost));

  std::vector<prometheus::MetricFamily> families;
  families.reserve(collected.size());
  for (FamilySamples& samples : collected) families.push_back(ToPrometheus(std::move(samples)));
  text_ = std::make_shared<const std::string>(prometheus::TextSerializer().Serialize(families));
  compressed_ = nullptr;
  made_at_ = start;
}

}  // namespace herdgate::metrics
