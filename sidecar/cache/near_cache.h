// NearCache: values of hot keys in the sidecar's own memory, shared by all loops, coherent with Redis. No I/O in here:
// the owner of the tracked connection fills it and says what is void; sessions look things up.
//
// A value comes in by a fill: Reserve, read the key on the tracked connection (the one that also receives the
// invalidations), Publish. A publishing counts only while its reservation stands, so a value that was overtaken by an
// invalidation, a write of this pod or the loss of the connection never gets in.
//
// What callers must do, or values are wrong. The property test checks each rule, and that leaving it out is noticed
// (tests/property/near_cache_model_test.cc).
//  1. Reserve before the fill is sent. Fill on the tracked connection only, and process replies and pushes in the
//     order in which that connection brought them; pushes of one read batch may be processed ahead of its replies.
//     (Of a pair of connections that nothing orders, upstream/tracking/broadcast_lane.h says why Reserve is enough.)
//  2. Each push: Invalidate(key, now). A null push, and FLUSHALL, FLUSHDB and SWAPDB of this pod: DropAll.
//  3. The tracked connection is lost or not to be trusted: NewEpoch, before it is used again. Nothing that it brought
//     may be published after that.
//  4. A write of this pod: Drop(key, kOwnWrite) for each key when it is sent, and again when its reply is here, before
//     the app sees the reply. The second one is what gives the pod its own writes back: a fill that read the old value
//     before the write may have been published since the first, or may come later, its reservation gone. Where the
//     fate of a write is not known (its connection died), Drop too. The Drop at send only makes others see it earlier.
//     DropAll at send and at reply for commands that change all keys. A write whose keys aren't known: a PING on the
//     tracked connection after its reply, and the app's reply once that PING is answered.
//  5. A session must not be answered from here while an earlier command of its own that may touch the key is
//     unanswered (PendingKeys): its pipelined read would not see its own write, or would go back behind its own read.
//  6. A session that reads a key past the cache (a miss that went upstream): Witness(key, value) before the app sees
//     it, or the session's next read may be answered with an older value that a fill brought meanwhile.
//  7. Serve kStale only where a policy allows it; serve anything only to those whom the upstream would let read the
//  key. kGrace, and what is past its expiry, only as expired_for says, and only while somebody computes the new value.
//
// A value that ran out in Redis is no news that it is wrong: it is kept as stale when that is all that a push, or a nil
// that another connection read, can mean. Neither says why the key is gone, so the time decides: from expired_by on it
// ran out. A DEL shortly before is dropped as ever, unless the push was under way longer than expired_by allows for
// (pipeline/fill_lifetime.h); what is shown then was right so long before the expiry. Only the first such push is the
// expiry's: a second one means that the key was written since. A DEL of a key that has run out is pushed by nobody, so
// no cache can know of it.
//
// Threads: any, for everything; each call takes one shard's mutex (NewEpoch and DropAll: one after the other) and never
// blocks on anything else. What one call changed every later call sees.
// A hit allocates nothing and moves nothing. `now` is the caller's clock, read in this loop turn.
// Bounds: entries with their overhead (at most 96 bytes beyond key and value), tables and ghosts never exceed max_bytes
// between two calls. Not counted: values that readers still hold after their eviction, and, while a shard's table
// grows, its old copy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/cache/near_types.h"
#include "sidecar/cache/shard.h"

namespace herdgate::cache {

// Up to here copying a value costs less than a hold, whose count two loops would pass to and fro.
inline constexpr std::size_t kCopyBytes = 4096;

struct NearCacheOptions {
  // Bytes of all entries with keys, values and overhead. REQUIRES >= 64 KiB. More when values are evicted by capacity.
  std::size_t max_bytes = 64U << 20U;
  // Longer values are never kept. REQUIRES <= 1 GiB. Less when few large values push out many small ones.
  std::size_t max_value_bytes = 64U << 10U;
  // Independent parts; a power of two. Fewer are used where a part would hold less than eight of the longest values.
  std::size_t shards = 16;
  // Fills under way at once, over all shards.
  std::size_t max_reservations = 4096;
  // Random for each process, so that nobody can choose keys that collide.
  std::uint64_t seed = 0;
};

class HitCurves;

class NearCache {
 public:
  explicit NearCache(const NearCacheOptions& options);
  NearCache(const NearCache&) = delete;
  NearCache& operator=(const NearCache&) = delete;

