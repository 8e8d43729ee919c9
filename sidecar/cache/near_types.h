// The words of the near cache: what a look-up found, what became of a publishing, why an entry left, why an epoch
// began.
//
// Threads: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sidecar/cache/entry.h"

namespace herdgate::cache {

enum class Freshness : std::uint8_t {
  kAbsent,
  kFresh,
  kStale,  // past fresh_until, or of an older epoch, or run out; to be served only where a policy allows stale values
  kGrace,  // past stale_until too: kept only for those who ask how long it has expired for
};
inline constexpr std::size_t kFreshnesses = 4;

// What a look-up sees while it lasts. The bytes are valid only then; Hold keeps them for longer.
struct Sight {
  Freshness freshness;
  Entry& entry;
  Milliseconds now;
  std::uint32_t epoch;  // the cache's

  bool nil() const { return entry.nil(); }
  bool persistent() const { return entry.persistent(); }  // Redis said that the key has no expiry
  std::string_view bytes() const { return entry.bytes(); }
  ValueRef Hold() const { return ValueRef(entry); }
  std::chrono::milliseconds age() const {  // since it was published
    return std::chrono::milliseconds(now - std::min(now, entry.published_at()));
  }
  std::chrono::milliseconds fresh_for() const {  // from now on; 0 unless fresh
    return std::chrono::milliseconds(freshness == Freshness::kFresh ? entry.fresh_until() - now : 0);
  }
  // How long ago Redis let the key run out, at most; nothing if it hasn't, if that is not known, or if the connection
  // was lost since the value was read, as it may have been deleted then.
  std::optional<std::chrono::milliseconds> expired_for() const {
    const auto expired = freshness == Freshness::kFresh ? std::nullopt : entry.ExpiredFor(epoch, now);
    if (!expired) return std::nullopt;
    return std::chrono::milliseconds(*expired);
  }
  // Whether all clocks agree that it has expired: until then news that the key is gone removes the value.
  bool surely_expired() const { return now >= entry.expired_by(); }
};

// The same with a hold on the value.
struct Found {
  Freshness freshness = Freshness::kAbsent;
  ValueRef value;  // holds something unless absent
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds fresh_for{0};
  std::optional<std::chrono::milliseconds> expired_for{};
  bool surely_expired = false;
};

// The right to publish one fill. It stands until it is published, cancelled, or removed by an invalidation of its key
// or by a new epoch.
struct Reservation {
  std::uint64_t seq = 0;
  std::uint32_t epoch = 0;

  explicit operator bool() const { return seq != 0; }
};

enum class PublishResult : std::uint8_t {
  kPublished,
  kInvalidated,   // the reservation doesn't stand: the key was invalidated or written since
  kEpochChanged,  // the connection that read the value was lost since, or everything was dropped
  kContradicted,  // another connection read another value meanwhile
  kTooLarge,
  kExpired,  // fresh_until has passed
};
inline constexpr std::size_t kPublishResults = 6;

enum class Refusal : std::uint8_t {
  kBusy,  // a fill of that key is under way
  kFull,  // max_reservations
  kKeyTooLong,
};
inline constexpr std::size_t kRefusals = 3;

enum class EvictionReason : std::uint8_t {
  kCapacity,
  kInvalidated,   // a push said so
  kOwnWrite,      // a command of this pod's apps wrote it
  kContradicted,  // another connection read another value
  kEpoch,         // DropAll
  kExpired,       // stale_until has passed, and the grace
};
inline constexpr std::size_t kEvictionReasons = 6;

enum class EpochReason : std::uint8_t {
  kConnectionLost,
  kProtocol,     // the tracked connection answered what it must not
  kTrackingOff,  // the upstream says that it doesn't track
  kTimeout,      // no answer to PING in time
  kCanary,       // a push that had to come did not
  kFlush,        // FLUSHALL, FLUSHDB, a null push
  kSwapDb,
  kConfiguration,  // identity, policies or upstream changed
  kOperator,
};
inline constexpr std::size_t kEpochReasons = 9;

// Added up over all shards at one moment, shard after shard.
struct NearCacheStats {
  std::size_t entries = 0;
  std::size_t bytes = 0;  // entries, tables and ghosts
  std::size_t reservations = 0;
  std::uint64_t kept = 0;  // values that stayed as stale when their keys ran out
  std::array<std::uint64_t, kPublishResults> publishes{};
  std::array<std::uint64_t, kRefusals> refusals{};
  std::array<std::uint64_t, kEvictionReasons> evictions{};
  std::array<std::uint64_t, kEpochReasons> epochs{};
};

}  // namespace herdgate::cache
