// Entry: one cached key with its value and deadlines, in one allocation, and ValueRef, which keeps it alive for a
// reader.
//
// The head is 54 bytes; the key's and the value's bytes follow it. What a reader may see never changes once the entry
// is made; what the shard changes (links, frequency, stamp) no reader looks at. So a reader needs no lock while it
// writes the value out, and may hold it after the entry was evicted: those bytes are no longer counted. Threads: links,
// frequency, queue and stamp, with the shard's mutex; the rest, any thread that holds a reference. Deadlines are
// milliseconds of the steady clock, rounded down, so that rounding never makes anything live longer; only expired_by is
// rounded up.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "sidecar/base/clock.h"
#include "sidecar/cache/hashed_key.h"

namespace herdgate::cache {

// What a key holds. `persistent`: Redis said that the key has no expiry.
struct Value {
  bool nil = false;
  bool persistent = false;
  std::string_view bytes = {};  // empty if nil
};

inline constexpr base::SteadyTime kNever = base::SteadyTime::max();

// REQUIRES: now <= fresh_until <= stale_until; fresh_until <= expires_at <= expired_by.
struct Lifetime {
  base::SteadyTime now;          // of the publishing
  base::SteadyTime fresh_until;  // after it the value is stale
  base::SteadyTime stale_until;  // after it the value is gone, but for its grace
  // When Redis lets the key run out, from both sides: not before expires_at, from which the grace counts; and what says
  // from expired_by on that the key is gone says that it ran out. kNever: it has no expiry, or none that is known. More
  // than 254 ms apart they are too doubtful: then expired_by counts as kNever. More than 4.6 hours past fresh_until, so
  // does expires_at.
  base::SteadyTime expires_at = kNever;
  base::SteadyTime expired_by = kNever;
  // How long past expires_at it is kept, beyond stale_until if need be. Longer ones than 4 s lose up to 1/2048, and
  // what they have beyond 37 hours.
  std::chrono::milliseconds grace{0};
};

using Milliseconds = std::uint64_t;  // of the steady clock since its epoch
inline constexpr Milliseconds kNoTime = std::numeric_limits<Milliseconds>::max();

inline Milliseconds FloorMilliseconds(base::SteadyTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  return ms < 0 ? 0U : static_cast<Milliseconds>(ms);
}

class Entry {
 public:
  static constexpr std::size_t kMaxKeyBytes = 0xffff;
  static constexpr std::size_t kMaxValueBytes = 0x3fff'ffff;
  static constexpr std::uint8_t kMaxFrequency = 3;

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  // With one reference, the caller's. REQUIRES: key and value within the limits above.
  static Entry* Make(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch);
  // What the allocation of such an entry takes from the heap, malloc's own word and rounding included.
  static constexpr std::size_t BytesFor(std::size_t key_size, std::size_t value_size) {
    return (kHeadBytes + key_size + value_size + kMallocWord + kMallocStep - 1) / kMallocStep * kMallocStep;
  }

  std::string_view key() const { return {text(), key_size_}; }
  std::string_view bytes() const { return {text() + key_size_, value_size_ & kSizeMask}; }
  bool nil() const { return (value_size_ & kNil) != 0; }
  bool persistent() const { return (value_size_ & kPersistent) != 0; }
  std::uint32_t hash() const { return hash_; }  // the low half
  std::uint32_t epoch() const { return stamp_ & kEpochMask; }
  // Its epoch while it may be fresh; equal to no epoch once Redis is known to have let the key run out.
  std::uint32_t stamp() const { return stamp_; }
  std::size_t allocated() const { return BytesFor(key_size_, value_size_ & kSizeMask); }
  Milliseconds fresh_until() const { return Milliseconds{fresh_high_} << 32U | fresh_low_; }
  Milliseconds stale_until() const { return fresh_until() + stale_for_; }
  Milliseconds published_at() const { return fresh_until() - fresh_for_; }
  // See Lifetime; kNoTime: never.
  Milliseconds expires_at() const { return expires() ? fresh_until() + (expiry_ >> kDoubtBits) : kNoTime; }
  Milliseconds expired_by() const { return doubt() == kMaxDoubt ? kNoTime : expires_at() + doubt(); }
  Milliseconds grace_until() const { return expires() ? expires_at() + Grace() : 0; }
  // How long past its expiry it is, at most; nothing if it isn't, or is of another epoch than `epoch`.
  std::optional<Milliseconds> ExpiredFor(std::uint32_t epoch, Milliseconds now) const;

