#include "sidecar/stampede/shadow_memory.h"

#include <algorithm>
#include <utility>

namespace herdgate::stampede {

std::optional<OldValue> ShadowMemory::Find(std::uint64_t key, base::SteadyTime now) {
  const Item* const item = items_.Find(key);
  if (item == nullptr) return std::nullopt;
  if (now < item->until) return item->old;
  Forget(key);
  return std::nullopt;
}

void ShadowMemory::Put(std::uint64_t key, OldValue old, base::SteadyTime until, base::SteadyTime now) {
  Forget(key);
  const Item item{.old = std::move(old), .until = std::min(until, now + kMostTime)};
  if (BytesOf(item) > kMostBytes) return;
  while (items_.size() > 0 && (items_.full() || bytes_ + BytesOf(item) > kMostBytes)) Forget(items_.Oldest().first);
  bytes_ += BytesOf(item);
  items_.Put(key, item);
}

// By value: the item that holds the key may be the one that goes.
void ShadowMemory::Forget(const std::uint64_t key) {
  const Item* const item = items_.Find(key);
  if (item == nullptr) return;
  bytes_ -= BytesOf(*item);
  items_.Erase(key);
}

void ShadowMemory::ForgetAll() {
  while (items_.size() > 0) Forget(items_.Oldest().first);
}

}  // namespace herdgate::stampede
