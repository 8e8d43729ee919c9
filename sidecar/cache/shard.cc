#include "sidecar/cache/shard.h"

#include <algorithm>

namespace herdgate::cache {
namespace {

template <typename Enum>
constexpr std::size_t At(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

// Entries that left the shard while its mutex was held; freed when the mutex isn't.
class Shard::Doomed {
 public:
  Doomed() = default;
  Doomed(const Doomed&) = delete;
  Doomed& operator=(const Doomed&) = delete;
  ~Doomed() {
    while (first_ != nullptr) {
      Entry* const entry = first_;
      first_ = entry->newer;
      entry->Release();
    }
  }
  void Add(Entry& entry) {
    entry.newer = first_;
    first_ = &entry;
  }

 private:
  Entry* first_ = nullptr;
};

Shard::~Shard() {
  for (std::size_t slot = 0; slot < index_.slots(); ++slot) {
    if (index_.at(slot) != nullptr) index_.at(slot)->Release();
  }
}

void Shard::Bury(Entry& entry) {
  Unlink(entry, entry.epoch() < live_epoch_ ? EvictionReason::kEpoch : EvictionReason::kExpired);
  entry.Release();
}

Reservation Shard::Reserve(const HashedKey& key) {
  const std::lock_guard lock(mutex_);
  Refusal refusal = Refusal::kBusy;
  if (key.text.size() > Entry::kMaxKeyBytes) {
    refusal = Refusal::kKeyTooLong;
  } else if (fills_.size() >= limits_.reservations) {
    refusal = Refusal::kFull;
  } else if (fills_.try_emplace(key.hash, Fill{last_seq_ + 1, 0, false, false}).second) {
    return {++last_seq_, epoch_};
  }
  ++refusals_[At(refusal)];
  return {};
}

PublishResult Shard::Publish(const HashedKey& key, Reservation reservation, const Value& value,
                             const Lifetime& lifetime) {
  Doomed doomed;  // outlives the lock
  Entry* const entry = Fits(key, value) ? Entry::Make(key, value, lifetime, reservation.epoch) : nullptr;
  const std::lock_guard lock(mutex_);
  const PublishResult result = Judge(key, reservation, value, lifetime);
  ++publishes_[At(result)];
  if (result == PublishResult::kPublished && entry != nullptr) {  // one that fits was made
    Store(key, *entry, FloorMilliseconds(lifetime.now), doomed);
  } else if (entry != nullptr) {
    doomed.Add(*entry);
  }
  return result;
}

bool Shard::Fits(const HashedKey& key, const Value& value) const {
  return key.text.size() <= Entry::kMaxKeyBytes && value.bytes.size() <= limits_.value_bytes &&
         Entry::BytesFor(key.text.size(), value.bytes.size()) <= limits_.bytes / 4;
}

// The reservation ends here, whatever comes of it.
PublishResult Shard::Judge(const HashedKey& key, Reservation reservation, const Value& value,
                           const Lifetime& lifetime) {
  if (reservation.epoch != epoch_) return PublishResult::kEpochChanged;
  const auto found = fills_.find(key.hash);
  if (found == fills_.end() || found->second.seq != reservation.seq) return PublishResult::kInvalidated;
  const Fill fill = found->second;
  fills_.erase(found);
  if (fill.contradicted) return PublishResult::kContradicted;
  if (fill.witnessed && fill.digest != DigestOf(value.nil, value.bytes)) return PublishResult::kContradicted;
  if (!Fits(key, value)) return PublishResult::kTooLarge;
  return lifetime.now < lifetime.fresh_until ? PublishResult::kPublished : PublishResult::kExpired;
}

void Shard::Store(const HashedKey& key, Entry& entry, Milliseconds now, Doomed& doomed) {
  Entry* const old = index_.Find(key);
  if (old != nullptr) {
    fifo_.Replace(*old, entry);
    index_.Replace(*old, entry);
    doomed.Add(*old);
  } else {
    fifo_.Insert(entry);
    index_.Insert(entry);
  }
  while (UsedBytes() > limits_.bytes) {
    Entry* const leaver = fifo_.Evict([&](const Entry& candidate) { return IsDead(candidate, now); });
    if (leaver == nullptr) return;
    index_.Erase(*leaver);
    const EvictionReason reason = leaver->epoch() < live_epoch_ ? EvictionReason::kEpoch : EvictionReason::kCapacity;
    ++evictions_[At(reason)];
    doomed.Add(*leaver);
  }
}

void Shard::Cancel(const HashedKey& key, Reservation reservation) {
  const std::lock_guard lock(mutex_);
  const auto found = fills_.find(key.hash);
  if (found != fills_.end() && reservation.epoch == epoch_ && found->second.seq == reservation.seq) fills_.erase(found);
}

void Shard::Drop(const HashedKey& key, EvictionReason reason) {
  Doomed doomed;
  const std::lock_guard lock(mutex_);
  if (!fills_.empty()) fills_.erase(key.hash);
  Entry* const entry = index_.Find(key);
  if (entry == nullptr) return;
  Unlink(*entry, reason);
  doomed.Add(*entry);
}

void Shard::Invalidate(const HashedKey& key, Milliseconds now) {
  Doomed doomed;
  const std::lock_guard lock(mutex_);
  if (!fills_.empty()) fills_.erase(key.hash);
  Entry* const entry = index_.Find(key);
  if (entry == nullptr) return;
  if (!entry->pushed() && RanOut(*entry, now)) return KeepAsStale(*entry, true);
  Unlink(*entry, EvictionReason::kInvalidated);
  doomed.Add(*entry);
}

void Shard::MakeStale(const HashedKey& key) {
  const std::lock_guard lock(mutex_);
  if (!fills_.empty()) fills_.erase(key.hash);
  // As one that ran out and was pushed: never fresh again, and gone with the next push.
  if (Entry* const entry = index_.Find(key); entry != nullptr) entry->NoteExpiry(true);
}

std::vector<ValueRef> Shard::HoldAll() {
  const std::lock_guard lock(mutex_);
  fills_.clear();
  std::vector<ValueRef> held;
  held.reserve(index_.size());
  for (std::size_t slot = 0; slot < index_.slots(); ++slot) {
    if (Entry* const entry = index_.at(slot); entry != nullptr) held.emplace_back(*entry);
  }
  return held;
}

void Shard::KeepAsStale(Entry& entry, bool pushed) {
  if (!entry.ran_out()) ++kept_;
  entry.NoteExpiry(pushed);
}

void Shard::Witness(const HashedKey& key, const Value& value, Milliseconds now) {
  Doomed doomed;
  const std::lock_guard lock(mutex_);
  const auto found = fills_.empty() ? fills_.end() : fills_.find(key.hash);
  if (found != fills_.end()) {
    Fill& fill = found->second;
    const std::uint64_t digest = DigestOf(value.nil, value.bytes);
    fill.contradicted = fill.contradicted || (fill.witnessed && fill.digest != digest);
    fill.witnessed = true;
    fill.digest = digest;
  }
  Entry* const entry = index_.Find(key);
  if (entry == nullptr || (entry->nil() == value.nil && entry->bytes() == value.bytes)) return;
  if (value.nil && RanOut(*entry, now)) return KeepAsStale(*entry, false);
  Unlink(*entry, EvictionReason::kContradicted);
  doomed.Add(*entry);
}

void Shard::SetEpoch(std::uint32_t epoch, bool drops) {
  const std::lock_guard lock(mutex_);
  epoch_ = epoch;
  if (drops) live_epoch_ = epoch;
  fills_.clear();
}

void Shard::Reclaim(Milliseconds now, std::size_t slots) {
  Doomed doomed;
  const std::lock_guard lock(mutex_);
  for (std::size_t n = std::min(slots, index_.slots()); n > 0; --n) {
    if (reclaim_slot_ >= index_.slots()) reclaim_slot_ = 0;
    Entry* const entry = index_.at(reclaim_slot_);
    if (entry == nullptr || !IsDead(*entry, now)) {
      ++reclaim_slot_;
      continue;
    }
    // Another entry may have moved into the slot: it is looked at again.
    Unlink(*entry, entry->epoch() < live_epoch_ ? EvictionReason::kEpoch : EvictionReason::kExpired);
    doomed.Add(*entry);
  }
}

void Shard::Unlink(Entry& entry, EvictionReason reason) {
  index_.Erase(entry);
  fifo_.Remove(entry);
  ++evictions_[At(reason)];
}

void Shard::AddTo(NearCacheStats& stats) const {
  const auto add = [](auto& sums, const auto& own) {
    for (std::size_t i = 0; i < own.size(); ++i) sums[i] += own[i];
  };
  const std::lock_guard lock(mutex_);
  stats.entries += index_.size();
  stats.bytes += UsedBytes();
  stats.reservations += fills_.size();
  stats.kept += kept_;
  add(stats.publishes, publishes_);
  add(stats.refusals, refusals_);
  add(stats.evictions, evictions_);
}

std::size_t Shard::bytes() const {
  const std::lock_guard lock(mutex_);
  return UsedBytes();
}

}  // namespace herdgate::cache
