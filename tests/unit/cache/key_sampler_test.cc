#include "sidecar/cache/key_sampler.h"

#include <gtest/gtest.h>

#include <vector>

namespace herdgate::cache {
namespace {

int SeenOf(KeySampler& sampler, int lookups, base::SteadyTime now) {
  int seen = 0;
  for (int i = 0; i < lookups; ++i) seen += sampler.Sees(now) ? 1 : 0;
  return seen;
}

TEST(KeySamplerTest, SeesAllOfAQuietSecond) {
  KeySampler sampler;
  base::SteadyTime now{std::chrono::hours(1)};
  for (int second = 0; second < 5; ++second, now += std::chrono::seconds(1))
    EXPECT_EQ(SeenOf(sampler, KeySampler::kAll, now), static_cast<int>(KeySampler::kAll));
}

TEST(KeySamplerTest, SeesAQuarterOfWhatABusySecondHasBeyond) {
  KeySampler sampler;
  const base::SteadyTime now{std::chrono::hours(1)};
  SeenOf(sampler, KeySampler::kAll, now);
  EXPECT_NEAR(SeenOf(sampler, 100'000, now), 25'000, 1000);
}

TEST(KeySamplerTest, NoRhythmHidesAKey) {
  KeySampler sampler;
  const base::SteadyTime now{std::chrono::hours(1)};
  SeenOf(sampler, KeySampler::kAll, now);
  for (const int keys : {2, 3, 4, 8, 16}) {
    std::vector<int> seen(static_cast<std::size_t>(keys));
    for (int i = 0; i < 4000 * keys; ++i) seen[static_cast<std::size_t>(i % keys)] += sampler.Sees(now) ? 1 : 0;
    for (const int times : seen) EXPECT_NEAR(times, 1000, 150) << keys;
  }
}

}  // namespace
}  // namespace herdgate::cache
