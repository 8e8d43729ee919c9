#include "sidecar/policy/expiry_peak.h"

namespace herdgate::policy {

void ExpiryPeak::Note(std::int64_t due, std::int64_t now) {
  if (!slots_) slots_ = std::make_unique<std::array<Slot, kSlots>>();
  Slot& slot = (*slots_)[static_cast<std::uint64_t>(due) % kSlots];
  if (slot.second > due && slot.second >= now) return;
  if (slot.second != due) slot = {.second = due, .keys = 0};
  ++slot.keys;
  if (peak_.second < now) {
    peak_ = {};
    for (const Slot& other : *slots_) {
      if (other.second >= now && other.keys > peak_.keys) peak_ = other;
    }
  }
  if (slot.keys > peak_.keys || slot.second == peak_.second) peak_ = slot;
}

}  // namespace herdgate::policy
