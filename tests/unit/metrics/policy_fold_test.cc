#include "sidecar/metrics/policy_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace herdgate::metrics {
namespace {

using testing::ElementsAre;

constexpr CounterFamily kHits{"herdgate_test_hits_total", "Hits."};
constexpr GaugeFamily kKeys{"herdgate_test_keys", "Keys."};
constexpr GaugeFamily kOther{"herdgate_test_other", "Not by policy."};
constexpr HistogramFamily kWaits{"herdgate_test_wait_seconds", "Waits.", kFlightWaitBuckets};
constexpr std::size_t kWaitCost = kFlightWaitBuckets.size() + 3;
constexpr std::size_t kCost = 3 + kWaitCost;  // of one policy: two rows of hits, a gauge, a histogram

// A process with policies, each of which counts.
class PolicyFoldTest : public testing::Test {
 protected:
  struct Cells {
    Counter hits;
    Counter stale;
    Gauge keys;
    Histogram waits{kFlightWaitBuckets};
  };

  void Set(const std::vector<std::string>& names) {
    names_ = names;
    registry_.SetPolicies(names);
  }
  static std::vector<std::string> Names(std::size_t n) {
    std::vector<std::string> names;
    // Not in the order of the alphabet.
    for (std::size_t i = 0; i < n; ++i) names.push_back("p" + std::to_string(n - i));
    return names;
  }
  void Collect(SampleSink& sink) {
    sink.Add(kOther, {}, 1);
    for (const std::string& name : names_) {
      const Cells& cells = cells_[name];
      sink.Add(kHits, {{"policy", name}, {"result", "fresh"}}, cells.hits);
      sink.Add(kHits, {{"policy", name}, {"result", "stale"}}, cells.stale);
      sink.Add(kKeys, {{"policy", name}}, cells.keys);
      sink.Add(kWaits, {{"policy", name}}, cells.waits);
    }
  }
  // By "family{value,value}" what was collected, and how many series it was; of histograms the observations.
  void Scrape() {
    values_.clear();
    series_ = 0;
    dropped_ = 0;
    for (const FamilySamples& family : registry_.Collect()) {
      for (const Series& series : family.series) {
        std::string labels;
        for (const auto& [name, value] : series.labels) labels += (labels.empty() ? "" : ",") + value;
        const bool histogram = family.family.kind == MetricKind::kHistogram;
        const double value = histogram ? static_cast<double>(series.histogram.Count()) : series.value;
        values_[std::string(family.family.name) + "{" + labels + "}"] = value;
        if (family.family.name == "herdgate_metrics_dropped_series_total") dropped_ += value;
        if (!family.family.name.starts_with("herdgate_metrics_")) series_ += SeriesCost(family, series);
      }
    }
  }
  double Of(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? -1 : found->second;
  }
  double SumOf(const std::string& family) const {
    double sum = 0;
    for (const auto& [name, value] : values_) sum += name.starts_with(family + "{") ? value : 0;
    return sum;
  }

