// Entry: one cached key with its value and deadlines, in one allocation, and ValueRef, which keeps it alive for a
// reader.
//
// The head is 48 bytes; the key's and the value's bytes follow it. What a reader may see never changes once the entry
// is made; what the shard changes (links, frequency) no reader looks at. So a reader needs no lock while it writes the
// value out, and may hold it after the entry was evicted: those bytes are no longer counted.
// Threads: links, frequency and queue, with the shard's mutex; the rest, any thread that holds a reference.
// Deadlines are milliseconds of the steady clock, rounded down, so that rounding never makes anything live longer.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
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

// REQUIRES: now <= fresh_until <= stale_until.
struct Lifetime {
  base::SteadyTime now;          // of the publishing
  base::SteadyTime fresh_until;  // after it the value is stale
  base::SteadyTime stale_until;  // after it the value is gone
};

using Milliseconds = std::uint64_t;  // of the steady clock since its epoch

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
    return (sizeof(Entry) + key_size + value_size + kMallocWord + kMallocStep - 1) / kMallocStep * kMallocStep;
  }

  std::string_view key() const { return {text(), key_size_}; }
  std::string_view bytes() const { return {text() + key_size_, value_size_ & kSizeMask}; }
  bool nil() const { return (value_size_ & kNil) != 0; }
  bool persistent() const { return (value_size_ & kPersistent) != 0; }
  std::uint32_t hash() const { return hash_; }  // the low half
  std::uint32_t epoch() const { return epoch_; }
  std::size_t allocated() const { return BytesFor(key_size_, value_size_ & kSizeMask); }
  Milliseconds fresh_until() const { return Milliseconds{fresh_high_} << 32U | fresh_low_; }
  Milliseconds stale_until() const { return fresh_until() + stale_for_; }
  Milliseconds published_at() const { return fresh_until() - fresh_for_; }

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

  Entry(const HashedKey& key, const Value& value, const Lifetime& lifetime, std::uint32_t epoch);
  ~Entry() = default;
  void Free();
  const char* text() const { return reinterpret_cast<const char*>(this) + sizeof(Entry); }

  std::atomic<std::uint32_t> references_{1};
  const std::uint32_t hash_;
  const std::uint32_t epoch_;
  const std::uint32_t value_size_;  // and two flags
  std::uint32_t fresh_low_;
  std::uint32_t fresh_for_;  // since it was published
  std::uint32_t stale_for_;  // since fresh_until
  const std::uint16_t key_size_;
  std::uint8_t fresh_high_;
  std::uint8_t queue_ = 0;  // a byte of its own: readers never touch it
};
static_assert(sizeof(Entry) == 48, "the overhead of every entry");

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
  bool nil() const { return entry_->nil(); }
  bool persistent() const { return entry_->persistent(); }
  std::string_view bytes() const { return entry_->bytes(); }

 private:
  Entry* entry_ = nullptr;
};

}  // namespace herdgate::cache
