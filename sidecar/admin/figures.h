// Figures: the metrics as the API shows them: sums since the start, and rates over the last seconds.
//
// It reads what a scrape reads. Rates come from samples taken when somebody asks: at most one in 0.9 s and 64 of them;
// they are since the oldest one of the last 15 s, or, if there is none, the newest of the last minute.
// Threads: one owner, no loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/admin/json_writer.h"
#include "sidecar/base/clock.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::admin {

inline constexpr std::array<std::string_view, 11> kOutcomeNames = {
    "near_hit",     "hit",        "stale",        "waited", "miss", "synthetic_miss",
    "timeout_miss", "plain_miss", "negative_hit", "bypass", "error"};

struct LookupFigures {
  std::array<double, kOutcomeNames.size()> outcomes{};

  double lookups() const;
  // Of near_hit and hit, as on the dashboards; nothing without lookups.
  std::optional<double> hit_ratio() const;
  void Merge(const LookupFigures& other);
};

struct Quantiles {
  double p50_s = 0;
  double p99_s = 0;
  double p999_s = 0;
};

class Figures {
 public:
  explicit Figures(metrics::Registry& registry, const base::Clock& clock) : registry_(registry), clock_(clock) {}

  // Reads the metrics, if they were read longer than 0.2 s ago.
  void Update();

  // The sum of the family's samples, or of those with that label's value.
  double Sum(std::string_view family) const;
  double Sum(std::string_view family, std::string_view label, std::string_view value) const;
  // The value of `wanted` in the sample that is not 0 and has the label's value; empty: none.
  std::string LabelOf(std::string_view family, std::string_view wanted, std::string_view label = {},
                      std::string_view value = {}) const;
  // Label's value -> count, of a family with one label.
  std::map<std::string, double> ByLabel(std::string_view family, std::string_view label) const;

  // Since the start. `policy` empty: all together.
  LookupFigures Lookups(std::string_view policy) const;
  // A second; nothing until there are two samples.
  std::optional<LookupFigures> Rates(std::string_view policy) const;
  std::optional<double> CommandsPerSecond() const;
  std::optional<Quantiles> Latency() const;

 private:
  struct Sample {
    base::SteadyTime at;
    std::map<std::string, LookupFigures, std::less<>> lookups;  // by policy
    double commands = 0;
    metrics::HistogramSnapshot durations{};
  };

  const metrics::FamilySamples* Find(std::string_view family) const;
  Sample TakeSample() const;
  // What rates are since; null: nothing.
  const Sample* Base() const;

  metrics::Registry& registry_;
  const base::Clock& clock_;
  std::vector<metrics::FamilySamples> families_;
  Sample now_{};
  std::deque<Sample> samples_;  // oldest first, without now_
};

// Members `lookups`, `outcomes`, `hit_ratio`.
void AddLookups(JsonWriter& json, const LookupFigures& figures, bool whole);

}  // namespace herdgate::admin