  void Hold() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) Free();
  }

  // The shard's.
  Entry* newer = nullptr;
  Entry* older = nullptr;
  std::uint8_t frequency() const { return queue_ & kFrequencyMask; }
  void set_frequency(std::uint8_t n) { queue_ = static_cast<std::uint8_t>((queue_ & kMain) | n); }
  // Writes nothing to an entry that is hit often: its cache line stays shared between loops.
  void Bump() {
    if (frequency() < kMaxFrequency) queue_ = static_cast<std::uint8_t>(queue_ + 1);
  }
  // Redis let the key run out: never fresh again. `pushed`: a push said so.
  void NoteExpiry(bool pushed) { stamp_ |= pushed ? kRanOut | kPushed : kRanOut; }
  bool ran_out() const { return (stamp_ & kRanOut) != 0; }
  bool pushed() const { return (stamp_ & kPushed) != 0; }
  bool in_main() const { return (queue_ & kMain) != 0; }
  void set_in_main(bool main) { queue_ = static_cast<std::uint8_t>(frequency() | (main ? kMain : 0)); }

 private:
  static constexpr std::size_t kMallocWord = 8;
  static constexpr std::size_t kMallocStep = 16;
  static constexpr std::uint32_t kNil = 1U << 31U;
  static constexpr std::uint32_t kPersistent = 1U << 30U;
  static constexpr std::uint32_t kSizeMask = kPersistent - 1;
  static constexpr std::uint8_t kFrequencyMask = 3;
  static constexpr std::uint8_t kMain = 4;
  static constexpr std::uint32_t kRanOut = 1U << 31U;
  static constexpr std::uint32_t kPushed = 1U << 30U;
  static constexpr std::uint32_t kEpochMask = kPushed - 1;
  static constexpr unsigned kDoubtBits = 8;
  static constexpr std::uint32_t kMaxDoubt = 0xff;
  static constexpr std::uint32_t kMaxExpiry = 0xff'ffff;
  static constexpr std::uint32_t kNoExpiry = kMaxExpiry << kDoubtBits | kMaxDoubt;
  static constexpr unsigned kGraceBits = 12;
  static constexpr std::size_t kHeadBytes = 54;

  Entry(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch);
  ~Entry() = default;
  void Free();
  bool expires() const { return expiry_ != kNoExpiry; }
  std::uint32_t doubt() const { return expiry_ & kMaxDoubt; }
  Milliseconds Grace() const {
    return Milliseconds{grace_ & ((1U << kGraceBits) - 1U)} << (static_cast<unsigned>(grace_) >> kGraceBits);
  }
  void SetExpiry(const Lifetime& lifetime);
  // In the padding at the head's end.
  const char* text() const { return reinterpret_cast<const char*>(this) + kHeadBytes; }

  std::atomic<std::uint32_t> references_{1};
  const std::uint32_t hash_;
  std::uint32_t stamp_;             // the epoch and two flags
  const std::uint32_t value_size_;  // and two flags
  std::uint32_t fresh_low_;
  std::uint32_t fresh_for_;           // since it was published
  std::uint32_t stale_for_;           // since fresh_until
  std::uint32_t expiry_ = kNoExpiry;  // since fresh_until, in the high bits; the doubt in the low ones
  std::uint16_t grace_ = 0;           // since expires_at: so many times two to the power of the high bits
  const std::uint16_t key_size_;
  std::uint8_t fresh_high_;
  std::uint8_t queue_ = 0;  // a byte of its own: readers never touch it
};
static_assert(sizeof(Entry) == 56, "the head and what the pointers round it up to");

// A reader's hold on a value. Default: holds nothing.
class ValueRef {
 public:
  ValueRef() = default;
  // Takes a reference of its own. REQUIRES: the shard's mutex.
  explicit ValueRef(Entry& entry) : entry_(&entry) { entry.Hold(); }
  ValueRef(ValueRef&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  ValueRef(const ValueRef& other) : entry_(other.entry_) {
    if (entry_ != nullptr) entry_->Hold();
  }
  ValueRef& operator=(ValueRef other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~ValueRef() {
    if (entry_ != nullptr) entry_->Release();
  }

  explicit operator bool() const { return entry_ != nullptr; }
  // REQUIRES of all below: holds something.
  std::string_view key() const { return entry_->key(); }
  bool nil() const { return entry_->nil(); }
  bool persistent() const { return entry_->persistent(); }
  std::string_view bytes() const { return entry_->bytes(); }

 private:
  Entry* entry_ = nullptr;
};

}  // namespace herdgate::cache
