#include "sidecar/upstream/memory/dictionary.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>

namespace herdgate::upstream::memory {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 40U;

// A dictionary that owns its entries.
class Owned {
 public:
  explicit Owned(std::uint64_t seed) : dictionary(seed) {}
  ~Owned() {
    dictionary.ForEach([](Entry& entry) { std::free(&entry); });
  }
  void Add(const std::string& key) {
    auto* entry = new (std::malloc(sizeof(Entry) + key.size())) Entry();
    entry->key_bytes = static_cast<std::uint32_t>(key.size());
    std::memcpy(entry->key_data(), key.data(), key.size());
    entry->hash = dictionary.Hash(key);
    dictionary.PrepareInsert(kPlenty);
    dictionary.Insert(*entry);
  }
  void Remove(const std::string& key) {
    Entry* entry = dictionary.Find(key);
    ASSERT_NE(entry, nullptr);
    dictionary.Remove(*entry);
    std::free(entry);
  }

  Dictionary dictionary;
};

std::string Key(std::size_t number) {
  return "key:" + std::to_string(number);
}

TEST(MemoryDictionary, FindsEveryKeyWhileItGrowsAndShrinks) {
  Owned owned(3);
  for (std::size_t i = 0; i < 5000; ++i) {
    owned.Add(Key(i));
    ASSERT_NE(owned.dictionary.Find(Key(i / 2)), nullptr) << i;
  }
  EXPECT_EQ(owned.dictionary.size(), 5000U);
  EXPECT_GE(owned.dictionary.buckets(), 4096U);
  for (std::size_t i = 0; i < 4990; ++i) {
    owned.Remove(Key(i));
    ASSERT_EQ(owned.dictionary.Find(Key(i)), nullptr);
    ASSERT_NE(owned.dictionary.Find(Key(4999)), nullptr) << i;
  }
  owned.dictionary.ShrinkIfSparse();
  owned.dictionary.Migrate(10000);
  EXPECT_LE(owned.dictionary.buckets(), 1024U) << "empty buckets are given back";
}

TEST(MemoryDictionary, ListsGrowLongerWhereNoMemoryIsSpared) {
  Dictionary dictionary(3);
  dictionary.PrepareInsert(0);
  const std::size_t before = dictionary.buckets();
  std::vector<std::unique_ptr<Entry>> entries;
  for (std::uint32_t i = 0; i < 200; ++i) {
    entries.push_back(std::make_unique<Entry>());
    entries.back()->hash = i;
    dictionary.PrepareInsert(0);
    dictionary.Insert(*entries.back());
  }
  EXPECT_EQ(dictionary.buckets(), before);
  EXPECT_EQ(dictionary.size(), 200U);
}

// Redis' promise: what is there from the first call to the last is returned at least once.
TEST(MemoryDictionary, ScanSeesAllThatStaysWhateverElseChanges) {
  base::Random random(11);
  for (int round = 0; round < 200; ++round) {
    Owned owned(random.Next());
    std::set<std::string> stays;
    std::set<std::string> passing;
    for (std::size_t i = 0; i < 20 + random.Below(600); ++i) {
      owned.Add(Key(i));
      (random.Below(4) == 0 ? stays : passing).insert(Key(i));
    }
    std::set<std::string> missing = stays;
    std::uint64_t cursor = 0;
    std::size_t next = 100000;
    std::size_t steps = 0;
    const bool growing = random.Below(2) == 0;
    do {
      cursor = owned.dictionary.Scan(cursor, [&](Entry& entry) { missing.erase(std::string(entry.key())); });
      for (std::size_t change = random.Below(40); change > 0; --change) {
        if (growing) {
          owned.Add(Key(next++));
        } else if (!passing.empty()) {
          owned.Remove(*passing.begin());
          passing.erase(passing.begin());
        }
      }
      owned.dictionary.Migrate(random.Below(8));
      ASSERT_LT(++steps, 100000U);
      if (growing && next > 110000) break;
    } while (cursor != 0);
    if (cursor == 0) {
      ASSERT_TRUE(missing.empty()) << "round " << round << ", first missing " << *missing.begin();
    }
  }
}

TEST(MemoryDictionary, SampleReachesEveryEntryAboutEquallyOften) {
  Owned owned(5);
  for (std::size_t i = 0; i < 100; ++i) owned.Add(Key(i));
  base::Random random(1);
  std::map<std::string, int> count;
  for (int i = 0; i < 20000; ++i) ++count[std::string(owned.dictionary.Sample(random)->key())];
  EXPECT_EQ(count.size(), 100U);
  for (const auto& [key, times] : count) {
    EXPECT_GT(times, 40) << key;
    EXPECT_LT(times, 800) << key;
  }
}

TEST(MemoryDictionary, SampleOfAnEmptyOneIsNothing) {
  base::Random random(1);
  EXPECT_EQ(Dictionary(1).Sample(random), nullptr);
  Owned emptied(1);
  emptied.Add("k");
  emptied.Remove("k");
  EXPECT_EQ(emptied.dictionary.Sample(random), nullptr);
  std::vector<Entry*> found;
  emptied.dictionary.SampleRun(random, 4, found);
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace herdgate::upstream::memory
