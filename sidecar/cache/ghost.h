// Ghost: remembers the keys that were evicted lately, by 16 bits of their hash and without their values.
//
// A set-associative table: four marks a set, the oldest makes room. A mark counts while fewer than `capacity` keys came
// after it. It may be wrong: it forgets what its set had no room for, and takes one key in some ten thousand for
// another. Both only cost a place in the wrong queue. Bounded: 4 bytes a mark, at most twice the capacity of marks.
// Threads: with the shard's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace herdgate::cache {

class Ghost {
 public:
  // Makes room for so many keys. Growing forgets all; it happens each time the number has doubled. Never shrinks.
  void Fit(std::size_t capacity);
  // Does nothing before the first Fit.
  void Insert(std::uint32_t hash);
  // Whether it was there; forgets it.
  bool Take(std::uint32_t hash);

  std::size_t capacity() const { return capacity_; }
  std::size_t bytes() const { return marks_.size() * sizeof(Mark); }

 private:
  struct Mark {
    std::uint16_t print = 0;
    std::uint16_t stamp = 0;  // 0: empty
  };
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kStampsPerCapacity = 64;  // how finely a mark's age is known

  Mark* SetOf(std::uint32_t hash) {
    return marks_.data() + (std::uint64_t{hash} * (marks_.size() / kWays) >> 32U) * kWays;
  }
  // In units of capacity / 64; a stamp that has gone round looks young again, which the sets' turnover makes rare.
  std::uint16_t AgeOf(const Mark& mark) const { return static_cast<std::uint16_t>(stamp_ - mark.stamp); }
  void Advance();

  std::vector<Mark> marks_;
  std::size_t capacity_ = 0;
  std::size_t since_stamp_ = 0;  // keys inserted since the stamp went up
  std::uint16_t stamp_ = 1;
};

}  // namespace herdgate::cache
