#include "sidecar/metrics/registry.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <string_view>
#include <unordered_map>

#include "sidecar/metrics/policy_fold.h"

namespace herdgate::metrics {
namespace {

constexpr CounterFamily kDroppedSeries{
    "herdgate_metrics_dropped_series_total",
    "Samples left out of scrapes because of the series limit or an unusable label value."};

constexpr GaugeFamily kFolded{"herdgate_metrics_folded_policies",
                              "Policies that share the label overflow, because all of them have too many series."};

constexpr std::size_t kMaxLabels = 8;  // of a sample

using OwnedLabels = std::vector<std::pair<std::string, std::string>>;

// The length of the UTF-8 sequence at the start of `text`, or 0. Control characters don't count as text.
std::size_t PrintableLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  std::size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what is beyond the last code point.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

bool IsUsableValue(std::string_view value) {
  if (value.size() > Registry::kMaxLabelBytes) return false;
  while (!value.empty()) {
    const std::size_t length = PrintableLength(value);
    if (length == 0) return false;
    value.remove_prefix(length);
  }
  return true;
}

// Adds samples up by family and labels.
class Gatherer final : public SampleSink {
 public:
  std::vector<FamilySamples> Take();

  std::uint64_t invalid_label = 0;

 private:
  struct Gathered {
    FamilySamples samples;
    std::unordered_map<std::string, std::size_t> index;  // joined label values -> position in samples.series
  };

  void AddValue(const Family& family, Labels labels, double value) override;
  void AddHistogram(const HistogramFamily& family, Labels labels, const HistogramSnapshot& snapshot) override;
  Series* Find(const Family& family, Labels labels);
  Series* Make(Gathered& gathered, std::span<const Label* const> labels);

  std::map<std::string_view, Gathered> families_;
  Gathered* last_ = nullptr;  // samples of one family come in a row
  std::string key_;           // of the sample at hand; its memory is reused
};

// Null if the sample must be left out. Takes no memory but for a new series: each loop adds all of them.
Series* Gatherer::Find(const Family& family, Labels labels) {
  assert(labels.size() <= kMaxLabels);
  std::array<const Label*, kMaxLabels> sorted{};
  std::size_t count = 0;
  for (const Label& label : labels) {
    std::size_t at = count++;
    for (; at > 0 && label.name.text < sorted[at - 1]->name.text; --at) sorted[at] = sorted[at - 1];
    sorted[at] = &label;
  }
  const std::span<const Label* const> used(sorted.data(), count);
  key_.clear();
  for (const Label* label : used) key_.append(label->name.text).append("=").append(label->value).append("\n");

  if (last_ == nullptr || last_->samples.family.name != family.name) {
    last_ = &families_.try_emplace(family.name, Gathered{{family, {}}, {}}).first->second;
  }
  assert(last_->samples.family.kind == family.kind && "one name, two kinds");
  const auto entry = last_->index.find(key_);
  return entry != last_->index.end() ? &last_->samples.series[entry->second] : Make(*last_, used);
}

Series* Gatherer::Make(Gathered& gathered, std::span<const Label* const> labels) {
  OwnedLabels owned;
  owned.reserve(labels.size());
  for (const Label* label : labels) {
    if (!IsUsableValue(label->value)) {
      ++invalid_label;
      return nullptr;
    }
    owned.emplace_back(label->name.text, label->value);
  }
  gathered.index.emplace(key_, gathered.samples.series.size());
  gathered.samples.series.push_back({.labels = std::move(owned)});
  return &gathered.samples.series.back();
}

void Gatherer::AddValue(const Family& family, Labels labels, double value) {
  if (Series* series = Find(family, labels)) series->value += value;
}

void Gatherer::AddHistogram(const HistogramFamily& family, Labels labels, const HistogramSnapshot& snapshot) {
  Series* const series = Find(family, labels);
  if (series == nullptr) return;
  if (series->histogram.layout == nullptr) series->histogram.layout = snapshot.layout;
  assert(series->histogram.layout == snapshot.layout && "cells of one family have one layout");
  series->histogram.Merge(snapshot);
}

std::vector<FamilySamples> Gatherer::Take() {
  std::vector<FamilySamples> all;
  all.reserve(families_.size());
  for (auto& [name, gathered] : families_) {
    if (gathered.samples.series.empty()) continue;
    std::sort(gathered.samples.series.begin(), gathered.samples.series.end(),
              [](const Series& a, const Series& b) { return a.labels < b.labels; });
    all.push_back(std::move(gathered.samples));
  }
  return all;
}

// Leaves out what is beyond the bound; how much. With folded policies and closed sets of labels there is none.
std::uint64_t Cut(std::vector<FamilySamples>& families, std::size_t max_series) {
  std::uint64_t dropped = 0;
  std::size_t used = 0;
  for (FamilySamples& family : families) {
    std::erase_if(family.series, [&](const Series& series) {
      const std::size_t cost = SeriesCost(family, series);
      if (cost > max_series - used) {
        ++dropped;
        return true;
      }
      used += cost;
      return false;
    });
  }
  std::erase_if(families, [](const FamilySamples& family) { return family.series.empty(); });
  return dropped;
}

void Insert(std::vector<FamilySamples>& families, FamilySamples&& own) {
  const auto place = std::find_if(families.begin(), families.end(),
                                  [&](const FamilySamples& other) { return other.family.name > own.family.name; });
  families.insert(place, std::move(own));
}

}  // namespace

Registration& Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    End();
    registry_ = std::exchange(other.registry_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

void Registration::End() {
  if (registry_ != nullptr) std::exchange(registry_, nullptr)->Remove(id_);
}

Registry::Registry(std::size_t max_series, std::size_t reserve)
    : max_series_(max_series), reserve_(std::min(reserve, max_series)), fold_(std::make_unique<PolicyFold>()) {}

Registry::~Registry() {
  assert(collectors_.empty() && "a registration outlives its registry");
}

void Registry::SetPolicies(std::vector<std::string> names) {
  const std::lock_guard lock(mutex_);
  fold_->SetPolicies(std::move(names));
}

Registration Registry::Register(Collector collector) {
  const std::lock_guard lock(mutex_);
  collectors_.emplace(++last_id_, std::move(collector));
  return {this, last_id_};
}

void Registry::Remove(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  collectors_.erase(id);
}

std::vector<FamilySamples> Registry::Collect() {
  const std::lock_guard lock(mutex_);
  Gatherer gatherer;
  for (const auto& [id, collector] : collectors_) collector(gatherer);
  std::vector<FamilySamples> families = gatherer.Take();
  fold_->Apply(families, max_series_, reserve_);
  dropped_over_limit_ += Cut(families, max_series_);
  dropped_invalid_label_ += gatherer.invalid_label;
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  Insert(families,
         {kDroppedSeries,
          {Series{.labels = {{"reason", "invalid_label"}}, .value = count(dropped_invalid_label_), .histogram = {}},
           Series{.labels = {{"reason", "limit"}}, .value = count(dropped_over_limit_), .histogram = {}}}});
  Insert(families, {kFolded, {Series{.labels = {}, .value = count(fold_->folded()), .histogram = {}}}});
  return families;
}

}  // namespace herdgate::metrics
