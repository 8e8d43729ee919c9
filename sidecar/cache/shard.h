// Shard: one part of the near cache: the entries and reservations of its keys, behind one mutex.
//
// What the operations mean is said in near_cache.h.
// Threads: any; one leaf mutex, held for a look-up with what its caller does with the value, or for a change of links.
// Values are made and freed outside it, but for an entry that a look-up finds dead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "sidecar/cache/entry.h"
#include "sidecar/cache/entry_index.h"
#include "sidecar/cache/near_types.h"
#include "sidecar/cache/s3_fifo.h"
#include "sidecar/cache/spin_mutex.h"
#include "sidecar/metrics/cell.h"

namespace herdgate::cache {

class alignas(metrics::kCacheLine) Shard {
 public:
  struct Limits {
    std::size_t bytes;
    std::size_t value_bytes;
    std::size_t reservations;
  };

  explicit Shard(const Limits& limits) : limits_(limits), fifo_(limits.bytes / 10) {}
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  // Calls `use(Sight)` with the mutex held if there is something.
  template <typename Use>
  Freshness Look(const HashedKey& key, Milliseconds now, Use&& use) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = index_.Find(key);
    if (entry == nullptr) return Freshness::kAbsent;
    Freshness freshness = Freshness::kFresh;
    if (entry->stamp() != epoch_ || now >= entry->fresh_until()) {
      if (IsDead(*entry, now)) {
        Bury(*entry);
        return Freshness::kAbsent;
      }
      freshness = now < entry->stale_until() ? Freshness::kStale : Freshness::kGrace;
    }
    entry->Bump();
    use(Sight{freshness, *entry, now, epoch_});
    return freshness;
  }
  Reservation Reserve(const HashedKey& key);
  PublishResult Publish(const HashedKey& key, Reservation reservation, const Value& value, const Lifetime& lifetime);
  void Cancel(const HashedKey& key, Reservation reservation);
  void Drop(const HashedKey& key, EvictionReason reason);
  void Invalidate(const HashedKey& key, Milliseconds now);
  // What is here of the key is stale from now on; the reservation ends.
  void MakeStale(const HashedKey& key);
  // All that is here, held; no reservation stands. The mutex is held for some 20 ns an entry.
  std::vector<ValueRef> HoldAll();
  void Witness(const HashedKey& key, const Value& value, Milliseconds now);
  // `drops`: what was published before is gone, not stale.
  void SetEpoch(std::uint32_t epoch, bool drops);
  // Frees what is dead in the next `slots` slots of the table.
  void Reclaim(Milliseconds now, std::size_t slots);

  void AddTo(NearCacheStats& stats) const;
  std::size_t bytes() const;

 private:
  // A fill under way, by the hash of its key: two keys of one hash share it, which only costs a fill.
  struct Fill {
    std::uint64_t seq;
    std::uint64_t digest;  // of the value that another connection read since, if witnessed
    bool witnessed;
    bool contradicted;  // others have read two values
  };
  class Doomed;

  bool IsDead(const Entry& entry, Milliseconds now) const {
    if (entry.epoch() < live_epoch_) return true;
    return now >= entry.stale_until() && (entry.epoch() != epoch_ || now >= entry.grace_until());
  }
  // Whether news of now that the key is gone can only mean that it ran out.
  bool RanOut(const Entry& entry, Milliseconds now) const {
    return entry.epoch() == epoch_ && now >= entry.expired_by() && !IsDead(entry, now);
  }
  void KeepAsStale(Entry& entry, bool pushed);
  PublishResult Judge(const HashedKey& key, Reservation reservation, const Value& value, const Lifetime& lifetime);
  void Store(const HashedKey& key, Entry& entry, Milliseconds now, Doomed& doomed);
  // Unlinks the entry; its reference is the caller's to give up.
  void Unlink(Entry& entry, EvictionReason reason);
  bool Fits(const HashedKey& key, const Value& value) const;
  std::size_t UsedBytes() const { return fifo_.entry_bytes() + fifo_.ghost_bytes() + index_.bytes(); }

  void Bury(Entry& entry);

  // A hit writes the mutex's cache line and no other of the shard, so two loops that hit one shard pass on one line.
  mutable SpinMutex mutex_;  // guards all below but the limits
  alignas(metrics::kCacheLine) const Limits limits_;
  EntryIndex index_;
  S3Fifo fifo_;
  std::unordered_map<std::uint64_t, Fill> fills_;
  std::uint64_t last_seq_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint32_t live_epoch_ = 0;  // entries of older epochs are gone
  std::size_t reclaim_slot_ = 0;
  std::uint64_t kept_ = 0;
  std::array<std::uint64_t, kPublishResults> publishes_{};
  std::array<std::uint64_t, kRefusals> refusals_{};
  std::array<std::uint64_t, kEvictionReasons> evictions_{};
};

}  // namespace herdgate::cache
