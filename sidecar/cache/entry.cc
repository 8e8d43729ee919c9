#include "sidecar/cache/entry.h"

#include <cstring>
#include <limits>
#include <new>

namespace herdgate::cache {
namespace {

std::uint32_t Clamped(Milliseconds from, Milliseconds to) {
  const Milliseconds most = std::numeric_limits<std::uint32_t>::max();
  return to <= from ? 0U : static_cast<std::uint32_t>(std::min(to - from, most));
}

}  // namespace

Entry::Entry(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch)
    : hash_(static_cast<std::uint32_t>(key.hash)),
      epoch_(epoch),
      value_size_(static_cast<std::uint32_t>(value.bytes.size()) | (value.nil ? kNil : 0U) |
                  (value.persistent ? kPersistent : 0U)),
      key_size_(static_cast<std::uint16_t>(key.text.size())) {
  const Milliseconds fresh = FloorMilliseconds(lifetime.fresh_until);
  fresh_low_ = static_cast<std::uint32_t>(fresh);
  fresh_high_ = static_cast<std::uint8_t>(fresh >> 32U);
  fresh_for_ = Clamped(FloorMilliseconds(lifetime.now), fresh);
  stale_for_ = Clamped(fresh, FloorMilliseconds(lifetime.stale_until));
}

Entry* Entry::Make(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch) {
  void* const memory = ::operator new(sizeof(Entry) + key.text.size() + value.bytes.size());
  auto* const entry = new (memory) Entry(key, value, lifetime, epoch);
  char* const text = static_cast<char*>(memory) + sizeof(Entry);
  if (!key.text.empty()) std::memcpy(text, key.text.data(), key.text.size());
  if (!value.bytes.empty()) std::memcpy(text + key.text.size(), value.bytes.data(), value.bytes.size());
  return entry;
}

void Entry::Free() {
  this->~Entry();
  ::operator delete(static_cast<void*>(this));
}

}  // namespace herdgate::cache
