#include "sidecar/metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace herdgate::metrics {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr CounterFamily kCommands{"herdgate_test_commands_total", "Commands."};
constexpr GaugeFamily kSessions{"herdgate_test_sessions", "Sessions."};
constexpr HistogramFamily kDuration{"herdgate_test_duration_seconds", "Durations.", kCommandDurationBuckets};

const FamilySamples* Find(const std::vector<FamilySamples>& scrape, std::string_view name) {
  for (const FamilySamples& family : scrape) {
    if (family.family.name == name) return &family;
  }
  return nullptr;
}

double Dropped(const std::vector<FamilySamples>& scrape, const std::string& reason) {
  for (const Series& series : Find(scrape, "herdgate_metrics_dropped_series_total")->series) {
    if (series.labels.front().second == reason) return series.value;
  }
  return -1;
}

TEST(RegistryTest, CellsOfSeveralLoopsAreAddedUp) {
  struct alignas(kCacheLine) Loop {
    Counter commands;
    Gauge sessions;
    Histogram duration{kCommandDurationBuckets};
    Registration registration;
  };
  Registry registry;
  std::array<Loop, 3> loops;
  for (Loop& loop : loops) {
    loop.registration = registry.Register([&loop](SampleSink& sink) {
      sink.Add(kCommands, {{"command", "get"}, {"outcome", "ok"}}, loop.commands);
      sink.Add(kSessions, {}, loop.sessions);
      sink.Add(kDuration, {{"class", "read"}}, loop.duration);
    });
    loop.commands.Add(2);
    loop.sessions.Add(5);
    loop.duration.Record(std::chrono::milliseconds(1));
  }
  const std::vector<FamilySamples> scrape = registry.Collect();
  ASSERT_EQ(Find(scrape, kCommands.name)->series.size(), 1U);
  EXPECT_EQ(Find(scrape, kCommands.name)->series[0].value, 6);
  EXPECT_EQ(Find(scrape, kSessions.name)->series[0].value, 15);
  EXPECT_EQ(Find(scrape, kDuration.name)->series[0].histogram.Count(), 3U);
  EXPECT_EQ(Find(scrape, kDuration.name)->series[0].histogram.sum, 3'000'000U);
}

TEST(RegistryTest, TheSameLabelsInAnotherOrderAreTheSameSeries) {
  Registry registry;
  const Registration r = registry.Register([](SampleSink& sink) {
    sink.Add(kCommands, {{"command", "get"}, {"outcome", "ok"}}, 1);
    sink.Add(kCommands, {{"outcome", "ok"}, {"command", "get"}}, 2);
  });
  const std::vector<FamilySamples> scrape = registry.Collect();
  const FamilySamples* commands = Find(scrape, kCommands.name);
  ASSERT_EQ(commands->series.size(), 1U);
  EXPECT_EQ(commands->series[0].value, 3);
  EXPECT_THAT(commands->series[0].labels, ElementsAre(Pair("command", "get"), Pair("outcome", "ok")));
}

TEST(RegistryTest, AZeroIsExportedWhenItIsAdded) {
  Registry registry;
  const Registration r = registry.Register([](SampleSink& sink) { sink.Add(kSessions, {}, 0); });
  const std::vector<FamilySamples> scrape = registry.Collect();
  ASSERT_NE(Find(scrape, kSessions.name), nullptr);
  EXPECT_EQ(Find(scrape, kSessions.name)->series[0].value, 0);
}

TEST(RegistryTest, FamiliesAndSeriesAreSorted) {
  Registry registry;
  const Registration r = registry.Register([](SampleSink& sink) {
    sink.Add(kSessions, {{"state", "b"}}, 1);
    sink.Add(kSessions, {{"state", "a"}}, 1);
    sink.Add(kCommands, {}, 1);
  });
  const std::vector<FamilySamples> scrape = registry.Collect();
  std::vector<std::string_view> names;
  names.reserve(scrape.size());
  for (const FamilySamples& family : scrape) names.push_back(family.family.name);
  EXPECT_THAT(names, ElementsAre("herdgate_metrics_dropped_series_total", "herdgate_metrics_folded_policies",
                                 kCommands.name, kSessions.name));
  EXPECT_EQ(Find(scrape, kSessions.name)->series[0].labels[0].second, "a");
}

