#include "sidecar/cache/ghost.h"

#include <algorithm>
#include <bit>
#include <span>

namespace herdgate::cache {
namespace {

constexpr std::size_t kLeast = 64;

}  // namespace

void Ghost::Fit(std::size_t capacity) {
  if (capacity <= capacity_) return;
  capacity_ = std::bit_ceil(std::max(capacity, kLeast));
  marks_.assign(capacity_, Mark{});
  marks_.shrink_to_fit();
  since_stamp_ = 0;
}

void Ghost::Insert(std::uint32_t hash) {
  if (marks_.empty()) return;
  Mark* const set = SetOf(hash);
  Mark* place = set;
  for (Mark& mark : std::span(set, kWays)) {
    if (mark.stamp == 0 || mark.print == static_cast<std::uint16_t>(hash)) {
      place = &mark;
      break;
    }
    if (AgeOf(mark) > AgeOf(*place)) place = &mark;
  }
  *place = {static_cast<std::uint16_t>(hash), stamp_};
  Advance();
}

bool Ghost::Take(std::uint32_t hash) {
  if (marks_.empty()) return false;
  for (Mark& mark : std::span(SetOf(hash), kWays)) {
    if (mark.stamp == 0 || mark.print != static_cast<std::uint16_t>(hash)) continue;
    const bool counts = AgeOf(mark) < kStampsPerCapacity;
    mark = {};
    return counts;
  }
  return false;
}

void Ghost::Advance() {
  if (++since_stamp_ < capacity_ / kStampsPerCapacity) return;
  since_stamp_ = 0;
  if (++stamp_ == 0) stamp_ = 1;
}

}  // namespace herdgate::cache
