// NearCacheWorld: a small model of what is outside the sidecar: Redis with two keys, and the tracked connection to it.
//
// A key's value is its version, which goes up with each change; some versions are nil: those that a DEL or an expiry
// made. A FLUSHALL is a write of every key. A key that is due to expire does so when it is next touched, as in Redis.
// Nothing happens by itself: each method is one step, and the test chooses their order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sidecar/cache/near_cache.h"

namespace herdgate::cache {

inline constexpr int kModelKeys = 2;
using Versions = std::array<int, kModelKeys>;

// A GET under way on the tracked connection.
struct ModelFill {
  int key;
  Reservation reservation;
  base::SteadyTime asked_at{};
};

// What Redis sent on the tracked connection.
struct StreamItem {
  enum class Kind { kReply, kPush, kPushAll };
  Kind kind;
  ModelFill fill{};           // kReply; of a kPush its key only
  int version = 0;            // kReply
  std::int64_t pttl_ms = -1;  // kReply: as PTTL says it
  base::SteadyTime sent_at{};
  base::SteadyTime received_at{};
  Versions flushed{};  // kPushAll: what the keys were at once after
};

class NearCacheWorld {
 public:
  enum class How { kWritten, kDeleted, kRanOut };
  struct Change {
    How how;
    base::SteadyTime at;
  };

  NearCacheWorld() {
    versions_.fill(1);
    for (auto& changes : changes_) changes.assign(2, {How::kWritten, now_});
  }

  // The one clock of all.
  base::SteadyTime now() const { return now_; }
  void Pass(base::SteadyTime::duration span) { now_ += span; }

  // What Redis would answer now.
  int Current(int key) const { return versions_[At(key)] + (IsDue(key) ? 1 : 0); }
  const Versions& versions() const { return versions_; }
  bool IsNil(int key, int version) const { return ChangeTo(key, version).how != How::kWritten; }
  // REQUIRES: it has come, or is due.
  Change ChangeTo(int key, int version) const {
    const auto& changes = changes_[At(key)];
    return static_cast<std::size_t>(version) < changes.size() ? changes[static_cast<std::size_t>(version)]
                                                              : Change{How::kRanOut, *ends_at_[At(key)]};
  }
  // One nil is like another: the last that was or is. REQUIRES: there is one.
  int LastNil(int key) const {
    int version = Current(key);
    while (!IsNil(key, version)) --version;
    return version;
  }
  // When the key runs out, or the last version that had an expiry was to; nothing before there was one.
  std::optional<base::SteadyTime> ends_at(int key) const { return ends_at_[At(key)]; }
  bool IsDue(int key) const { return expires_[At(key)] && now_ >= *ends_at_[At(key)]; }

  // Redis looks at the key.
  void Touch(int key) {
    if (IsDue(key)) Become(key, {How::kRanOut, *ends_at_[At(key)]});
  }
  int Read(int key) {
    Touch(key);
    return versions_[At(key)];
  }
  int Write(int key, std::optional<std::chrono::milliseconds> ttl = std::nullopt) {
    Touch(key);
    Become(key, {How::kWritten, now_});
    if (ttl) {
      expires_[At(key)] = true;
      // Alive in the whole last millisecond of Redis's clock.
      ends_at_[At(key)] = std::chrono::floor<std::chrono::milliseconds>(now_) + *ttl + std::chrono::milliseconds(1);
    }
    return versions_[At(key)];
  }
  int Delete(int key) {
    Touch(key);
    if (!IsNil(key, versions_[At(key)])) Become(key, {How::kDeleted, now_});
    return versions_[At(key)];
  }
  void Flush() {
    for (int key = 0; key < kModelKeys; ++key) {
      Touch(key);
      tracked_[At(key)] = false;
      Become(key, {How::kWritten, now_});
    }
    Send({.kind = StreamItem::Kind::kPushAll, .flushed = versions_});
  }

  // The tracked connection, as the sidecar's end sees it.
  bool armed() const { return armed_; }
  void Ask(const ModelFill& fill) { requests_.push_back(fill); }
  std::size_t unread() const { return stream_.size(); }
  StreamItem Receive() {
    const StreamItem item = stream_.front();
    stream_.pop_front();
    return item;
  }
  void Close() {
    Cut(0);
    armed_ = false;
  }
  void Arm() { armed_ = connected_ = true; }

  // As Redis and the network see it.
  bool connected() const { return connected_; }
  std::size_t requests() const { return requests_.size(); }
  void ExecuteFill() {
    const ModelFill fill = requests_.front();
    requests_.pop_front();
    Touch(fill.key);
    tracked_[At(fill.key)] = true;
    Send({.kind = StreamItem::Kind::kReply, .fill = fill, .version = Read(fill.key), .pttl_ms = Pttl(fill.key)});
  }
  // The connection dies; what is behind the first `arrived` items of the stream is lost.
  void Cut(std::size_t arrived) {
    connected_ = false;
    tracked_.fill(false);
    requests_.clear();
    while (stream_.size() > arrived) stream_.pop_back();
  }

  // Whether the sidecar can't know yet that older values of the key are void.
  bool NewsUnderWay(int key) const {
    if (armed_ && !connected_) return true;
    for (const StreamItem& item : stream_) {
      if (item.kind == StreamItem::Kind::kPushAll) return true;
      if (item.kind == StreamItem::Kind::kPush && item.fill.key == key) return true;
    }
    return false;
  }

  // For signatures.
  const std::deque<ModelFill>& request_queue() const { return requests_; }
  const std::deque<StreamItem>& stream() const { return stream_; }
  bool tracked(int key) const { return tracked_[At(key)]; }

 private:
  static std::size_t At(int key) { return static_cast<std::size_t>(key); }
  void Send(StreamItem item) {
    item.sent_at = now_;
    if (connected_) stream_.push_back(item);
  }
  void Become(int key, Change change) {
    ++versions_[At(key)];
    changes_[At(key)].push_back(change);
    expires_[At(key)] = false;
    if (tracked_[At(key)]) Send({.kind = StreamItem::Kind::kPush, .fill = {key, {}}});
    tracked_[At(key)] = false;
  }
  std::int64_t Pttl(int key) const {
    if (IsNil(key, versions_[At(key)])) return -2;
    if (!expires_[At(key)]) return -1;
    const auto clock = std::chrono::floor<std::chrono::milliseconds>(now_);
    return std::chrono::floor<std::chrono::milliseconds>(*ends_at_[At(key)] - clock).count() - 1;
  }

  base::SteadyTime now_{std::chrono::hours(1) + std::chrono::microseconds(300)};
  Versions versions_;
  std::array<std::vector<Change>, kModelKeys> changes_;  // by version
  std::array<bool, kModelKeys> expires_{};
  std::array<std::optional<base::SteadyTime>, kModelKeys> ends_at_;
  std::array<bool, kModelKeys> tracked_{};
  bool armed_ = true;
  bool connected_ = true;
  std::deque<ModelFill> requests_;
  std::deque<StreamItem> stream_;
};

}  // namespace herdgate::cache
