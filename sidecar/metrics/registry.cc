#include "sidecar/metrics/registry.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <unordered_map>

namespace herdgate::metrics {
namespace {

constexpr CounterFamily kDroppedSeries{
    "herdgate_metrics_dropped_series_total",
    "Samples left out of scrapes because of the series limit or an unusable label value."};

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

// Adds samples up by family and labels, within a bound.
class Gatherer final : public SampleSink {
 public:
  explicit Gatherer(std::size_t max_series) : max_series_(max_series) {}

  std::vector<FamilySamples> Take();
  void LiftBound() { max_series_ = static_cast<std::size_t>(-1); }

  std::uint64_t over_limit = 0;
  std::uint64_t invalid_label = 0;

 private:
  struct Gathered {
    FamilySamples samples;
    std::unordered_map<std::string, std::size_t> index;  // joined label values -> position in samples.series
  };

  void AddValue(const Family& family, Labels labels, double value) override;
  void AddHistogram(const HistogramFamily& family, Labels labels, const HistogramSnapshot& snapshot) override;
  Series* Find(const Family& family, Labels labels, std::size_t cost);

  std::size_t max_series_;
  std::size_t series_ = 0;
  std::map<std::string_view, Gathered> families_;
};

// Null if the sample must be left out. `cost` is the number of series that a new entry is.
Series* Gatherer::Find(const Family& family, Labels labels, std::size_t cost) {
  OwnedLabels owned;
  for (const Label& label : labels) {
    if (!IsUsableValue(label.value)) {
      ++invalid_label;
      return nullptr;
    }
    owned.emplace_back(label.name.text, label.value);
  }
  std::sort(owned.begin(), owned.end());
  std::string key;
  for (const auto& [name, value] : owned) key.append(name).append("=").append(value).append("\n");

  auto found = families_.find(family.name);
  if (found != families_.end()) {
    assert(found->second.samples.family.kind == family.kind && "one name, two kinds");
    const auto entry = found->second.index.find(key);
    if (entry != found->second.index.end()) return &found->second.samples.series[entry->second];
  }
  if (cost > max_series_ - series_) {
    ++over_limit;
    return nullptr;
  }
  series_ += cost;
  if (found == families_.end()) found = families_.emplace(family.name, Gathered{{family, {}}, {}}).first;
  Gathered& gathered = found->second;
  gathered.index.emplace(std::move(key), gathered.samples.series.size());
  gathered.samples.series.push_back({.labels = std::move(owned)});
  return &gathered.samples.series.back();
}

void Gatherer::AddValue(const Family& family, Labels labels, double value) {
  if (Series* series = Find(family, labels, 1)) series->value += value;
}

void Gatherer::AddHistogram(const HistogramFamily& family, Labels labels, const HistogramSnapshot& snapshot) {
  assert(snapshot.layout == family.layout && "the cell's layout is not the family's");
  Series* const series = Find(family, labels, family.layout->size() + 3);
  if (series == nullptr) return;
  series->histogram.layout = family.layout;
  series->histogram.Merge(snapshot);
}

std::vector<FamilySamples> Gatherer::Take() {
  std::vector<FamilySamples> all;
  all.reserve(families_.size());
  for (auto& [name, gathered] : families_) {
    std::sort(gathered.samples.series.begin(), gathered.samples.series.end(),
              [](const Series& a, const Series& b) { return a.labels < b.labels; });
    all.push_back(std::move(gathered.samples));
  }
  return all;
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

Registry::~Registry() {
  assert(collectors_.empty() && "a registration outlives its registry");
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
  Gatherer gatherer(max_series_);
  for (const auto& [id, collector] : collectors_) collector(gatherer);
  dropped_over_limit_ += gatherer.over_limit;
  dropped_invalid_label_ += gatherer.invalid_label;
  gatherer.LiftBound();  // the count of what was dropped must not be dropped
  SampleSink& sink = gatherer;
  sink.Add(kDroppedSeries, {{"reason", "limit"}}, dropped_over_limit_);
  sink.Add(kDroppedSeries, {{"reason", "invalid_label"}}, dropped_invalid_label_);
  return gatherer.Take();
}

}  // namespace herdgate::metrics