  // Who is told what is kept and what goes; outlives this. Before any thread uses it.
  void SetCurves(HitCurves* curves) { curves_ = curves; }

  // Keys are physical: with their version, as the upstream knows them.
  HashedKey Hash(std::string_view key) const { return Hashed(key, options_.seed); }

  // Calls `use(const Sight&)` if there is something, with the shard's mutex held: it copies what is short, holds what
  // is long (kCopyBytes), and neither blocks nor calls the cache. Sessions look through their loop's NearReader, which
  // counts.
  template <typename Use>
  Freshness Look(const HashedKey& key, base::SteadyTime now, Use&& use) {
    return Of(key).Look(key, FloorMilliseconds(now), std::forward<Use>(use));
  }
  Found Lookup(const HashedKey& key, base::SteadyTime now) {
    Found found;
    found.freshness = Look(key, now, [&found](const Sight& sight) {
      found.value = sight.Hold();
      found.age = sight.age();
      found.fresh_for = sight.fresh_for();
      if (sight.freshness == Freshness::kFresh) return;
      found.expired_for = sight.expired_for();
      found.surely_expired = sight.surely_expired();
    });
    return found;
  }
  // Refused (false) while another fill of the key is under way: one a pod.
  Reservation Reserve(const HashedKey& key) { return Of(key).Reserve(key); }
  // Ends the reservation. An older value of the key is replaced in place.
  PublishResult Publish(const HashedKey& key, Reservation reservation, const Value& value, const Lifetime& lifetime);
  // The fill failed or brought no string.
  void Cancel(const HashedKey& key, Reservation reservation) { Of(key).Cancel(key, reservation); }

  // Removes the entry, fresh or stale, and the reservation.
  void Drop(const HashedKey& key, EvictionReason reason) {
    Of(key).Drop(key, reason);
    if (curves_ != nullptr) TellDropped(key);
  }
  // A push: as Drop(kInvalidated), but a value that ran out stays as stale.
  void Invalidate(const HashedKey& key, base::SteadyTime now) {
    Of(key).Invalidate(key, FloorMilliseconds(now));
    if (curves_ != nullptr) TellDropped(key);
  }
  // An operator's word: what is here of the key is stale from now on and expires as it would; its reservation ends.
  void MakeStale(const HashedKey& key) { Of(key).MakeStale(key); }
  // The same (kStale), or Drop(kInvalidated), of each key of which `chosen` says yes; how many there were. No fill
  // under way is published. `chosen` runs without a mutex. Each shard's mutex is held for some 20 ns an entry.
  enum class Removal : std::uint8_t { kDrop, kStale };
  std::size_t RemoveWhere(const std::function<bool(std::string_view)>& chosen, Removal removal);
  // Another connection read `value`: an entry that differs goes, and so will a fill under way that brings another one.
  // A value that ran out stays as stale for a nil.
  void Witness(const HashedKey& key, const Value& value, base::SteadyTime now) {
    Of(key).Witness(key, value, FloorMilliseconds(now));
  }

  // What was published is stale from now on, and has expired for nobody; no reservation stands.
  void NewEpoch(EpochReason reason) { Turn(reason, false); }
  // What was published is gone, not even stale, and no reservation stands. Constant time; the memory comes back with
  // the next publishings, look-ups and Reclaims.
  void DropAll(EpochReason reason) { Turn(reason, true); }

  // Frees entries that are past their last deadline or were dropped: looks at the next `slots` places of each shard's
  // table. Call it from a timer of one loop; a few hundred slots ten times a second go round in seconds.
  void Reclaim(base::SteadyTime now, std::size_t slots);

  NearCacheStats Stats() const;
  const NearCacheOptions& options() const { return options_; }
  std::size_t shards() const { return shards_.size(); }

 private:
  Shard& Of(const HashedKey& key) { return *shards_[static_cast<std::size_t>(key.hash >> 40U) & shard_mask_]; }
  void Turn(EpochReason reason, bool drops);
  void TellDropped(const HashedKey& key);

  const NearCacheOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::size_t shard_mask_ = 0;
  HitCurves* curves_ = nullptr;
  mutable std::mutex epoch_mutex_;  // guards the two below; taken before a shard's
  std::uint32_t epoch_ = 0;
  std::array<std::uint64_t, kEpochReasons> epochs_{};
};

}  // namespace herdgate::cache
