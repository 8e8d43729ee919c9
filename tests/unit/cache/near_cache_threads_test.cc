// Four threads on one cache: what a reader gets is whole and is the key's own; nothing is torn, lost or counted twice.
#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/cache/near_cache.h"

namespace herdgate::cache {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr Lifetime kMinutes{.now = kNow,
                            .fresh_until = kNow + std::chrono::minutes(1),
                            .stale_until = kNow + std::chrono::minutes(5),
                            .expires_at = kNow + std::chrono::minutes(1),
                            .expired_by = kNow + std::chrono::minutes(1)};
constexpr base::SteadyTime kExpired = kMinutes.expired_by;
constexpr int kKeys = 2000;

std::string KeyOf(std::uint64_t i) {
  return "k" + std::to_string(i);
}

// "key:version:" and padding, so that values of one key differ in length.
std::string ValueOf(const std::string& key, std::uint64_t version) {
  return key + ":" + std::to_string(version) + ":" + std::string(version % 300, 'x');
}

bool IsWhole(const std::string& key, std::string_view value) {
  if (!value.starts_with(key + ":")) return false;
  const std::string_view rest = value.substr(key.size() + 1);
  std::uint64_t version = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), version);
  return value == ValueOf(key, version);
}

class Workload {
 public:
  void Run(std::uint64_t seed, int steps) {
    base::Random random(seed);
    for (int i = 0; i < steps; ++i) Step(random);
  }
  NearCache& cache() { return cache_; }
  int torn() const { return torn_; }
  std::uint64_t published() const { return published_; }

 private:
  void Step(base::Random& random) {
    const std::string name = KeyOf(random.Below(kKeys));
    const HashedKey key = cache_.Hash(name);
    const std::uint64_t choice = random.Below(1000);
    if (choice < 600) return Look(name, key);
    if (choice < 850) return Fill(name, key, random);
    if (choice < 920) return cache_.Drop(key, EvictionReason::kOwnWrite);
    if (choice < 950) return cache_.Invalidate(key, random.Below(2) == 0 ? kNow : kExpired);
    if (choice < 970) return cache_.Witness(key, {.bytes = "another"}, kNow);
    if (choice < 990) return cache_.Witness(key, {.nil = true}, kExpired);
    if (choice < 994) return cache_.NewEpoch(EpochReason::kConnectionLost);
    if (choice < 996) return cache_.DropAll(EpochReason::kFlush);
    cache_.Reclaim(kNow, 50);
  }
  void Look(const std::string& name, const HashedKey& key) {
    const Found found = cache_.Lookup(key, kNow);
    if (!found.value) return;
    std::this_thread::yield();  // held while others evict it
    if (!IsWhole(name, found.value.bytes())) ++torn_;
  }
  void Fill(const std::string& name, const HashedKey& key, base::Random& random) {
    const Reservation reservation = cache_.Reserve(key);
    if (!reservation) return;
    const std::string value = ValueOf(name, random.Next() % 1000);
    if (cache_.Publish(key, reservation, {.bytes = value}, kMinutes) == PublishResult::kPublished) ++published_;
  }

  NearCache cache_{{.max_bytes = 64U << 10U, .max_value_bytes = 1024, .shards = 4, .seed = 5}};
  std::atomic<int> torn_{0};
  std::atomic<std::uint64_t> published_{0};
};

TEST(NearCacheThreadsTest, ReadersSeeWholeValuesOfTheirKey) {
  Workload workload;
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) threads.emplace_back([&, i] { workload.Run(i, 30'000); });
  threads.clear();
  const NearCacheStats stats = workload.cache().Stats();
  EXPECT_EQ(workload.torn(), 0);
  EXPECT_GT(workload.published(), 1000U);
  EXPECT_EQ(stats.publishes[0], workload.published());
  EXPECT_GT(stats.evictions[static_cast<std::size_t>(EvictionReason::kCapacity)], 0U)
      << "the cache must have been full";
  EXPECT_GT(stats.kept, 0U);
  EXPECT_LE(stats.bytes, workload.cache().options().max_bytes);
  EXPECT_EQ(stats.reservations, 0U);
}

TEST(NearCacheThreadsTest, NothingPublishedBeforeAnEpochIsFreshAfterIt) {
  NearCache cache({.max_bytes = 1U << 20U, .max_value_bytes = 1024});
  std::atomic<std::uint64_t> epoch{0};
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  // A fill's value is the number at its time: its epoch's own, or one less until the number has followed NewEpoch.
  const auto read = [&](std::uint64_t seed) {
    base::Random random(seed);
    while (!stop) {
      const std::string name = KeyOf(random.Below(8));
      const HashedKey key = cache.Hash(name);
      const std::uint64_t before = epoch;
      const Found found = cache.Lookup(key, kNow);
      std::uint64_t version = 0;
      if (found.value) {
        const std::string_view bytes = found.value.bytes();
        std::from_chars(bytes.data(), bytes.data() + bytes.size(), version);
      }
      if (found.freshness == Freshness::kFresh && version + 1 < before) ++wrong;
      const Reservation reservation = cache.Reserve(key);
      const std::string value = std::to_string(epoch);
      std::this_thread::yield();
      if (reservation) cache.Publish(key, reservation, {.bytes = value}, kMinutes);
    }
  };
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < 3; ++i) threads.emplace_back(read, i);
  for (int i = 0; i < 2000; ++i) {
    cache.NewEpoch(EpochReason::kConnectionLost);
    ++epoch;
    std::this_thread::yield();
  }
  stop = true;
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace herdgate::cache
