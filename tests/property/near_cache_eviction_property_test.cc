// Laws of the near cache's eviction: whatever comes, its bytes stay below its limit and its ghosts below theirs; and on
// skewed traffic it keeps at least as many hits as LRU does with the same memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/cache/near_cache.h"
#include "sidecar/cache/s3_fifo.h"

namespace herdgate::cache {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr Lifetime kHours{kNow, kNow + std::chrono::hours(1), kNow + std::chrono::hours(2)};

TEST(NearCacheEvictionPropertyTest, BytesNeverExceedTheLimit) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    base::Random random(seed);
    NearCache cache({.max_bytes = (64U << 10U) << random.Below(5), .max_value_bytes = 8192, .seed = seed});
    std::size_t most = 0;
    for (int step = 0; step < 20'000; ++step) {
      const std::string name = "key:" + std::to_string(random.Below(5000));
      const HashedKey key = cache.Hash(name);
      const std::uint64_t choice = random.Below(20);
      if (choice < 10) {
        // Mostly small values, some that push out many.
        const std::string value(random.Below(std::uint64_t{1} << random.Below(14)), 'v');
        cache.Publish(key, cache.Reserve(key), {.bytes = value}, kHours);
      } else if (choice < 18) {
        cache.Lookup(key, kNow);
      } else {
        cache.Drop(key, EvictionReason::kInvalidated);
      }
      if (step % 2000 == 0) cache.DropAll(EpochReason::kFlush);
      const std::size_t bytes = cache.Stats().bytes;
      ASSERT_LE(bytes, cache.options().max_bytes) << "seed " << seed << " step " << step;
      most = std::max(most, bytes);
    }
    EXPECT_GT(most, cache.options().max_bytes / 2) << "the limit was never near";
  }
}

TEST(NearCacheEvictionPropertyTest, GhostsAreBoundedByTheEntriesThatFit) {
  base::Random random(4);
  S3Fifo fifo(2000);
  std::vector<Entry*> entries;
  std::size_t most_entries = 0;
  for (int step = 0; step < 100'000; ++step) {
    const std::string name = std::to_string(random.Below(3000));
    Entry* const entry = Entry::Make(Hashed(name, 1), {}, {}, 0);
    for (std::uint64_t hits = random.Below(4); hits > 0; --hits) entry->Bump();
    fifo.Insert(*entry);
    most_entries = std::max(most_entries, fifo.small_count() + fifo.main_count());
    while (fifo.entry_bytes() > 20'000) fifo.Evict([](const Entry&) { return false; })->Release();
    ASSERT_LE(fifo.ghost_capacity(), 2 * most_entries);
    ASSERT_LE(fifo.ghost_bytes(), 8 * most_entries);
  }
  while (Entry* const entry = fifo.Evict([](const Entry&) { return true; })) entry->Release();
  EXPECT_EQ(fifo.entry_bytes(), 0U);
}

class Lru {
 public:
  explicit Lru(std::size_t capacity) : capacity_(capacity) {}
  bool Ask(std::uint64_t key) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    order_.push_front(key);
    places_[key] = order_.begin();
    if (order_.size() > capacity_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    return false;
  }

 private:
  const std::size_t capacity_;
  std::list<std::uint64_t> order_;
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> places_;
};

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

struct Trace {
  const char* name;
  double skew;
  int scan_every;  // requests between two requests for a key that never comes again; 0: none
};

class NearCacheHitRatioTest : public testing::TestWithParam<Trace> {};

TEST_P(NearCacheHitRatioTest, IsNotBelowThatOfLru) {
  constexpr int kRequests = 200'000;
  constexpr std::size_t kKeys = 20'000;
  const Zipf zipf(kKeys, GetParam().skew);
  base::Random random(17);
  NearCache cache({.max_bytes = 512U << 10U, .max_value_bytes = 1024, .shards = 1});
  const std::string value(100, 'v');
  std::vector<std::uint64_t> requests;
  for (int i = 0; i < kRequests; ++i) {
    const bool scans = GetParam().scan_every > 0 && i % GetParam().scan_every == 0;
    requests.push_back(scans ? kKeys + static_cast<std::uint64_t>(i) : zipf.Next(random));
  }
  int hits = 0;
  std::size_t most_entries = 0;
  for (const std::uint64_t request : requests) {
    const std::string name = "key:" + std::to_string(1'000'000 + request);
    const HashedKey key = cache.Hash(name);
    if (cache.Lookup(key, kNow).value) {
      ++hits;
    } else {
      cache.Publish(key, cache.Reserve(key), {.bytes = value}, kHours);
    }
    most_entries = std::max(most_entries, cache.Stats().entries);
  }
  Lru lru(most_entries);  // in LRU's favour: it pays for no ghost and no table
  int lru_hits = 0;
  for (const std::uint64_t request : requests) lru_hits += lru.Ask(request) ? 1 : 0;
  RecordProperty("hits_per_mille", hits / (kRequests / 1000));
  RecordProperty("lru_hits_per_mille", lru_hits / (kRequests / 1000));
  EXPECT_GE(hits, lru_hits);
}

INSTANTIATE_TEST_SUITE_P(Traces, NearCacheHitRatioTest,
                         testing::Values(Trace{"Skewed", 1.0, 0}, Trace{"Flat", 0.7, 0},
                                         Trace{"SkewedWithScan", 1.0, 2}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace herdgate::cache
