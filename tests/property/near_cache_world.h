// NearCacheWorld: a small model of what is outside the sidecar: Redis with two keys, and the tracked connection to it.
//
// A key's value is its version, which goes up with each write; a FLUSHALL is a write of every key. Nothing happens by
// itself: each method is one step, and the test chooses their order.
#pragma once

#include <array>
#include <cstddef>
#include <deque>

#include "sidecar/cache/near_cache.h"

namespace herdgate::cache {

inline constexpr int kModelKeys = 2;
using Versions = std::array<int, kModelKeys>;

// A GET under way on the tracked connection.
struct ModelFill {
  int key;
  Reservation reservation;
};

// What Redis sent on the tracked connection.
struct StreamItem {
  enum class Kind { kReply, kPush, kPushAll };
  Kind kind;
  ModelFill fill{};    // kReply; of a kPush its key only
  int version = 0;     // kReply
  Versions flushed{};  // kPushAll: what the keys were at once after
};

class NearCacheWorld {
 public:
  NearCacheWorld() { versions_.fill(1); }

  int Read(int key) const { return versions_[At(key)]; }
  const Versions& versions() const { return versions_; }
  int Write(int key) {
    ++versions_[At(key)];
    if (tracked_[At(key)]) Send({.kind = StreamItem::Kind::kPush, .fill = {key, {}}});
    tracked_[At(key)] = false;
    return versions_[At(key)];
  }
  void Flush() {
    for (int& version : versions_) ++version;
    tracked_.fill(false);
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
    tracked_[At(fill.key)] = true;
    Send({.kind = StreamItem::Kind::kReply, .fill = fill, .version = Read(fill.key)});
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
  void Send(const StreamItem& item) {
    if (connected_) stream_.push_back(item);
  }

  Versions versions_;
  std::array<bool, kModelKeys> tracked_{};
  bool armed_ = true;
  bool connected_ = true;
  std::deque<ModelFill> requests_;
  std::deque<StreamItem> stream_;
};

}  // namespace herdgate::cache