TEST(RegistryTest, AnEndedRegistrationIsNotAskedAgain) {
  Registry registry;
  int asked = 0;
  std::optional<Registration> r = registry.Register([&](SampleSink&) { ++asked; });
  (void)registry.Collect();
  r.reset();
  (void)registry.Collect();
  EXPECT_EQ(asked, 1);
}

TEST(RegistryTest, AMovedRegistrationKeepsItsCollectorAndDropsTheOldOne) {
  Registry registry;
  int first = 0;
  int second = 0;
  Registration a = registry.Register([&](SampleSink&) { ++first; });
  Registration b = registry.Register([&](SampleSink&) { ++second; });
  a = std::move(b);
  (void)registry.Collect();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

TEST(RegistryTest, SeriesBeyondTheLimitAreLeftOutAndCounted) {
  Registry registry(3);
  const Registration r = registry.Register([](SampleSink& sink) {
    for (const char* state : {"a", "b", "c", "d", "e"}) sink.Add(kSessions, {{"state", state}}, 1);
    sink.Add(kSessions, {{"state", "a"}}, 1);  // a known series still adds up
  });
  const std::vector<FamilySamples> scrape = registry.Collect();
  const FamilySamples* sessions = Find(scrape, kSessions.name);
  ASSERT_EQ(sessions->series.size(), 3U);
  EXPECT_EQ(sessions->series[0].value, 2);
  EXPECT_EQ(Dropped(scrape, "limit"), 2);
  EXPECT_EQ(Dropped(registry.Collect(), "limit"), 4) << "a counter: it never goes back";
}

TEST(RegistryTest, AHistogramCostsAsManySeriesAsItShows) {
  const std::size_t cost = kCommandDurationBuckets.size() + 3;
  for (const std::size_t limit : {cost - 1, cost}) {
    Registry registry(limit);
    const Histogram cell(kCommandDurationBuckets);
    const Registration r = registry.Register([&](SampleSink& sink) { sink.Add(kDuration, {}, cell); });
    EXPECT_EQ(Find(registry.Collect(), kDuration.name) != nullptr, limit == cost);
  }
}

TEST(RegistryTest, AnUnusableLabelValueCostsOnlyItsOwnSample) {
  for (const std::string& bad :
       {std::string("\xff\xfe"), std::string("a\nb"), std::string("\x00", 1), std::string(129, 'x'),
        std::string("\xc0\xaf"), std::string("\xed\xa0\x80"), std::string("cut \xe2\x82"), std::string("\x7f")}) {
    Registry registry;
    const Registration r = registry.Register([&](SampleSink& sink) {
      sink.Add(kCommands, {{"command", bad}}, 1);
      sink.Add(kCommands, {{"command", "get"}}, 1);
    });
    const std::vector<FamilySamples> scrape = registry.Collect();
    ASSERT_EQ(Find(scrape, kCommands.name)->series.size(), 1U);
    EXPECT_EQ(Find(scrape, kCommands.name)->series[0].labels[0].second, "get");
    EXPECT_EQ(Dropped(scrape, "invalid_label"), 1);
  }
}

TEST(RegistryTest, PrintableUtf8IsAUsableLabelValue) {
  Registry registry;
  const Registration r = registry.Register([](SampleSink& sink) {
    for (const char* value : {"", "a b", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x91", "quote\" and \\"}) {
      sink.Add(kCommands, {{"command", value}}, 1);
    }
  });
  const std::vector<FamilySamples> scrape = registry.Collect();
  EXPECT_EQ(Find(scrape, kCommands.name)->series.size(), 6U);
  EXPECT_EQ(Dropped(scrape, "invalid_label"), 0);
}

// The promise of registry.h: after the end of a registration its collector doesn't run, so its cells may be freed.
// ASan and TSan see it if the promise is broken.
TEST(RegistryTest, CollectorsComeAndGoWhileScrapesRun) {
  Registry registry;
  std::atomic<bool> done{false};
  std::atomic<int> scrapes{0};
  std::thread scraper([&] {
    while (!done.load()) {
      (void)registry.Collect();
      ++scrapes;
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto cell = std::make_unique<Counter>();
    const Registration r = registry.Register([&](SampleSink& sink) { sink.Add(kCommands, {}, *cell); });
    const int seen = scrapes.load();
    while (scrapes.load() == seen) cell->Add();  // count while at least one scrape reads
  }
  done = true;
  scraper.join();
  EXPECT_EQ(Find(registry.Collect(), kCommands.name), nullptr);
}

}  // namespace
}  // namespace herdgate::metrics
