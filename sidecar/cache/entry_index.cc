#include "sidecar/cache/entry_index.h"

#include <utility>

namespace herdgate::cache {
namespace {

constexpr std::size_t kFirstSlots = 16;

}  // namespace

EntryIndex::EntryIndex() : slots_(kFirstSlots), tags_(kFirstSlots) {}

void EntryIndex::Insert(Entry& entry) {
  if ((size_ + 1) * 4 > slots_.size() * 3) Grow();
  Put(entry);
  ++size_;
}

void EntryIndex::Replace(const Entry& old, Entry& by) {
  slots_[SlotOf(old)] = &by;
}

// Closes the gap: whatever stands behind it and may stand in it moves up, so that no look-up stops early.
void EntryIndex::Erase(const Entry& entry) {
  std::size_t gap = SlotOf(entry);
  for (std::size_t slot = Next(gap); tags_[slot] != 0; slot = Next(slot)) {
    const std::size_t home = Home(slots_[slot]->hash());
    const bool home_between = gap <= slot ? (gap < home && home <= slot) : (gap < home || home <= slot);
    if (home_between) continue;
    slots_[gap] = slots_[slot];
    tags_[gap] = tags_[slot];
    gap = slot;
  }
  slots_[gap] = nullptr;
  tags_[gap] = 0;
  --size_;
}

std::size_t EntryIndex::SlotOf(const Entry& entry) const {
  std::size_t slot = Home(entry.hash());
  while (slots_[slot] != &entry) slot = Next(slot);
  return slot;
}

void EntryIndex::Put(Entry& entry) {
  std::size_t slot = Home(entry.hash());
  while (tags_[slot] != 0) slot = Next(slot);
  slots_[slot] = &entry;
  tags_[slot] = TagOf(entry.hash());
}

void EntryIndex::Grow() {
  const std::size_t slots = slots_.size() + slots_.size() / 2;
  const std::vector<Entry*> old = std::exchange(slots_, std::vector<Entry*>(slots));
  tags_.assign(slots, 0);
  tags_.shrink_to_fit();
  for (Entry* const entry : old) {
    if (entry != nullptr) Put(*entry);
  }
}

}  // namespace herdgate::cache