  static constexpr std::size_t kMax = 1 + 4 * kCost;  // four policies
  Registry registry_{kMax, 0};
  std::map<std::string, Cells> cells_;
  std::vector<std::string> names_;
  Registration registration_ = registry_.Register([this](SampleSink& sink) { Collect(sink); });
  std::map<std::string, double> values_;
  std::size_t series_ = 0;
  double dropped_ = 0;
};

TEST_F(PolicyFoldTest, PoliciesThatFitKeepTheirSeries) {
  Set(Names(4));
  Scrape();
  EXPECT_EQ(series_, kMax);
  EXPECT_EQ(Of("herdgate_metrics_folded_policies{}"), 0);
  EXPECT_EQ(Of("herdgate_test_keys{overflow}"), -1);
}

TEST_F(PolicyFoldTest, TheLastOfTheConfigurationShareTheOverflowAndSumsStay) {
  Set(Names(100));
  for (std::size_t i = 0; i < names_.size(); ++i) {
    Cells& cells = cells_[names_[i]];
    cells.hits.Add(i);
    cells.stale.Add(1);
    cells.keys.Set(2);
    cells.waits.Record(std::chrono::milliseconds(i));
  }
  Scrape();
  EXPECT_LE(series_, kMax);
  EXPECT_EQ(dropped_, 0);
  EXPECT_EQ(Of("herdgate_metrics_folded_policies{}"), 97);
  EXPECT_EQ(Of("herdgate_test_hits_total{p100,fresh}"), 0);
  EXPECT_EQ(Of("herdgate_test_hits_total{p98,fresh}"), 2);
  EXPECT_EQ(Of("herdgate_test_hits_total{p97,fresh}"), -1);
  EXPECT_EQ(Of("herdgate_test_hits_total{overflow,stale}"), 97);
  EXPECT_EQ(Of("herdgate_test_keys{overflow}"), 194);
  EXPECT_EQ(Of("herdgate_test_wait_seconds{overflow}"), 97);
  EXPECT_EQ(SumOf("herdgate_test_hits_total"), 99 * 100 / 2 + 100);
  EXPECT_EQ(SumOf("herdgate_test_wait_seconds"), 100);
  EXPECT_EQ(Of("herdgate_test_other{}"), 1);
}

TEST_F(PolicyFoldTest, AFoldedPolicyDoesNotComeBackBeforeAReload) {
  Set(Names(5));
  Scrape();
  EXPECT_EQ(Of("herdgate_metrics_folded_policies{}"), 2);
  names_.resize(4);  // what it told is gone, the configuration is not
  Scrape();
  EXPECT_EQ(Of("herdgate_metrics_folded_policies{}"), 2);
  Set(names_);
  Scrape();
  EXPECT_EQ(Of("herdgate_metrics_folded_policies{}"), 0);
}

TEST_F(PolicyFoldTest, TheOverflowNeverGoesBack) {
  Set({"a", "b", "c", "d", "e", "f"});
  for (const std::string& name : names_) cells_[name].hits.Add(10);
  for (const std::string& name : names_) cells_[name].waits.Record(std::chrono::milliseconds(1), 10);
  for (const std::string& name : names_) cells_[name].keys.Set(10);
  Scrape();
  EXPECT_EQ(Of("herdgate_test_hits_total{overflow,fresh}"), 30);
  Set({"f", "b", "c", "d", "e"});  // `f` leaves it, `a` is no more
  Scrape();
  EXPECT_EQ(Of("herdgate_test_hits_total{f,fresh}"), 10);
  EXPECT_EQ(Of("herdgate_test_hits_total{overflow,fresh}"), 30);
  EXPECT_EQ(Of("herdgate_test_wait_seconds{overflow}"), 30);
  EXPECT_EQ(Of("herdgate_test_keys{overflow}"), 20) << "a gauge says what is so now";
  cells_["e"].hits.Add(1);
  cells_["e"].waits.Record(std::chrono::milliseconds(1));
  Scrape();
  EXPECT_EQ(Of("herdgate_test_hits_total{overflow,fresh}"), 31);
  EXPECT_EQ(Of("herdgate_test_wait_seconds{overflow}"), 31);
}

TEST_F(PolicyFoldTest, APolicyThatAReloadTakesAwayStaysAsLongAsItFits) {
  Set({"a", "b", "c", "d"});
  registry_.SetPolicies({"a", "b"});  // the loops still count for all four
  Scrape();
  EXPECT_EQ(Of("herdgate_test_keys{d}"), 0);
  EXPECT_EQ(Of("herdgate_test_keys{overflow}"), -1);
}

TEST(PolicyFold, RoomIsKeptForSeriesThatComeLater) {
  Registry registry(20, 10);
  registry.SetPolicies({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"});
  const Registration r = registry.Register([](SampleSink& sink) {
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}) {
      sink.Add(kKeys, {{"policy", name}}, 1);
    }
  });
  std::vector<std::string> shown;
  for (const FamilySamples& family : registry.Collect()) {
    if (family.family.name != kKeys.name) continue;
    for (const Series& series : family.series) shown.push_back(series.labels[0].second);
  }
  EXPECT_THAT(shown, ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i", "overflow"));
}

}  // namespace
}  // namespace herdgate::metrics
