#include "sidecar/cache/near_cache_metrics.h"

#include "sidecar/cache/near_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/unit/cache/near_fixture.h"

namespace herdgate::cache {
namespace {

using ms = std::chrono::milliseconds;

class NearCacheMetricsTest : public NearFixture {
 protected:
  // Values by "family" or "family{label value}".
  std::map<std::string, double> Scrape() {
    metrics::Registry registry;
    const metrics::Registration registration = registry.Register([this](metrics::SampleSink& sink) {
      NearCacheMetrics(cache_).Collect(sink);
      reader_.Collect(sink);
    });
    std::map<std::string, double> values;
    for (const metrics::FamilySamples& family : registry.Collect()) {
      for (const metrics::Series& series : family.series) {
        std::string name(family.family.name);
        if (!series.labels.empty()) name += "{" + series.labels.front().second + "}";
        const bool histogram = family.family.kind == metrics::MetricKind::kHistogram;
        values[name] = histogram ? static_cast<double>(series.histogram.Count()) : series.value;
      }
    }
    return values;
  }

  NearReader reader_{cache_};
};

TEST_F(NearCacheMetricsTest, EveryRowIsThereFromTheStart) {
  const auto values = Scrape();
  for (const char* name :
       {"herdgate_near_entries", "herdgate_near_bytes", "herdgate_near_max_bytes", "herdgate_near_fills",
        "herdgate_near_lookups_total{fresh}", "herdgate_near_lookups_total{grace}", "herdgate_near_kept_total",
        "herdgate_near_evictions_total{capacity}", "herdgate_near_evictions_total{expired}",
        "herdgate_near_publishes_total{published}", "herdgate_near_fill_refusals_total{busy}",
        "herdgate_near_epoch_total{connection_lost}", "herdgate_near_epoch_total{operator}",
        "herdgate_near_hit_age_seconds"}) {
    EXPECT_TRUE(values.contains(name)) << name;
  }
}

TEST_F(NearCacheMetricsTest, WhatHappensIsCounted) {
  Fill("a", "1");
  Fill("b", "2", ms(1));
  now_ += ms(10);
  std::size_t seen = 0;
  const auto use = [&seen](const Sight& sight) { seen += sight.bytes().size(); };
  for (const char* key : {"a", "b", "c"}) {
    reader_.Look(cache_.Hash(key), now_, use);
    reader_.Lookup(cache_.Hash(key), now_);
  }
  EXPECT_EQ(seen, 2U);
  Drop("a");
  const HashedKey key = cache_.Hash("d");
  const Reservation reservation = cache_.Reserve(key);
  cache_.Reserve(key);
  auto values = Scrape();
  EXPECT_EQ(values["herdgate_near_fills"], 1);
  cache_.NewEpoch(EpochReason::kCanary);
  cache_.Publish(key, reservation, {.bytes = "v"}, For(ms(1), ms(1)));
  values = Scrape();
  EXPECT_EQ(values["herdgate_near_entries"], 1);
  EXPECT_GT(values["herdgate_near_bytes"], 50);
  EXPECT_EQ(values["herdgate_near_max_bytes"], 1 << 20);
  EXPECT_EQ(values["herdgate_near_fills"], 0);
  for (const char* result : {"fresh", "stale", "absent"}) {
    EXPECT_EQ(values["herdgate_near_lookups_total{" + std::string(result) + "}"], 2) << result;
  }
  EXPECT_EQ(values["herdgate_near_hit_age_seconds"], 1) << "of the first hit, not of the second";
  EXPECT_EQ(values["herdgate_near_evictions_total{invalidated}"], 1);
  EXPECT_EQ(values["herdgate_near_publishes_total{published}"], 2);
  EXPECT_EQ(values["herdgate_near_publishes_total{epoch}"], 1);
  EXPECT_EQ(values["herdgate_near_fill_refusals_total{busy}"], 1);
  EXPECT_EQ(values["herdgate_near_epoch_total{canary}"], 1);
}

TEST_F(NearCacheMetricsTest, ValuesKeptPastTheirExpiryAreCounted) {
  Lifetime lifetime = For(ms(10), ms(1000));
  lifetime.expires_at = lifetime.expired_by = now_ + ms(10);
  const HashedKey key = cache_.Hash("a");
  cache_.Publish(key, cache_.Reserve(key), {.bytes = "1"}, lifetime);
  now_ += ms(10);
  cache_.Invalidate(key, now_);
  EXPECT_EQ(Scrape()["herdgate_near_kept_total"], 1);
}

TEST_F(NearCacheMetricsTest, AgeIsThatOfOneHitIn64) {
  Fill("a", "1");
  for (int i = 0; i < 3 * 64; ++i) reader_.Look(cache_.Hash("a"), now_, [](const Sight&) {});
  EXPECT_EQ(Scrape()["herdgate_near_hit_age_seconds"], 3);
}

}  // namespace
}  // namespace herdgate::cache
