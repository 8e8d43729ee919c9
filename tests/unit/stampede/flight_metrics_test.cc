#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sidecar/metrics/registry.h"
#include "tests/unit/stampede/flight_fixture.h"

namespace herdgate::stampede {
namespace {

class FlightMetricsTest : public FlightFixture {
 protected:
  // Values by "family" or "family{label value}".
  std::map<std::string, double> Scrape() {
    metrics::Registry registry;
    const metrics::Registration registration =
        registry.Register([this](metrics::SampleSink& sink) { table_.Collect(sink); });
    std::map<std::string, double> values;
    for (const metrics::FamilySamples& family : registry.Collect()) {
      for (const metrics::Series& series : family.series) {
        std::string name(family.family.name);
        if (!series.labels.empty()) name += "{" + series.labels.front().second + "}";
        values[name] = series.value;
      }
    }
    return values;
  }
};

TEST_F(FlightMetricsTest, EveryRowIsThereFromTheStart) {
  const auto values = Scrape();
  for (const char* name :
       {"herdgate_flights", "herdgate_flight_leaders", "herdgate_flight_waiters", "herdgate_flights_total{cold}",
        "herdgate_flights_total{refresh}", "herdgate_flight_asks_total{won}", "herdgate_flight_asks_total{unavailable}",
        "herdgate_flight_answers_total{value}", "herdgate_flight_answers_total{keep}", "herdgate_flight_unparked_total",
        "herdgate_flight_refusals_total{may_not_wait}", "herdgate_flight_refusals_total{full_flights}",
        "herdgate_flight_sets_total{blind}", "herdgate_flight_late_taints_total"}) {
    ASSERT_TRUE(values.contains(name)) << name;
    EXPECT_EQ(values.at(name), 0) << name;
  }
}

TEST_F(FlightMetricsTest, WhatHappensIsCounted) {
  LedWith("bcd");
  Begin('a');
  Unpark('d');
  auto values = Scrape();
  EXPECT_EQ(values["herdgate_flights"], 1);
  EXPECT_EQ(values["herdgate_flight_leaders"], 1);
  EXPECT_EQ(values["herdgate_flight_waiters"], 2);
  Set('x');
  Set('a');
  values = Scrape();
  EXPECT_EQ(values["herdgate_flight_leaders"], 0);
  EXPECT_EQ(values["herdgate_flight_waiters"], 0);
  EXPECT_EQ(values["herdgate_flights_total{cold}"], 1);
  EXPECT_EQ(values["herdgate_flight_asks_total{won}"], 1);
  EXPECT_EQ(values["herdgate_flight_answers_total{lead}"], 1);
  EXPECT_EQ(values["herdgate_flight_answers_total{miss}"], 1);
  EXPECT_EQ(values["herdgate_flight_answers_total{value}"], 2);
  EXPECT_EQ(values["herdgate_flight_unparked_total"], 1);
  EXPECT_EQ(values["herdgate_flight_refusals_total{may_not_wait}"], 1);
  EXPECT_EQ(values["herdgate_flight_sets_total{blind}"], 1);
  EXPECT_EQ(values["herdgate_flight_sets_total{tainted}"], 1);
}

}  // namespace
}  // namespace herdgate::stampede
