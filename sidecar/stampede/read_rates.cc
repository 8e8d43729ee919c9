#include "sidecar/stampede/read_rates.h"

namespace herdgate::stampede {

void ReadRates::Turn(Slot& slot, std::int64_t window) {
  if (slot.window == window) return;
  slot.before = slot.window == window - 1 ? slot.count : 0;
  slot.count = 0;
  slot.window = window;
}

double ReadRates::Touch(std::uint64_t key, base::SteadyTime now) {
  const auto since = std::chrono::nanoseconds(now.time_since_epoch());
  const std::int64_t window = since / kWindow;
  Slot* const set = &slots_[static_cast<std::size_t>(key >> 32U) % kSets * kWays];
  Slot* slot = set;
  for (std::size_t way = 0; way < kWays; ++way) {
    Turn(set[way], window);
    if (set[way].key == key) {
      slot = &set[way];
      break;
    }
    if (set[way].count + set[way].before < slot->count + slot->before) slot = &set[way];
  }
  if (slot->key != key) *slot = {.key = key, .window = window};
  ++slot->count;
  const auto elapsed =
      static_cast<double>((since % kWindow).count()) / static_cast<double>(std::chrono::nanoseconds(kWindow).count());
  const double reads = slot->count + slot->before * (1 - elapsed);
  return reads / static_cast<double>(kWindow.count());
}

}  // namespace herdgate::stampede
