// GuardFixture: a guard's history and events, what happens to a guard in words, and its scrape.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "sidecar/stampede/guard.h"

namespace herdgate::stampede {

inline policy::Policy PageOf() {
  policy::Policy policy;
  policy.name = "page";
  policy.match = {"page:*"};
  policy.stampede.coalesce = policy::Coalesce::kOn;
  return policy;
}

class GuardFixture : public testing::Test {
 protected:
  using milliseconds = std::chrono::milliseconds;
  using seconds = std::chrono::seconds;
  static constexpr std::uint64_t kKey = 0x9876'0000'1234'5678U;

  // A recomputation of another key, measured.
  void Recompute(Guard& guard, milliseconds delta) {
    guard.learning().OnNil(++other_, 1, now_);
    now_ += delta;
    guard.OnFill(guard.learning().OnSet(other_, {.session = 1, .lifetime = seconds(60)}, now_));
  }
  static void Wakes(Guard& guard, Answer answer, int callers = 1, Mode mode = Mode::kCold,
                    milliseconds waited = milliseconds(100)) {
    for (int i = 0; i < callers; ++i) guard.OnWake(kKey, {.answer = answer, .waited = waited, .mode = mode});
  }
  std::uint64_t Ends(Guard& guard, const FlightEnd& end = {}) {
    FlightEnd with_key = end;
    with_key.key = std::make_shared<const std::string>("page:home");
    return guard.OnFlightEnd(kKey, with_key, MissCause::kExpiry, 1000, now_, base::WallTime(seconds(1000)));
  }
  // Values by "family" and the labels' values: "family{value,value}"; of histograms the number of observations.
  template <typename Source>
  static std::map<std::string, double> Scrape(const Source& source) {
    metrics::Registry registry;
    const auto registration = registry.Register([&](metrics::SampleSink& sink) { source.Collect(sink); });
    std::map<std::string, double> values;
    for (const metrics::FamilySamples& family : registry.Collect()) {
      for (const metrics::Series& series : family.series) {
        std::string labels;
        for (const auto& [name, value] : series.labels) labels += (labels.empty() ? "" : ",") + value;
        const bool histogram = family.family.kind == metrics::MetricKind::kHistogram;
        values[std::string(family.family.name) + "{" + labels + "}"] =
            histogram ? static_cast<double>(series.histogram.Count()) : series.value;
      }
    }
    return values;
  }

  // A histogram is one for each bucket and two more.
  static std::size_t SeriesOf(const Guard& guard) {
    metrics::Registry registry;
    const auto registration = registry.Register([&](metrics::SampleSink& sink) { guard.Collect(sink); });
    std::size_t series = 0;
    for (const metrics::FamilySamples& family : registry.Collect()) {
      if (family.family.name.starts_with("herdgate_metrics_")) continue;  // the registry's own
      const bool histogram = family.family.kind == metrics::MetricKind::kHistogram;
      for (const metrics::Series& one : family.series) series += histogram ? one.histogram.layout->size() + 3 : 1;
    }
    return series;
  }

  KeyHistory history_;
  StampedeEvents events_;
  base::SteadyTime now_ = base::SteadyTime(seconds(100));
  std::uint64_t other_ = 1U << 30U;
};

}  // namespace herdgate::stampede
