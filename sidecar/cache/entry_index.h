// EntryIndex: finds a shard's entry by its key. Open addressing with linear probing, without tombstones.
//
// A slot is a pointer and, in an array of its own, a tag of seven hash bits: a look-up that misses reads tags only.
// An entry's first slot is its hash scaled to the number of slots, so the table may grow by half instead of doubling:
// 12 to 18 bytes an entry. At most three slots in four are taken.
// Threads: with the shard's mutex. Ownership: none; the entries are the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sidecar/cache/entry.h"

namespace herdgate::cache {

class EntryIndex {
 public:
  EntryIndex();

  // Null: absent.
  Entry* Find(const HashedKey& key) const {
    const auto hash = static_cast<std::uint32_t>(key.hash);
    const std::uint8_t tag = TagOf(hash);
    for (std::size_t slot = Home(hash); tags_[slot] != 0; slot = Next(slot)) {
      if (tags_[slot] != tag) continue;
      Entry* const entry = slots_[slot];
      if (entry->hash() == hash && entry->key() == key.text) return entry;
    }
    return nullptr;
  }
  // May grow the table. REQUIRES: no entry of that key is in it.
  void Insert(Entry& entry);
  // REQUIRES of both: the entry is in it.
  void Erase(const Entry& entry);
  void Replace(const Entry& old, Entry& by);

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return slots_.size() * (sizeof(void*) + sizeof(std::uint8_t)); }
  std::size_t slots() const { return slots_.size(); }
  // Null: the slot is empty.
  Entry* at(std::size_t slot) const { return slots_[slot]; }

 private:
  static std::uint8_t TagOf(std::uint32_t hash) { return static_cast<std::uint8_t>(0x80U | (hash & 0x7fU)); }
  std::size_t Home(std::uint32_t hash) const {
    return static_cast<std::size_t>(std::uint64_t{hash} * slots_.size() >> 32U);
  }
  std::size_t Next(std::size_t slot) const { return slot + 1 == slots_.size() ? 0 : slot + 1; }
  std::size_t SlotOf(const Entry& entry) const;
  void Put(Entry& entry);
  void Grow();

  std::vector<Entry*> slots_;
  std::vector<std::uint8_t> tags_;  // 0: empty
  std::size_t size_ = 0;
};

}  // namespace herdgate::cache
