#include "sidecar/upstream/memory/keyspace.h"

#include <gtest/gtest.h>

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "sidecar/base/random.h"

namespace herdgate::upstream::memory {
namespace {

constexpr std::size_t kMebibyte = 1024UL * 1024;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class Changes final : public KeyWatcher {
 public:
  void OnChanged(int /*db*/, std::string_view key) override { keys.emplace_back(key); }
  std::vector<std::string> keys;
};

class Ignored final : public KeyWatcher {
 public:
  void OnChanged(int /*db*/, std::string_view /*key*/) override {}
};

std::string Key(std::size_t number) {
  return "key:" + std::to_string(number);
}

std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(MemoryKeyspace, NeverTakesMoreThanItsBound) {
  Ignored ignored;
  Keyspace keys(kMebibyte, 1, ignored);
  base::Random random(2);
  for (std::size_t i = 0; i < 50000; ++i) {
    keys.SetNow(static_cast<Milliseconds>(i));
    const std::string value(random.Below(random.Below(50) == 0 ? 100000 : 200), 'v');
    ASSERT_NE(keys.Put(static_cast<int>(random.Below(3)), Key(random.Below(20000)), value, kNever), nullptr);
    ASSERT_LE(keys.bytes(), kMebibyte);
  }
  EXPECT_GT(keys.counters().evicted, 1000U);
  EXPECT_GT(keys.total_size(), 100U);
}

TEST(MemoryKeyspace, BytesFallToWhatTheTablesTakeWhenAllIsDeleted) {
  Ignored ignored;
  Keyspace keys(8 * kMebibyte, 1, ignored);
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_NE(keys.Put(0, Key(i), "value", 5), nullptr);
  EXPECT_EQ(keys.volatile_size(0), 1000U);
  for (std::size_t i = 0; i < 1000; ++i) keys.Delete(0, *keys.Peek(0, Key(i)));
  EXPECT_EQ(keys.entry_bytes(), 0U);
  EXPECT_EQ(keys.volatile_size(0), 0U);
  EXPECT_LT(keys.bytes(), 20000U);
  keys.Clear(0);
  EXPECT_EQ(keys.bytes(), 0U);
}

TEST(MemoryKeyspace, KeysInUseOutliveKeysThatAreNot) {
  Ignored ignored;
  Keyspace keys(kMebibyte, 1, ignored);
  Milliseconds now = 0;
  const std::string value(100, 'v');
  for (std::size_t i = 0; i < 500; ++i) ASSERT_NE(keys.Put(0, "hot:" + std::to_string(i), value, kNever), nullptr);
  for (std::size_t i = 0; i < 40000; ++i) {
    keys.SetNow(++now);
    ASSERT_NE(keys.Put(0, Key(i), value, kNever), nullptr);
    (void)keys.Read(0, "hot:" + std::to_string(i % 500));
  }
  std::size_t alive = 0;
  for (std::size_t i = 0; i < 500; ++i) alive += keys.Peek(0, "hot:" + std::to_string(i)) != nullptr ? 1U : 0U;
  EXPECT_GE(alive, 495U) << "of 500 keys read once per 500 writes";
}

TEST(MemoryKeyspace, ValueLargerThanTheBoundIsRefusedAndEvictsNothing) {
  Ignored ignored;
  Keyspace keys(kMebibyte, 1, ignored);
  ASSERT_NE(keys.Put(0, "small", "value", kNever), nullptr);
  EXPECT_EQ(keys.Put(0, "large", std::string(kMebibyte, 'v'), kNever), nullptr);
  EXPECT_EQ(keys.Put(0, "small", std::string(2 * kMebibyte, 'v'), kNever), nullptr);
  EXPECT_EQ(keys.counters().evicted, 0U);
  EXPECT_EQ(keys.Peek(0, "small")->text(), "value");
}

TEST(MemoryKeyspace, GrowingValueEvictsOthersAndNotItself) {
  Ignored ignored;
  Keyspace keys(kMebibyte, 1, ignored);
  for (std::size_t i = 0; i < 5000; ++i) ASSERT_NE(keys.Put(0, Key(i), std::string(100, 'v'), kNever), nullptr);
  Entry* grown = keys.Put(0, "grown", "start", kNever);
  ASSERT_NE(grown, nullptr);
  for (std::size_t size = 1000; size < 900000; size += 10000) {
    ASSERT_TRUE(keys.Resize(0, *grown, size)) << size;
    ASSERT_LE(keys.bytes(), kMebibyte);
  }
  EXPECT_EQ(keys.Find(0, "grown")->text().substr(0, 6), std::string_view("start\0", 6));
  EXPECT_FALSE(keys.Resize(0, *keys.Find(0, "grown"), 2 * kMebibyte));
}

TEST(MemoryKeyspace, ExpiredKeysGoBeforeLiveOnesAreEvicted) {
  Ignored ignored;
  Keyspace keys(kMebibyte, 1, ignored);
  const std::string value(1000, 'v');
  for (std::size_t i = 0; i < 400; ++i) ASSERT_NE(keys.Put(0, Key(i), value, 10), nullptr);
  keys.SetNow(10);
  for (std::size_t i = 400; i < 1000; ++i) ASSERT_NE(keys.Put(0, Key(i), value, kNever), nullptr);
  EXPECT_EQ(keys.counters().evicted, 0U);
  EXPECT_GT(keys.counters().expired, 0U);
}

TEST(MemoryKeyspace, SweepsDeleteAllDeadKeysInOneRound) {
  Ignored ignored;
  Keyspace keys(64 * kMebibyte, 1, ignored);
  for (std::size_t i = 0; i < 20000; ++i) {
    ASSERT_NE(keys.Put(static_cast<int>(i % 2), Key(i), "v", i % 4 < 2 ? 100 : kNever), nullptr);
  }
  keys.SetNow(100);
  for (std::size_t part = 0; part <= 2 * Keyspace::kSweepParts; ++part) (void)keys.ExpireSome();
  EXPECT_EQ(keys.total_size(), 10000U);
  EXPECT_EQ(keys.counters().expired, 10000U);
  EXPECT_FALSE(keys.HasVolatile());
}

TEST(MemoryKeyspace, WatcherHearsOfExpiryAndEviction) {
  Changes changes;
  Keyspace keys(kMebibyte, 1, changes);
  ASSERT_NE(keys.Put(0, "dies", "v", 10), nullptr);
  changes.keys.clear();
  keys.SetNow(10);
  EXPECT_EQ(keys.Peek(0, "dies"), nullptr);
  EXPECT_EQ(changes.keys, std::vector<std::string>{"dies"});
  ASSERT_NE(keys.Put(0, "evicted", std::string(20000, 'v'), kNever), nullptr);
  changes.keys.clear();
  keys.SetNow(20);
  ASSERT_NE(keys.Put(0, "large", std::string(kMebibyte - 5000, 'v'), kNever), nullptr);
  EXPECT_EQ(changes.keys.front(), "evicted");
}

TEST(MemoryKeyspace, ChargedBytesTakeRoomFromKeys) {
  Ignored ignored;
  Keyspace keys(kMebibyte, 1, ignored);
  for (std::size_t i = 0; i < 2000; ++i) ASSERT_NE(keys.Put(0, Key(i), std::string(300, 'v'), kNever), nullptr);
  const std::size_t before = keys.total_size();
  EXPECT_TRUE(keys.Charge(kMebibyte / 2));
  EXPECT_LT(keys.total_size(), before);
  EXPECT_LE(keys.bytes(), kMebibyte);
  EXPECT_FALSE(keys.Charge(kMebibyte));
  keys.Release(kMebibyte / 2);
  EXPECT_TRUE(keys.Charge(kMebibyte - 10000));
}

// The figure that an operator sets must be what the process takes.
TEST(MemoryKeyspace, CountedBytesAreResidentBytes) {
  if (kSanitized) GTEST_SKIP() << "the sanitizer's own memory would be measured";
  Ignored ignored;
  for (const std::size_t largest : {20UL, 200UL, 5000UL, 100000UL}) {
    malloc_trim(0);  // what earlier tests freed would be used again and not be seen
    const std::size_t before = ResidentBytes();
    Keyspace keys(48 * kMebibyte, 1, ignored);
    base::Random random(9);
    // Fills the bound several times over with values of mixed sizes, so that fragmentation shows.
    for (std::size_t written = 0, i = 0; written < 150 * kMebibyte && i < 1200000; ++i) {
      const std::string value(random.Below(largest), 'v');
      ASSERT_NE(keys.Put(0, Key(random.Below(4000000)), value, kNever), nullptr);
      written += value.size() + 80;
    }
    const auto resident = static_cast<double>(ResidentBytes() - before);
    const auto counted = static_cast<double>(keys.bytes());
    RecordProperty("resident_per_counted_" + std::to_string(largest), std::to_string(resident / counted));
    EXPECT_LT(resident, counted * 1.25) << "values up to " << largest;
    EXPECT_GT(resident, counted * 0.5) << "values up to " << largest;
  }
}

}  // namespace
}  // namespace herdgate::upstream::memory
