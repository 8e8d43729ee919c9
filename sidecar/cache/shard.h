// Shard: one part of the near cache: the entries and reservations of its keys, behind one mutex.
//
// What the operations mean is said in near_cache.h.
// Threads: any; one leaf mutex, held for a look-up or a change of links. Values are copied and freed outside it, but
// for an entry that a look-up finds dead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "sidecar/cache/entry.h"
#include "sidecar/cache/entry_index.h"
#include "sidecar/cache/near_types.h"
#include "sidecar/cache/s3_fifo.h"
#include "sidecar/cache/spin_mutex.h"
#include "sidecar/metrics/buckets.h"
#include "sidecar/metrics/cell.h"

namespace herdgate::cache {

// Entry ages when they answer: near_ttl is seconds, 60 at most; stale values may be hours old.
inline constexpr metrics::BucketLayout kAgeBuckets = metrics::BucketLayout::Seconds(
    {std::chrono::milliseconds(5), std::chrono::milliseconds(20), std::chrono::milliseconds(100),
     std::chrono::milliseconds(500), std::chrono::milliseconds(1500), std::chrono::milliseconds(5500),
     std::chrono::milliseconds(15500), std::chrono::milliseconds(60500), std::chrono::milliseconds(600500),
     std::chrono::milliseconds(3600500)});

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

  Found Lookup(const HashedKey& key, Milliseconds now);
  Reservation Reserve(const HashedKey& key);
  PublishResult Publish(const HashedKey& key, Reservation reservation, const Value& value, const Lifetime& lifetime);
  void Cancel(const HashedKey& key, Reservation reservation);
  void Drop(const HashedKey& key, EvictionReason reason);
  void Witness(const HashedKey& key, const Value& value);
  // `drops`: what was published before is gone, not stale.
  void SetEpoch(std::uint32_t epoch, bool drops);
  // Frees what is dead in the next `slots` slots of the table.
  void Reclaim(Milliseconds now, std::size_t slots);

  void AddTo(NearCacheStats& stats) const;
  std::size_t bytes() const;
  const metrics::Histogram& hit_age() const { return hit_age_; }

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
    return entry.epoch() < live_epoch_ || now >= entry.stale_until();
  }
  PublishResult Judge(const HashedKey& key, Reservation reservation, const Value& value, const Lifetime& lifetime);
  void Store(const HashedKey& key, Entry& entry, Milliseconds now, Doomed& doomed);
  // Unlinks the entry; its reference is the caller's to give up.
  void Unlink(Entry& entry, EvictionReason reason);
  bool Fits(const HashedKey& key, const Value& value) const;
  std::size_t UsedBytes() const { return fifo_.entry_bytes() + fifo_.ghost_bytes() + index_.bytes(); }

  const Limits limits_;
  mutable SpinMutex mutex_;  // guards all below
  EntryIndex index_;
  S3Fifo fifo_;
  std::unordered_map<std::uint64_t, Fill> fills_;
  std::uint64_t last_seq_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint32_t live_epoch_ = 0;  // entries of older epochs are gone
  std::size_t reclaim_slot_ = 0;
  std::array<std::uint64_t, kFreshnesses> lookups_{};
  std::array<std::uint64_t, kPublishResults> publishes_{};
  std::array<std::uint64_t, kRefusals> refusals_{};
  std::array<std::uint64_t, kEvictionReasons> evictions_{};
  metrics::Histogram hit_age_{kAgeBuckets};
};

}  // namespace herdgate::cache
