#include "sidecar/cache/entry.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>

namespace herdgate::cache {
namespace {

std::uint32_t Clamped(Milliseconds from, Milliseconds to) {
  const Milliseconds most = std::numeric_limits<std::uint32_t>::max();
  return to <= from ? 0U : static_cast<std::uint32_t>(std::min(to - from, most));
}

// kNever has nothing above it.
Milliseconds CeilMilliseconds(base::SteadyTime time) {
  const Milliseconds floor = FloorMilliseconds(time);
  return time == kNever || base::SteadyTime(std::chrono::milliseconds(floor)) >= time ? floor : floor + 1;
}

}  // namespace

Entry::Entry(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch)
    : hash_(static_cast<std::uint32_t>(key.hash)),
      stamp_(epoch & kEpochMask),
      value_size_(static_cast<std::uint32_t>(value.bytes.size()) | (value.nil ? kNil : 0U) |
                  (value.persistent ? kPersistent : 0U)),
      key_size_(static_cast<std::uint16_t>(key.text.size())) {
  const Milliseconds fresh = FloorMilliseconds(lifetime.fresh_until);
  fresh_low_ = static_cast<std::uint32_t>(fresh);
  fresh_high_ = static_cast<std::uint8_t>(fresh >> 32U);
  fresh_for_ = Clamped(FloorMilliseconds(lifetime.now), fresh);
  stale_for_ = Clamped(fresh, FloorMilliseconds(lifetime.stale_until));
  SetExpiry(lifetime);
}

void Entry::SetExpiry(const Lifetime& lifetime) {
  const Milliseconds expires = FloorMilliseconds(lifetime.expires_at);
  const std::uint32_t expires_for = Clamped(fresh_until(), expires);
  if (expires_for >= kMaxExpiry) return;
  const std::uint32_t doubt = std::min(Clamped(expires, CeilMilliseconds(lifetime.expired_by)), kMaxDoubt);
  expiry_ = expires_for << kDoubtBits | doubt;
  constexpr std::int64_t kMostGrace = 1 << 27;  // 37 hours: what the bits hold
  const auto grace = static_cast<std::uint32_t>(std::clamp<std::int64_t>(lifetime.grace.count(), 0, kMostGrace - 1));
  const auto width = static_cast<unsigned>(std::bit_width(grace));
  const unsigned shift = width > kGraceBits ? width - kGraceBits : 0;
  grace_ = static_cast<std::uint16_t>(shift << kGraceBits | grace >> shift);
}

std::optional<Milliseconds> Entry::ExpiredFor(std::uint32_t epoch, Milliseconds now) const {
  if (this->epoch() != epoch || now < expires_at()) return std::nullopt;
  return now - expires_at();
}

Entry* Entry::Make(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch) {
  const std::size_t size = kHeadBytes + key.text.size() + value.bytes.size();
  void* const memory = ::operator new(std::max(size, sizeof(Entry)));
  auto* const entry = new (memory) Entry(key, value, lifetime, epoch);
  assert(entry->text() == reinterpret_cast<const char*>(&entry->queue_) + 1);
  char* const text = static_cast<char*>(memory) + kHeadBytes;
  if (!key.text.empty()) std::memcpy(text, key.text.data(), key.text.size());
  if (!value.bytes.empty()) std::memcpy(text + key.text.size(), value.bytes.data(), value.bytes.size());
  return entry;
}

void Entry::Free() {
  this->~Entry();
  ::operator delete(static_cast<void*>(this));
}

}  // namespace herdgate::cache
