// Ring: a queue in one block of memory, for the small records that the data path pushes and pops millions of times.
//
// Threads: one owner. Memory: grows by doubling, gives back by Trim. References are valid until the next Push.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace herdgate::base {

template <typename T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  void Push(T value) {
    if (size_ == capacity_) Resize(capacity_ == 0 ? 16 : capacity_ * 2);
    items_[(head_ + size_++) & (capacity_ - 1)] = std::move(value);
  }
  // REQUIRES: !empty()
  T& Front() { return items_[head_]; }
  // REQUIRES: index < size()
  T& operator[](std::size_t index) { return items_[(head_ + index) & (capacity_ - 1)]; }
  // REQUIRES: !empty()
  T Pop() {
    assert(size_ > 0);
    T value = std::move(items_[head_]);
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
    return value;
  }
  // Gives back memory that is mostly unused.
  void Trim() {
    if (size_ == 0 && capacity_ > 16) {
      items_.reset();
      capacity_ = head_ = 0;
    } else if (capacity_ > 64 && size_ < capacity_ / 8) {
      Resize(capacity_ / 4);
    }
  }

 private:
  void Resize(std::size_t capacity) {
    std::unique_ptr<T[]> items(new T[capacity]);
    for (std::size_t i = 0; i < size_; ++i) items[i] = std::move((*this)[i]);
    items_ = std::move(items);
    capacity_ = capacity;
    head_ = 0;
  }

  std::unique_ptr<T[]> items_;
  std::size_t capacity_ = 0;  // a power of two, or 0
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace herdgate::base
