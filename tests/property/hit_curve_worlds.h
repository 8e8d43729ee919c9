// Traffic, and the hit ratios that full simulations count on it: near caches of all sizes that are really there, and
// keys of all lifetimes that are all kept.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/cache/near_cache.h"
#include "sidecar/cache/size_curve.h"
#include "sidecar/cache/ttl_curve.h"

namespace herdgate::cache {

// Zipf by inversion of the cumulated weights.
class Zipf {
 public:
  Zipf(std::size_t keys, double skew) {
    double sum = 0;
    for (std::size_t i = 1; i <= keys; ++i) sums_.push_back(sum += std::pow(static_cast<double>(i), -skew));
  }
  std::uint64_t Next(base::Random& random) const {
    const auto at = std::lower_bound(sums_.begin(), sums_.end(), random.Unit() * sums_.back());
    return static_cast<std::uint64_t>(at - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

struct Traffic {
  const char* name;
  double skew;
  std::size_t scan_every = 0;   // requests between two for a key that never comes again; 0: none
  std::size_t shift_every = 0;  // requests after which half of the keys are others; 0: never
};

inline std::vector<std::uint64_t> TraceOf(const Traffic& traffic, std::size_t keys, std::size_t requests) {
  constexpr std::uint64_t kScanned = std::uint64_t{1} << 40U;
  const Zipf zipf(keys, traffic.skew);
  base::Random random(17);
  std::vector<std::uint64_t> trace;
  trace.reserve(requests);
  for (std::size_t i = 0; i < requests; ++i) {
    const std::uint64_t rank = zipf.Next(random);
    const std::size_t age = traffic.shift_every > 0 ? i / traffic.shift_every : 0;
    const std::uint64_t shifted = rank % 2 == 0 ? rank : rank + age * keys;
    trace.push_back(traffic.scan_every > 0 && i % traffic.scan_every == 0 ? kScanned + i : shifted);
  }
  return trace;
}

template <std::size_t kWorlds>
struct Outcome {
  std::array<double, kWorlds> full{};       // hit ratios
  std::array<double, kWorlds> estimated{};  // the same
  double MeanError() const {
    double sum = 0;
    for (std::size_t i = 0; i < kWorlds; ++i) sum += std::abs(full[i] - estimated[i]);
    return sum / kWorlds;
  }
};

struct SizeCase {
  std::uint64_t seed = 0;  // of the keys' hashes: which keys are sampled
  std::size_t max_bytes = std::size_t{4} << 20U;
  double believed = 1;            // what the estimator is told of max_bytes, as a share of it
  std::size_t dropped_every = 0;  // requests after which the key just asked for is dropped; 0: never
  std::size_t keys_sampled = 6144;
};

inline Outcome<kSizes> RunSizes(const std::vector<std::uint64_t>& trace, const SizeCase& run) {
  constexpr base::SteadyTime kNow{std::chrono::hours(1)};
  constexpr Lifetime kHours{kNow, kNow + std::chrono::hours(1), kNow + std::chrono::hours(2)};
  constexpr Tick kForever = 1U << 30U;
  constexpr std::size_t kReal = 3;
  std::vector<std::unique_ptr<NearCache>> caches;
  for (const double share : kSizeShares) {
    const auto bytes = static_cast<std::size_t>(static_cast<double>(run.max_bytes) * share);
    caches.push_back(
        std::make_unique<NearCache>(NearCacheOptions{.max_bytes = bytes, .max_value_bytes = 1024, .seed = run.seed}));
  }
  const auto believed = static_cast<std::size_t>(static_cast<double>(run.max_bytes) * run.believed);
  SizeCurve curve(run.keys_sampled, believed, 32);
  const std::string text(500, 'v');
  std::array<double, kSizes> misses{};
  Tick now = 0;
  for (const std::uint64_t request : trace) {
    ++now;
    const std::string name = "key:" + std::to_string(1'000'000 + request);
    const std::string_view value = std::string_view(text).substr(0, 20 + base::Random(request).Below(400));
    const HashedKey key = caches[0]->Hash(name);
    const std::size_t room = SizeCurve::Room(name.size(), value.size());
    std::array<bool, kSizes> hits{};
    for (std::size_t i = 0; i < kSizes; ++i) {
      hits[i] = caches[i]->Look(key, kNow, [](const Sight&) {}) == Freshness::kFresh;
      if (!hits[i]) caches[i]->Publish(key, caches[i]->Reserve(key), {.bytes = value}, kHours);
      misses[i] += hits[i] ? 0 : 1;
    }
    curve.LookedUp(0, key.hash, hits[kReal] ? room : 0, kForever, now);
    if (!hits[kReal]) curve.Published(key.hash, room, kForever, now);
    if (run.dropped_every == 0 || now % run.dropped_every != 0) continue;
    for (const auto& cache : caches) cache->Drop(key, EvictionReason::kOwnWrite);
    curve.Dropped(key.hash);
  }
  const auto lookups = static_cast<double>(trace.size());
  Outcome<kSizes> outcome;
  outcome.estimated = curve.misses(0).HitRatios(lookups, misses[kReal]);
  for (std::size_t i = 0; i < kSizes; ++i) outcome.full[i] = 1 - misses[i] / lookups;
  return outcome;
}

struct LifeCase {
  std::uint64_t seed = 0;
  Tick life = 40'000;             // of a key half to twice that
  std::size_t written_every = 0;  // requests after which a key is written that nobody missed; 0: never
  std::size_t removed_every = 0;
  bool removals_are_heard = true;
  std::size_t keys_sampled = 8192;
};

inline Outcome<kLives> RunLives(const std::vector<std::uint64_t>& trace, const LifeCase& run) {
  constexpr std::size_t kReal = 2;
  TtlCurve curve(run.keys_sampled, 32);
  std::unordered_map<std::uint64_t, std::array<double, kLives>> until;
  std::array<double, kLives> misses{};
  double lookups = 0;
  Tick now = 0;
  for (const std::uint64_t request : trace) {
    ++now;
    const std::uint64_t hash = base::Random(request ^ (run.seed << 48U)).Next();
    const Tick life = run.life / 2 + static_cast<Tick>(base::Random(request).Below(run.life * 3 / 2));
    auto& ends = until[request];
    const auto write = [&](std::size_t i) { ends[i] = now + life * kLifeShares[i]; };
    if (run.written_every > 0 && now % run.written_every == 0) {
      for (std::size_t i = 0; i < kLives; ++i) write(i);
      curve.Written(hash, life, 1, now);
    } else if (run.removed_every > 0 && now % run.removed_every == 0) {
      ends = {};
      if (run.removals_are_heard) curve.Removed(hash);
    } else {
      ++lookups;
      const bool found = now < ends[kReal];
      curve.LookedUp(0, hash, found, life, now);
      if (!found) curve.Written(hash, life, 1, now);
      for (std::size_t i = 0; i < kLives; ++i) {
        if (now < ends[i]) continue;
        ++misses[i];
        write(i);
      }
    }
  }
  Outcome<kLives> outcome;
  outcome.estimated = curve.misses(0).HitRatios(lookups, misses[kReal]);
  for (std::size_t i = 0; i < kLives; ++i) outcome.full[i] = 1 - misses[i] / lookups;
  return outcome;
}

}  // namespace herdgate::cache
