#include "sidecar/admin/figures.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace herdgate::admin {
namespace {

using namespace std::chrono_literals;
using metrics::FamilySamples;
using metrics::Series;

constexpr auto kReadAgainAfter = 200ms;
constexpr auto kSampleEvery = 900ms;
constexpr auto kWindow = 15s;
constexpr auto kOldest = 60s;
constexpr std::size_t kSamples = 64;

std::string_view LabelIn(const Series& series, std::string_view name) {
  for (const auto& [label, value] : series.labels) {
    if (label == name) return value;
  }
  return {};
}

// Within a bucket as if evenly spread, as PromQL does.
double Quantile(const metrics::HistogramSnapshot& histogram, double q) {
  const double rank = q * static_cast<double>(histogram.Count());
  double below = 0;
  for (std::size_t i = 0; i < histogram.layout->size(); ++i) {
    const auto count = static_cast<double>(histogram.counts[i]);
    const double low = i == 0 ? 0 : histogram.layout->Shown(histogram.layout->bound(i - 1));
    const double high = histogram.layout->Shown(histogram.layout->bound(i));
    if (count > 0 && below + count >= rank) return low + (high - low) * (rank - below) / count;
    below += count;
  }
  return histogram.layout->Shown(histogram.layout->bound(histogram.layout->size() - 1));
}

}  // namespace

double LookupFigures::lookups() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), 0.0);
}

std::optional<double> LookupFigures::hit_ratio() const {
  const double all = lookups();
  if (all <= 0) return std::nullopt;
  return (outcomes[0] + outcomes[1]) / all;
}

void LookupFigures::Merge(const LookupFigures& other) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += other.outcomes[i];
}

void Figures::Update() {
  const base::SteadyTime now = clock_.Now();
  if (!families_.empty() && now - now_.at < kReadAgainAfter) return;
  if (!families_.empty() && (samples_.empty() || now_.at - samples_.back().at >= kSampleEvery)) {
    samples_.push_back(std::move(now_));
  }
  while (!samples_.empty() && (samples_.size() > kSamples || now - samples_.front().at > kOldest)) samples_.pop_front();
  families_ = registry_.Collect();
  now_ = TakeSample();
  now_.at = now;
}

const FamilySamples* Figures::Find(std::string_view family) const {
  const auto found =
      std::ranges::find_if(families_, [&](const FamilySamples& samples) { return samples.family.name == family; });
  return found == families_.end() ? nullptr : &*found;
}

Figures::Sample Figures::TakeSample() const {
  Sample sample;
  if (const FamilySamples* lookups = Find("herdgate_lookups_total")) {
    for (const Series& series : lookups->series) {
      const auto* const outcome = std::ranges::find(kOutcomeNames, LabelIn(series, "outcome"));
      if (outcome == kOutcomeNames.end()) continue;
      auto& figures = sample.lookups[std::string(LabelIn(series, "policy"))];
      figures.outcomes[static_cast<std::size_t>(outcome - kOutcomeNames.begin())] += series.value;
    }
  }
  sample.commands = Sum("herdgate_commands_total");
  if (const FamilySamples* durations = Find("herdgate_command_duration_seconds")) {
    for (const Series& series : durations->series) {
      if (sample.durations.layout == nullptr) {
        sample.durations = series.histogram;
      } else {
        sample.durations.Merge(series.histogram);
      }
    }
  }
  return sample;
}

const Figures::Sample* Figures::Base() const {
  const Sample* base = nullptr;
  for (const Sample& sample : samples_) {
    if (now_.at - sample.at < kSampleEvery) break;
    base = &sample;
    if (now_.at - sample.at <= kWindow) break;
  }
  return base;
}

double Figures::Sum(std::string_view family) const {
  const FamilySamples* const found = Find(family);
  double sum = 0;
  if (found != nullptr) {
    for (const Series& series : found->series) sum += series.value;
  }
  return sum;
}

double Figures::Sum(std::string_view family, std::string_view label, std::string_view value) const {
  const FamilySamples* const found = Find(family);
  double sum = 0;
  if (found == nullptr) return sum;
  for (const Series& series : found->series) {
    if (LabelIn(series, label) == value) sum += series.value;
  }
  return sum;
}

std::string Figures::LabelOf(std::string_view family, std::string_view wanted, std::string_view label,
                             std::string_view value) const {
  const FamilySamples* const found = Find(family);
  if (found == nullptr) return "";
  for (const Series& series : found->series) {
    const bool matches = label.empty() || LabelIn(series, label) == value;
    if (series.value != 0 && matches) return std::string(LabelIn(series, wanted));
  }
  return "";
}

std::map<std::string, double> Figures::ByLabel(std::string_view family, std::string_view label) const {
  std::map<std::string, double> counts;
  const FamilySamples* const found = Find(family);
  if (found == nullptr) return counts;
  for (const Series& series : found->series) counts[std::string(LabelIn(series, label))] += series.value;
  return counts;
}

LookupFigures Figures::Lookups(std::string_view policy) const {
  if (!policy.empty()) {
    const auto found = now_.lookups.find(policy);
    return found == now_.lookups.end() ? LookupFigures{} : found->second;
  }
  LookupFigures all;
  for (const auto& [name, figures] : now_.lookups) all.Merge(figures);
  return all;
}

std::optional<LookupFigures> Figures::Rates(std::string_view policy) const {
  const Sample* const base = Base();
  if (base == nullptr) return std::nullopt;
  const double seconds = std::chrono::duration<double>(now_.at - base->at).count();
  LookupFigures rates;
  for (const auto& [name, figures] : now_.lookups) {
    if (!policy.empty() && name != policy) continue;
    const auto before = base->lookups.find(name);
    for (std::size_t i = 0; i < rates.outcomes.size(); ++i) {
      const double from = before == base->lookups.end() ? 0 : before->second.outcomes[i];
      rates.outcomes[i] += std::max(0.0, figures.outcomes[i] - from) / seconds;
    }
  }
  return rates;
}

std::optional<double> Figures::CommandsPerSecond() const {
  const Sample* const base = Base();
  if (base == nullptr) return std::nullopt;
  return std::max(0.0, now_.commands - base->commands) / std::chrono::duration<double>(now_.at - base->at).count();
}

std::optional<Quantiles> Figures::Latency() const {
  const Sample* const base = Base();
  if (base == nullptr || now_.durations.layout == nullptr) return std::nullopt;
  metrics::HistogramSnapshot between = now_.durations;
  for (std::size_t i = 0; i < between.counts.size(); ++i) {
    between.counts[i] -= std::min(between.counts[i], base->durations.counts[i]);
  }
  if (between.Count() == 0) return std::nullopt;
  return Quantiles{
      .p50_s = Quantile(between, 0.5), .p99_s = Quantile(between, 0.99), .p999_s = Quantile(between, 0.999)};
}

void AddLookups(JsonWriter& json, const LookupFigures& figures, bool whole) {
  const auto add = [&](std::string_view name, double value) {
    if (whole) {
      json.Add(name, static_cast<std::uint64_t>(value));
    } else {
      json.Add(name, value);
    }
  };
  add("lookups", figures.lookups());
  json.Object("outcomes");
  for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) add(kOutcomeNames[i], figures.outcomes[i]);
  json.End().Add("hit_ratio", figures.hit_ratio());
}

}  // namespace herdgate::admin
