// What the near cache costs on the heap. Replaces operator new of this program, to count.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "sidecar/cache/hot_keys.h"
#include "sidecar/cache/near_cache.h"

namespace {

std::atomic<std::int64_t> live_bytes{0};
std::atomic<std::int64_t> allocations{0};

// malloc keeps one word of its own before each block.
std::int64_t HeapBytes(void* block) {
  return static_cast<std::int64_t>(malloc_usable_size(block)) + static_cast<std::int64_t>(sizeof(std::size_t));
}

void* Counted(void* block) {
  if (block == nullptr) std::abort();
  live_bytes += HeapBytes(block);
  ++allocations;
  return block;
}

void Uncounted(void* block) noexcept {
  if (block == nullptr) return;
  live_bytes -= HeapBytes(block);
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
  return Counted(std::malloc(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return Counted(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return Counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}
void operator delete(void* block) noexcept {
  Uncounted(block);
}
void operator delete(void* block, std::size_t) noexcept {
  Uncounted(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  Uncounted(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  Uncounted(block);
}

namespace herdgate::cache {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr Lifetime kMinutes{kNow, kNow + std::chrono::minutes(1), kNow + std::chrono::minutes(2)};

std::string KeyOf(int i) {
  return "user:profile:" + std::to_string(i);
}

// Bytes of keys and values.
std::size_t FillMany(NearCache& cache, int from, int to, std::size_t value_bytes) {
  std::size_t payload = 0;
  for (int i = from; i < to; ++i) {
    const std::string name = KeyOf(i);
    const std::string value(value_bytes + static_cast<std::size_t>(i) % 16, 'v');
    const HashedKey key = cache.Hash(name);
    EXPECT_EQ(cache.Publish(key, cache.Reserve(key), {.bytes = value}, kMinutes), PublishResult::kPublished);
    payload += name.size() + value.size();
  }
  return payload;
}

TEST(NearCacheMemoryTest, AnEntryCostsAtMost96BytesBeyondItsKeyAndValue) {
  // Tables grow by half: counts right after a growth and right before the next one are among these.
  for (const int count : {100'000, 110'000, 120'000, 130'000, 140'000}) {
    const std::int64_t before = live_bytes;
    NearCache cache({.max_bytes = 64U << 20U});
    const std::size_t payload = FillMany(cache, 0, count, 100);
    ASSERT_EQ(cache.Stats().entries, static_cast<std::size_t>(count));
    const std::int64_t overhead = (live_bytes - before - static_cast<std::int64_t>(payload)) / count;
    RecordProperty("overhead_bytes_" + std::to_string(count), static_cast<int>(overhead));
    EXPECT_LE(overhead, 96) << count;
  }
}

TEST(NearCacheMemoryTest, OverheadStaysBoundedWhenEvictionsFillTheGhost) {
  const std::int64_t before = live_bytes;
  NearCache cache({.max_bytes = 8U << 20U, .max_value_bytes = 4096});
  FillMany(cache, 0, 200'000, 100);
  for (int i = 100'000; i < 200'000; ++i) cache.Lookup(cache.Hash(KeyOf(i)), kNow);
  FillMany(cache, 200'000, 400'000, 100);
  const NearCacheStats stats = cache.Stats();
  std::size_t payload = 0;
  for (int i = 0; i < 400'000; ++i) {
    const std::string name = KeyOf(i);
    const Found found = cache.Lookup(cache.Hash(name), kNow);
    if (found.value) payload += name.size() + found.value.bytes().size();
  }
  const auto heap = live_bytes - before;
  const auto overhead = (heap - static_cast<std::int64_t>(payload)) / static_cast<std::int64_t>(stats.entries);
  RecordProperty("overhead_bytes", static_cast<int>(overhead));
  EXPECT_LE(overhead, 96);
}

TEST(NearCacheMemoryTest, TheHeapIsWhatBytesSays) {
  const std::int64_t before = live_bytes;
  NearCache cache({.max_bytes = 8U << 20U, .max_value_bytes = 4096});
  const std::int64_t empty = live_bytes - before - static_cast<std::int64_t>(cache.Stats().bytes);
  FillMany(cache, 0, 100'000, 100);
  const std::int64_t heap = live_bytes - before;
  constexpr std::int64_t kRounding = 4096;  // of the tables
  EXPECT_LE(heap, (8 << 20) + empty + kRounding);
  // Sanitizers round otherwise than malloc does.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_NEAR(static_cast<double>(heap), static_cast<double>(cache.Stats().bytes) + static_cast<double>(empty),
              kRounding);
#endif
}

TEST(NearCacheMemoryTest, AHitAllocatesNothing) {
  NearCache cache({.max_bytes = 8U << 20U});
  FillMany(cache, 0, 1000, 100);
  const std::string name = KeyOf(500);
  const std::int64_t before = allocations;
  std::size_t bytes = 0;
  for (int i = 0; i < 1000; ++i) {
    const Found found = cache.Lookup(cache.Hash(name), kNow);
    const ValueRef held = found.value;
    bytes += held.bytes().size();
    cache.Lookup(cache.Hash("absent"), kNow);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(bytes, 100'000U);
}

TEST(NearCacheMemoryTest, AllIsGivenBack) {
  const std::int64_t before = live_bytes;
  {
    NearCache cache({.max_bytes = 1U << 20U, .max_value_bytes = 4096});
    FillMany(cache, 0, 50'000, 100);
    cache.Reserve(cache.Hash("k"));
    for (int i = 0; i < 50'000; i += 2) cache.Drop(cache.Hash(KeyOf(i)), EvictionReason::kInvalidated);
    cache.DropAll(EpochReason::kFlush);
    for (int i = 0; i < 25'000; ++i) cache.Lookup(cache.Hash(KeyOf(i)), kNow);
    FillMany(cache, 0, 1000, 100);
  }
  EXPECT_EQ(live_bytes, before);
}

TEST(NearCacheMemoryTest, TouchingHotKeysAllocatesNothingOnceTheyAreNamed) {
  HotKeys hot;
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back(KeyOf(i));
  const auto touch_all = [&] {
    for (const std::string& name : names) hot.Touch(Hashed(name, 1));
    for (int i = 0; i < 100; ++i) hot.Touch(Hashed(names[0], 1));
  };
  for (int i = 0; i < 3; ++i) touch_all();
  const std::int64_t before = allocations;
  touch_all();
  EXPECT_LE(allocations - before, 1) << "a slot may be named for the first time";
}

}  // namespace
}  // namespace herdgate::cache
