// IdlePool holds what is free now and hands it out again: the last one first, as client pools do, or the longest idle
// one first. Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

namespace herdgate::bench {

enum class PoolOrder {
  kLifo,
  kFifo,
};

template <typename T>
class IdlePool {
 public:
  explicit IdlePool(PoolOrder order) : order_(order) {}

  void Put(T item) { items_.push_back(item); }
  // Empty: nothing is free.
  std::optional<T> Take() {
    if (items_.empty()) return std::nullopt;
    const T item = order_ == PoolOrder::kLifo ? items_.back() : items_.front();
    if (order_ == PoolOrder::kLifo) {
      items_.pop_back();
    } else {
      items_.pop_front();
    }
    return item;
  }
  // Forgets an item that is gone; nothing happens if it is not free.
  void Remove(const T& item) { items_.erase(std::remove(items_.begin(), items_.end(), item), items_.end()); }
  std::size_t size() const { return items_.size(); }

 private:
  PoolOrder order_;
  std::deque<T> items_;
};

}  // namespace herdgate::bench
