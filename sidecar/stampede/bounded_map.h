// BoundedMap: what is remembered of at most so many keys or sessions, the oldest first.
//
// Its keys are 64-bit hashes (of a seed nobody outside knows, so equal hashes are equal keys) or ids. Memory: what it
// holds; nothing when empty. Put and Erase take constant time and may allocate: not for the hit path.
// Threads: one owner.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace herdgate::stampede {

template <typename Value>
class BoundedMap {
 public:
  using Item = std::pair<const std::uint64_t, Value>;

  // REQUIRES > 0
  explicit BoundedMap(std::size_t capacity) : capacity_(capacity) { assert(capacity > 0); }

  std::size_t size() const { return items_.size(); }
  bool full() const { return items_.size() >= capacity_; }

  // Null if it isn't there. Valid until the item goes.
  Value* Find(std::uint64_t key) {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->second;
  }
  // The one put longest ago. REQUIRES: size() > 0
  const Item& Oldest() const { return items_.front(); }
  // Replaces what was there; it is the newest now. Where there is no room, the oldest goes.
  Value& Put(std::uint64_t key, Value value) {
    Erase(key);
    if (full()) Erase(Oldest().first);
    items_.emplace_back(key, std::move(value));
    index_[key] = std::prev(items_.end());
    return items_.back().second;
  }
  void Erase(std::uint64_t key) {
    const auto at = index_.find(key);
    if (at == index_.end()) return;
    items_.erase(at->second);
    index_.erase(at);
  }

 private:
  const std::size_t capacity_;
  std::list<Item> items_;
  std::unordered_map<std::uint64_t, typename std::list<Item>::iterator> index_;
};

}  // namespace herdgate::stampede
