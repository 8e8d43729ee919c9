// Registry: where the folders register who can be asked for samples, and the scrape that asks them all.
//
// A collector is a callable that, at each scrape, adds samples to families (family.h). Samples of the same family and
// labels are added up, whoever adds them: N loops register N collectors over their own cells, and the scrape shows the
// sums. A collector may add any set of labels, so a table of commands shows only the rows that were used.
//
// Threads: Register and the end of a Registration, any thread; Collect, any thread; one mutex for both, never taken by
// the data path. Collectors run on the scraping thread with that mutex held, so they read cells, take at most leaf
// mutexes, never block and never register.
// Ownership: the registry outlives every Registration. When a Registration has ended its collector isn't running and
// won't run again, so what it reads may go. Its counts leave the sums then: end them only when the process ends.
// Bounds: a scrape holds at most `max_series` series (a histogram is one for each bucket and two more). Where there are
// too many policies for that, the last of them share one label (policy_fold.h). A series that is beyond it all the
// same, or has a label value that isn't short printable UTF-8, is left out and counted in
// herdgate_metrics_dropped_series_total{reason}: one bad value can't cost the whole scrape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/family.h"

namespace herdgate::metrics {

// One line of a scrape: labels sorted by name, and a value or a histogram as the family's kind says.
struct Series {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
  HistogramSnapshot histogram{};  // histogram families only
};

struct FamilySamples {
  Family family;
  std::vector<Series> series;  // sorted by labels
};

// The value of the label `policy` that policies without series of their own share.
inline constexpr std::string_view kOverflowLabel = "overflow";

// How many series of the text format it is.
inline std::size_t SeriesCost(const FamilySamples& family, const Series& series) {
  return family.family.kind == MetricKind::kHistogram ? series.histogram.layout->size() + 3 : 1;
}

// What a collector adds its samples to. Valid during the call only.
class SampleSink {
 public:
  using Labels = std::initializer_list<Label>;

  virtual ~SampleSink() = default;

  void Add(const CounterFamily& family, Labels labels, const Counter& cell) {
    AddValue(family, labels, static_cast<double>(cell.value()));
  }
  template <typename Number>
  requires std::is_arithmetic_v<Number>
  void Add(const CounterFamily& family, Labels labels, Number value) {
    AddValue(family, labels, static_cast<double>(value));
  }
  void Add(const GaugeFamily& family, Labels labels, const Gauge& cell) {
    AddValue(family, labels, static_cast<double>(cell.value()));
  }
  template <typename Number>
  requires std::is_arithmetic_v<Number>
  void Add(const GaugeFamily& family, Labels labels, Number value) {
    AddValue(family, labels, static_cast<double>(value));
  }
  // REQUIRES: the histogram's layout is the family's.
  void Add(const HistogramFamily& family, Labels labels, const Histogram& cell) {
    AddHistogram(family, labels, cell.Snapshot());
  }

 private:
  virtual void AddValue(const Family& family, Labels labels, double value) = 0;
  virtual void AddHistogram(const HistogramFamily& family, Labels labels, const HistogramSnapshot& snapshot) = 0;
};

using Collector = std::function<void(SampleSink&)>;

class Registry;

// Keeps a collector registered while it lives. Movable; the default one holds nothing.
class [[nodiscard]] Registration {
 public:
  Registration() = default;
  Registration(Registration&& other) noexcept : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}
  Registration& operator=(Registration&& other) noexcept;
  ~Registration() { End(); }
  void End();

 private:
  friend class Registry;
  Registration(Registry* registry, std::uint64_t id) : registry_(registry), id_(id) {}

  Registry* registry_ = nullptr;
  std::uint64_t id_ = 0;
};

class PolicyFold;

class Registry {
 public:
  // With those that tell of the scrape itself it stays below 1,500.
  static constexpr std::size_t kMaxSeries = 1490;
  // Series without the label `policy` that are to be expected in the long run, so that those of policies need not make
  // room for them later.
  static constexpr std::size_t kReserve = 600;
  static constexpr std::size_t kMaxLabelBytes = 128;

  explicit Registry(std::size_t max_series = kMaxSeries, std::size_t reserve = kReserve);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  Registration Register(Collector collector);

  // The policies in force, in the order of the configuration: where not all have room, the first keep series of their
  // own. Any thread; to be called before they come into force.
  void SetPolicies(std::vector<std::string> names);

  // Asks every collector in the order of registration. Families sorted by name, so the answer is deterministic.
  std::vector<FamilySamples> Collect();

 private:
  friend class Registration;
  void Remove(std::uint64_t id);

  const std::size_t max_series_;
  const std::size_t reserve_;
  std::mutex mutex_;  // guards all below
  std::map<std::uint64_t, Collector> collectors_;
  std::uint64_t last_id_ = 0;
  std::unique_ptr<PolicyFold> fold_;
  std::uint64_t dropped_over_limit_ = 0;
  std::uint64_t dropped_invalid_label_ = 0;
};

}  // namespace herdgate::metrics
