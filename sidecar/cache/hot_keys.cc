#include "sidecar/cache/hot_keys.h"

#include <algorithm>
#include <utility>

namespace herdgate::cache {

HotKeys::HotKeys(std::uint32_t halve_every) : halve_every_(halve_every), texts_(kSlots) {
  table_.fill(kNone);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].higher = i + 1 < groups_.size() ? static_cast<Index>(i + 1) : kNone;
  }
}

HotKeys::Estimate HotKeys::Touch(const HashedKey& key) {
  if (++touches_ >= halve_every_) Halve();
  Index index = Find(key.hash);
  if (index == kNone) {
    index = Take(key.hash);
  } else {
    Increment(index);
    // Named at the second touch: of the many keys that come once, no text is copied.
    if (!slots_[index].named) {
      texts_[index].assign(key.text.substr(0, kMaxTextBytes));
      slots_[index].named = true;
    }
  }
  return {groups_[slots_[index].group].count, slots_[index].error};
}

// A new slot while there are any, else the one of the lowest count.
HotKeys::Index HotKeys::Take(std::uint64_t hash) {
  Index index = kNone;
  std::uint32_t error = 0;
  if (used_ < kSlots) {
    index = static_cast<Index>(used_++);
    if (lowest_ == kNone || groups_[lowest_].count != 1) NewGroup(1, kNone);
    Join(index, lowest_);
  } else {
    index = groups_[lowest_].first;
    error = groups_[lowest_].count;
    Leave(index);
    Increment(index);
  }
  Slot& slot = slots_[index];
  slot.hash = hash;
  slot.error = error;
  slot.named = false;
  Enter(index);
  return index;
}

void HotKeys::Increment(Index index) {
  const Index from = slots_[index].group;
  Group& group = groups_[from];
  const Index higher = group.higher;
  const std::uint32_t count = group.count + 1;
  const bool alone = group.first == index && slots_[index].next == kNone;
  if (higher != kNone && groups_[higher].count == count) {
    Part(index);
    Join(index, higher);
    if (alone) RemoveGroup(from);
  } else if (alone) {
    group.count = count;
  } else {
    Part(index);
    Join(index, NewGroup(count, from));
  }
}

// Neighbours may come to the same count; they become one group.
void HotKeys::Halve() {
  touches_ = 0;
  for (std::size_t i = 0; i < used_; ++i) {
    Slot& slot = slots_[i];
    // A count of 1 stays 1, because no group is lower; half a touch is none for sure.
    slot.error = groups_[slot.group].count == 1 ? 1 : (slot.error + 1) / 2;
  }
  for (Index group = lowest_; group != kNone;) {
    groups_[group].count = std::max(groups_[group].count / 2, 1U);
    const Index higher = groups_[group].higher;
    const Index lower = groups_[group].lower;
    if (lower != kNone && groups_[lower].count == groups_[group].count) {
      while (groups_[group].first != kNone) {
        const Index slot = groups_[group].first;
        Part(slot);
        Join(slot, lower);
      }
      RemoveGroup(group);
    }
    group = higher;
  }
}

std::vector<HotKeys::Row> HotKeys::Top(std::size_t n) const {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < used_; ++i) {
    if (slots_[i].named) rows.push_back({texts_[i], {groups_[slots_[i].group].count, slots_[i].error}});
  }
  const auto more = [](const Row& a, const Row& b) {
    return std::pair(a.estimate.count, a.estimate.at_least()) > std::pair(b.estimate.count, b.estimate.at_least());
  };
  std::stable_sort(rows.begin(), rows.end(), more);
  if (rows.size() > n) rows.resize(n);
  return rows;
}

HotKeys::Index HotKeys::Find(std::uint64_t hash) const {
  for (std::size_t i = HomeOf(hash); table_[i] != kNone; i = (i + 1) % kTableSlots) {
    if (slots_[table_[i]].hash == hash) return table_[i];
  }
  return kNone;
}

void HotKeys::Enter(Index slot) {
  std::size_t i = HomeOf(slots_[slot].hash);
  while (table_[i] != kNone) i = (i + 1) % kTableSlots;
  table_[i] = slot;
}

// Closes the gap, so that no look-up stops early.
void HotKeys::Leave(Index slot) {
  std::size_t gap = HomeOf(slots_[slot].hash);
  while (table_[gap] != slot) gap = (gap + 1) % kTableSlots;
  for (std::size_t i = (gap + 1) % kTableSlots; table_[i] != kNone; i = (i + 1) % kTableSlots) {
    const std::size_t home = HomeOf(slots_[table_[i]].hash);
    if ((i - home) % kTableSlots < (i - gap) % kTableSlots) continue;
    table_[gap] = table_[i];
    gap = i;
  }
  table_[gap] = kNone;
}

void HotKeys::Join(Index slot, Index group) {
  slots_[slot].group = group;
  slots_[slot].previous = kNone;
  slots_[slot].next = groups_[group].first;
  if (slots_[slot].next != kNone) slots_[slots_[slot].next].previous = slot;
  groups_[group].first = slot;
}

void HotKeys::Part(Index index) {
  const Slot& slot = slots_[index];
  if (slot.next != kNone) slots_[slot.next].previous = slot.previous;
  (slot.previous != kNone ? slots_[slot.previous].next : groups_[slot.group].first) = slot.next;
}

// `lower`: the group that it comes after; kNone: it is the lowest.
HotKeys::Index HotKeys::NewGroup(std::uint32_t count, Index lower) {
  const Index index = free_group_;
  free_group_ = groups_[index].higher;
  const Index higher = lower == kNone ? lowest_ : groups_[lower].higher;
  groups_[index] = {.count = count, .first = kNone, .lower = lower, .higher = higher};
  (lower == kNone ? lowest_ : groups_[lower].higher) = index;
  if (higher != kNone) groups_[higher].lower = index;
  return index;
}

void HotKeys::RemoveGroup(Index index) {
  const Group& group = groups_[index];
  (group.lower == kNone ? lowest_ : groups_[group.lower].higher) = group.higher;
  if (group.higher != kNone) groups_[group.higher].lower = group.lower;
  groups_[index] = {.higher = free_group_};
  free_group_ = index;
}

}  // namespace herdgate::cache
