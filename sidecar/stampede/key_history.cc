#include "sidecar/stampede/key_history.h"

#include <algorithm>
#include <limits>

namespace herdgate::stampede {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

std::uint64_t MillisecondsOf(base::SteadyTime time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0));
}

}  // namespace

MissCause CauseOf(const std::optional<KeyFacts>& facts, std::optional<base::SteadyTime> bumped_at,
                  base::SteadyTime now) {
  if (bumped_at && (!facts || facts->set_at < *bumped_at)) return MissCause::kBump;
  if (!facts) return MissCause::kCold;
  if (facts->deleted) return MissCause::kDelete;
  const bool over = facts->lifetime.count() > 0 && now - facts->set_at >= facts->lifetime;
  return over ? MissCause::kExpiry : MissCause::kEviction;
}

KeyHistory::KeyHistory(std::size_t slots) : sets_(slots / kWays), slots_(std::make_unique<Slot[]>(slots)) {}

std::optional<KeyFacts> KeyHistory::Find(std::uint64_t key) const {
  if (key == 0) return std::nullopt;
  const Slot* const set = SetOf(key);
  for (std::size_t way = 0; way < kWays; ++way) {
    const Slot& slot = set[way];
    const std::uint32_t version = slot.version.load(kAcquire);
    // Each field is acquired, so that the version is read again behind them.
    if (slot.key.load(kAcquire) != key || version % 2 != 0) continue;
    const std::uint32_t delta = slot.delta.load(kAcquire);
    const std::uint64_t set_at = slot.set_at.load(kAcquire);
    const std::uint64_t lifetime = slot.lifetime.load(kAcquire);
    if (slot.version.load(kRelaxed) != version) return std::nullopt;
    return KeyFacts{.delta = std::chrono::microseconds(delta),
                    .lifetime = std::chrono::milliseconds(lifetime),
                    .set_at = base::SteadyTime(std::chrono::milliseconds(set_at & ~kDeleted)),
                    .deleted = (set_at & kDeleted) != 0};
  }
  return std::nullopt;
}

void KeyHistory::OnSet(std::uint64_t key, std::chrono::milliseconds lifetime, std::chrono::nanoseconds delta,
                       base::SteadyTime now) {
  if (key == 0) return;
  Slot* const set = SetOf(key);
  Slot* slot = set;
  for (std::size_t way = 0; way < kWays; ++way) {
    if (set[way].key.load(kRelaxed) == key) {
      slot = &set[way];
      break;
    }
    const auto age_of = [](const Slot& s) {
      return s.key.load(kRelaxed) == 0 ? 0 : s.set_at.load(kRelaxed) & ~kDeleted;
    };
    if (age_of(set[way]) < age_of(*slot)) slot = &set[way];
  }
  if (!Begin(*slot)) return;
  const bool known = slot->key.load(kRelaxed) == key;
  slot->key.store(key, kRelease);
  if (!known || delta.count() > 0) {
    const std::int64_t us = std::chrono::ceil<std::chrono::microseconds>(delta).count();
    slot->delta.store(static_cast<std::uint32_t>(std::min<std::int64_t>(us, std::numeric_limits<std::uint32_t>::max())),
                      kRelease);
  }
  slot->lifetime.store(static_cast<std::uint64_t>(std::max<std::int64_t>(lifetime.count(), 0)), kRelease);
  slot->set_at.store(MillisecondsOf(now), kRelease);
  End(*slot);
}

void KeyHistory::OnDeleted(std::uint64_t key) {
  Slot* const set = SetOf(key);
  for (std::size_t way = 0; way < kWays; ++way) {
    Slot& slot = set[way];
    if (slot.key.load(kRelaxed) != key) continue;
    if (!Begin(slot)) return;
    if (slot.key.load(kRelaxed) == key) slot.set_at.store(slot.set_at.load(kRelaxed) | kDeleted, kRelease);
    End(slot);
    return;
  }
}

void KeyHistory::OnLeft(std::uint64_t key, std::chrono::milliseconds left, base::SteadyTime now) {
  constexpr std::chrono::seconds kSame{1};
  const base::SteadyTime ends = now + left;
  const auto facts = Find(key);
  if (facts && !facts->deleted && facts->set_at + facts->lifetime < ends + kSame &&
      ends < facts->set_at + facts->lifetime + kSame)
    return;
  const std::chrono::milliseconds lifetime = std::max(left, facts ? facts->lifetime : std::chrono::milliseconds(0));
  OnSet(key, lifetime, {}, ends - lifetime);
}

// Every store until End is a release, so none is seen before the odd version.
bool KeyHistory::Begin(Slot& slot) {
  std::uint32_t version = slot.version.load(kRelaxed);
  return version % 2 == 0 && slot.version.compare_exchange_strong(version, version + 1, kAcquire, kRelaxed);
}

void KeyHistory::End(Slot& slot) {
  slot.version.store(slot.version.load(kRelaxed) + 1, kRelease);
}

}  // namespace herdgate::stampede
