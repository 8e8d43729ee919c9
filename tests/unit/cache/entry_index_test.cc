#include "sidecar/cache/entry_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

// Few distinct hashes, so that keys collide, wrap around the table's end and share tags.
HashedKey Colliding(const std::string& name, std::uint64_t i) {
  constexpr std::uint64_t kHashes[] = {0xffff'ffff, 0xffff'fffe, 0xf000'007f, 0, 1, 0x8000'0000};
  return {name, kHashes[i % std::size(kHashes)]};
}

// Against std::map, with any mix of insertions, replacements and removals.
TEST(EntryIndexTest, FindsWhatIsInItAndNothingElse) {
  base::Random random(11);
  for (const bool collide : {false, true}) {
    EntryIndex index;
    std::map<std::uint64_t, Entry*> truth;
    const std::uint64_t keys = collide ? 60 : 3000;
    for (int step = 0; step < 40'000; ++step) {
      const std::uint64_t i = random.Below(keys);
      const std::string name = std::to_string(i);
      const HashedKey key = collide ? Colliding(name, i) : Hashed(name, 3);
      const auto known = truth.find(i);
      ASSERT_EQ(index.Find(key), known == truth.end() ? nullptr : known->second);
      ASSERT_EQ(index.size(), truth.size());
      if (known == truth.end()) {
        truth[i] = Entry::Make(key, {}, {}, 0);
        index.Insert(*truth[i]);
      } else if (random.Below(3) == 0) {
        Entry* const by = Entry::Make(key, {}, {}, 0);
        index.Replace(*known->second, *by);
        known->second->Release();
        known->second = by;
      } else {
        index.Erase(*known->second);
        known->second->Release();
        truth.erase(known);
      }
    }
    for (const auto& [i, entry] : truth) entry->Release();
  }
}

TEST(EntryIndexTest, CostsAtMost18BytesAnEntryOnceItHasGrown) {
  EntryIndex index;
  std::vector<Entry*> entries;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = std::to_string(i);
    entries.push_back(Entry::Make(Hashed(name, 3), {}, {}, 0));
    index.Insert(*entries.back());
    ASSERT_LE(index.bytes(), std::max(index.size() * 18, std::size_t{144})) << i;
  }
  for (Entry* const entry : entries) entry->Release();
}

}  // namespace
}  // namespace herdgate::cache
