// What the near cache costs: a hit, a miss, a publishing, a touch of the hot-key sketch. Time is per key.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/cache/hit_curves.h"
#include "sidecar/cache/hot_keys.h"
#include "sidecar/cache/key_sampler.h"
#include "sidecar/cache/near_cache.h"
#include "sidecar/cache/near_reader.h"

namespace herdgate::cache {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr Lifetime kHours{kNow, kNow + std::chrono::hours(1), kNow + std::chrono::hours(2)};
constexpr std::size_t kRequests = 1U << 16U;

// Keys as requests bring them: in random order, of `keys` keys.
std::vector<std::string> Requests(std::size_t keys, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRequests; ++i)
    names.push_back("key:" + std::to_string(1'000'000'000 + random.Below(keys)));
  return names;
}

void Fill(NearCache& cache, std::string_view name, std::string_view value) {
  const HashedKey key = cache.Hash(name);
  cache.Publish(key, cache.Reserve(key), {.bytes = value}, kHours);
}

std::unique_ptr<NearCache> shared_cache;

NearCache& FilledCache(std::size_t keys) {
  shared_cache = std::make_unique<NearCache>(NearCacheOptions{});
  const std::string value(100, 'v');
  for (std::size_t i = 0; i < keys; ++i) Fill(*shared_cache, "key:" + std::to_string(1'000'000'000 + i), value);
  return *shared_cache;
}

void FillShared(const benchmark::State& state) {
  FilledCache(static_cast<std::size_t>(state.range(0)));
}

// Hash, look-up, count, and a copy of the value. Threads: loops that ask at once.
void BM_Hit(benchmark::State& state) {
  NearCache* const cache = shared_cache.get();
  const std::vector<std::string> names =
      Requests(static_cast<std::size_t>(state.range(0)), static_cast<std::uint64_t>(state.thread_index()));
  NearReader reader(*cache);
  std::string out;
  std::size_t i = 0;
  std::size_t hits = 0;
  for (auto _ : state) {
    out.clear();
    reader.Look(cache->Hash(names[i++ % kRequests]), kNow, [&](const Sight& sight) {
      ++hits;
      out.append(sight.bytes());
    });
    benchmark::DoNotOptimize(out.data());
  }
  if (hits != static_cast<std::size_t>(state.iterations())) state.SkipWithError("a miss");
}
BENCHMARK(BM_Hit)->Setup(FillShared)->Arg(1)->Arg(1000)->Arg(100'000)->Threads(1)->Threads(2)->UseRealTime();

void BM_Miss(benchmark::State& state) {
  NearCache& cache = FilledCache(static_cast<std::size_t>(state.range(0)));
  std::vector<std::string> names = Requests(100'000, 1);
  for (std::string& name : names) name[0] = 'm';
  std::size_t i = 0;
  for (auto _ : state) {
    const Found found = cache.Lookup(cache.Hash(names[i++ % kRequests]), kNow);
    benchmark::DoNotOptimize(found.freshness);
  }
}
BENCHMARK(BM_Miss)->Arg(0)->Arg(100'000);

// Reserve and publish, replacing and, in the second run, evicting.
void BM_Publish(benchmark::State& state) {
  NearCache& cache = FilledCache(0);
  const std::vector<std::string> names = Requests(static_cast<std::size_t>(state.range(0)), 1);
  const std::string value(100, 'v');
  std::size_t i = 0;
  for (auto _ : state) Fill(cache, names[i++ % kRequests], value);
}
BENCHMARK(BM_Publish)->Arg(1000)->Arg(10'000'000);

void BM_Drop(benchmark::State& state) {
  NearCache& cache = FilledCache(100'000);
  const std::vector<std::string> names = Requests(10'000'000, 1);
  std::size_t i = 0;
  for (auto _ : state) cache.Drop(cache.Hash(names[i++ % kRequests]), EvictionReason::kOwnWrite);
}
BENCHMARK(BM_Drop);

// The counter `beyond`: bytes of the cache per entry beyond key and value, tables included.
void BM_EntryBytes(benchmark::State& state) {
  constexpr std::size_t kEntries = 100'000;
  constexpr double kPayload = 14 + 100;  // a key and a value of FilledCache
  double beyond = 0;
  for (auto _ : state) {
    const NearCacheStats stats = FilledCache(kEntries).Stats();
    beyond = static_cast<double>(stats.bytes) / static_cast<double>(stats.entries) - kPayload;
  }
  state.counters["beyond"] = beyond;
}
BENCHMARK(BM_EntryBytes)->Iterations(1);

void BM_Witness(benchmark::State& state) {
  NearCache& cache = FilledCache(100'000);
  const std::vector<std::string> names = Requests(100'000, 1);
  const std::string value(100, 'v');
  std::size_t i = 0;
  for (auto _ : state) cache.Witness(cache.Hash(names[i++ % kRequests]), {.bytes = value}, kNow);
}
BENCHMARK(BM_Witness);

void BM_Hash(benchmark::State& state) {
  const std::vector<std::string> names = Requests(100'000, 1);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Hashed(names[i++ % kRequests], 1).hash);
}
BENCHMARK(BM_Hash);

// Names of a Zipf-like stream (1), one name (0), or all different (2).
std::vector<std::string> Stream(std::int64_t kind) {
  base::Random random(1);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const auto zipf = static_cast<std::uint64_t>(std::pow(1e5, random.Unit()));
    const std::uint64_t rank = kind == 0 ? 1 : kind == 1 ? zipf : i;
    names.push_back("key:" + std::to_string(1'000'000'000 + rank));
  }
  return names;
}

// Keys already hashed.
void BM_Touch(benchmark::State& state) {
  const std::vector<std::string> names = Stream(state.range(0));
  std::vector<HashedKey> keys;
  for (const std::string& name : names) keys.push_back(Hashed(name, 1));
  HotKeys hot;
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(hot.Touch(keys[i++ % kRequests]));
}
BENCHMARK(BM_Touch)->ArgName("one_zipf_all")->Arg(0)->Arg(1)->Arg(2);

// As a busy loop does it.
void BM_SampledTouch(benchmark::State& state) {
  const std::vector<std::string> names = Stream(state.range(0));
  std::vector<HashedKey> keys;
  for (const std::string& name : names) keys.push_back(Hashed(name, 1));
  KeySampler sampler;
  HotKeys hot;
  std::size_t i = 0;
  for (auto _ : state) {
    const HashedKey& key = keys[i++ % kRequests];
    if (sampler.Sees(kNow)) benchmark::DoNotOptimize(hot.Touch(key));
  }
}
BENCHMARK(BM_SampledTouch)->ArgName("one_zipf_all")->Arg(0)->Arg(1)->Arg(2);

// What a look-up costs that is counted for the curves. 0: of a key that is not sampled. 1: of sampled keys, each time,
// of which the near cache answers three in four. 2: as a busy loop does it, two million look-ups a second.
void BM_WhatIf(benchmark::State& state) {
  constexpr std::size_t kLookupsASecond = 2'000'000;
  base::SteadyTime now = kNow;
  HitCurves curves(1, std::size_t{64} << 20U, now);
  curves.SetPolicies({{"p", true, true, std::chrono::seconds(5), std::chrono::hours(1)}});
  HitCurves::Tap& tap = *curves.TapOf(0, "p");
  std::vector<HitCurves::Lookup> lookups;
  for (const std::string& name : Stream(1)) {
    lookups.push_back({.hash = Hashed(name, 1).hash, .room = lookups.size() % 4 == 0 ? 0U : 200U, .found = true});
    if (state.range(0) == 0) lookups.back().hash = ~std::uint64_t{0};
  }
  std::size_t i = 0;
  for (auto _ : state) {
    const HitCurves::Lookup& lookup = lookups[i++ % kRequests];
    if (tap.Counts(lookup.hash, lookup.room > 0, lookup.found) || state.range(0) == 1)
      curves.LookedUp(tap, lookup, now);
    const std::size_t every = state.range(0) == 2 ? kLookupsASecond : HitCurves::kMostEvents / 4;
    if (state.range(0) > 0 && i % every == 0) curves.EverySecond(now += std::chrono::milliseconds(50));
  }
}
BENCHMARK(BM_WhatIf)->ArgName("unsampled_sampled_busy")->Arg(0)->Arg(1)->Arg(2);

}  // namespace
}  // namespace herdgate::cache
