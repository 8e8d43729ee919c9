#include "sidecar/metrics/policy_fold.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::metrics {
namespace {

std::string* PolicyOf(Series& series) {
  for (auto& [name, value] : series.labels) {
    if (name == PolicyFold::kLabel) return &value;
  }
  return nullptr;
}

const std::string* PolicyOf(const Series& series) {
  return PolicyOf(const_cast<Series&>(series));
}

// All labels but the policy's.
std::string KeyOf(const FamilySamples& family, const Series& series) {
  std::string key(family.family.name);
  for (const auto& [name, value] : series.labels) {
    if (name != PolicyFold::kLabel) key.append("\n").append(name).append("=").append(value);
  }
  return key;
}

// Adds to `missing` what `now` is below `last`.
void NoteLoss(const HistogramSnapshot& last, const HistogramSnapshot& now, HistogramSnapshot& missing) {
  for (std::size_t i = 0; i < now.counts.size(); ++i) {
    if (now.counts[i] < last.counts[i]) missing.counts[i] += last.counts[i] - now.counts[i];
  }
  if (now.sum < last.sum) missing.sum += last.sum - now.sum;
}

}  // namespace

void PolicyFold::SetPolicies(std::vector<std::string> names) {
  policies_ = std::move(names);
  most_ = std::numeric_limits<std::size_t>::max();
}

void PolicyFold::Apply(std::vector<FamilySamples>& families, std::size_t max_series, std::size_t reserve) {
  Costs costs;
  std::size_t others = 0;
  for (const FamilySamples& family : families) {
    for (const Series& series : family.series) {
      const std::string* const policy = PolicyOf(series);
      (policy == nullptr ? others : costs[*policy]) += SeriesCost(family, series);
    }
  }
  const std::size_t taken = std::max(others, reserve);
  const std::size_t room = max_series > taken ? max_series - taken : 0;
  std::vector<std::string> order = policies_;
  if (order.empty()) {
    for (const auto& [name, cost] : costs) order.push_back(name);
  }
  const std::size_t kept = CountKept(order, costs, room, families);
  Costs left;
  for (std::size_t i = 0; i < kept; ++i) {
    if (const auto found = costs.find(order[i]); found != costs.end()) left.insert(*found);
  }
  // Those that a reload is taking away stay as long as they fit.
  std::size_t all = 0;
  for (const auto& [name, cost] : costs) all += cost;
  if (kept == order.size() && all <= room) left = costs;
  Tell(order.size(), order.size() - kept);
  if (left.size() == costs.size()) {
    carried_.clear();
    return;
  }
  for (FamilySamples& family : families) Fold(family, left);
}

std::size_t PolicyFold::CountKept(const std::vector<std::string>& order, const Costs& costs, std::size_t room,
                                  const std::vector<FamilySamples>& families) {
  const auto cost = [&](const std::string& name) {
    const auto found = costs.find(name);
    return found == costs.end() ? 0 : found->second;
  };
  std::size_t all = 0;
  for (const std::string& name : order) all += cost(name);
  if (all <= room && most_ >= order.size()) return order.size();
  // What the overflow may take at most: each row that any policy has.
  std::map<std::string, std::size_t> rows;
  for (const FamilySamples& family : families) {
    for (const Series& series : family.series) {
      if (PolicyOf(series) != nullptr) rows[KeyOf(family, series)] = SeriesCost(family, series);
    }
  }
  std::size_t used = 0;
  for (const auto& [key, row] : rows) used += row;
  std::size_t kept = 0;
  while (kept < order.size() && kept < most_ && used + cost(order[kept]) <= room) used += cost(order[kept++]);
  most_ = kept;
  return kept;
}

void PolicyFold::Fold(FamilySamples& family, const Costs& kept) {
  std::vector<Series> series;
  std::unordered_map<std::string, std::size_t> shared;  // by all other labels -> position in `series`
  series.reserve(family.series.size());
  for (Series& one : family.series) {
    std::string* const policy = PolicyOf(one);
    if (policy == nullptr || kept.contains(*policy)) {
      series.push_back(std::move(one));
      continue;
    }
    const auto [place, is_new] = shared.emplace(KeyOf(family, one), series.size());
    if (is_new) {
      *policy = kOverflowLabel;
      series.push_back(std::move(one));
      continue;
    }
    Series& sum = series[place->second];
    sum.value += one.value;
    if (one.histogram.layout != nullptr) sum.histogram.Merge(one.histogram);
  }
  if (shared.empty()) {
    family.series = std::move(series);
    return;
  }
  for (const auto& [key, place] : shared) MakeUp(family, series[place]);
  std::sort(series.begin(), series.end(), [](const Series& a, const Series& b) { return a.labels < b.labels; });
  family.series = std::move(series);
}

void PolicyFold::MakeUp(const FamilySamples& family, Series& series) {
  if (family.family.kind == MetricKind::kGauge) return;
  Carried& carried = carried_[KeyOf(family, series)];
  if (family.family.kind == MetricKind::kCounter) {
    if (series.value < carried.last) carried.missing += carried.last - series.value;
    carried.last = series.value;
    series.value += carried.missing;
    return;
  }
  NoteLoss(carried.last_histogram, series.histogram, carried.missing_histogram);
  carried.last_histogram = series.histogram;
  series.histogram.Merge(carried.missing_histogram);
}

void PolicyFold::Tell(std::size_t policies, std::size_t folded) {
  if (folded == std::exchange(folded_, folded) || folded == 0) return;
  base::LogWarn("metrics.policies_folded", {{"policies", std::uint64_t{policies}},
                                            {"folded", std::uint64_t{folded}},
                                            {"first", policies_.empty() ? "" : policies_[policies - folded]},
                                            {"label", kOverflowLabel}});
}

}  // namespace herdgate::metrics
