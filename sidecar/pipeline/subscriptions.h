// Subscriptions: how many channels a client is subscribed to, and which of its (un)subscribe commands are answered.
//
// SUBSCRIBE a b is answered by two frames, UNSUBSCRIBE without arguments by as many as there are channels, or by one
// with a null name. Each confirmation carries the client's total after it (channels and patterns together; shard
// channels apart), from which the counts by kind follow without keeping names.
//
// Threads: one owner. Pure state, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace herdgate::pipeline {

class Subscriptions {
 public:
  enum class Kind : unsigned char { kChannel, kPattern, kShard };

  // A command was sent: "subscribe", "punsubscribe", ... in any case; `names` is its number of arguments.
  void Sent(std::string_view command, std::size_t names);
  // A confirmation arrived. True if it is the last frame that answers the oldest command.
  bool Confirmed(std::string_view what, bool null_name, std::int64_t total);
  // The oldest command was answered by an error.
  void Refused();

  bool any() const { return channels_ + patterns_ + shards_ > 0; }
  // Nothing subscribed, nothing asked.
  bool over() const { return !any() && asked_.empty(); }
  std::int64_t channels() const { return channels_; }
  std::int64_t patterns() const { return patterns_; }
  std::int64_t shards() const { return shards_; }
  // After a transaction that subscribed: what the upstream says.
  void Assume(std::int64_t channels, std::int64_t patterns, std::int64_t shards);
  void Clear();

  // Whether a frame's first element names a confirmation ("subscribe") or a message ("message").
  static bool IsConfirmation(std::string_view what);
  static bool IsMessage(std::string_view what);

 private:
  struct Asked {
    Kind kind = Kind::kChannel;
    std::size_t frames = 0;  // still to come; 0: until none of the kind is left
  };

  std::int64_t& Count(Kind kind);

  std::deque<Asked> asked_;
  std::int64_t channels_ = 0;
  std::int64_t patterns_ = 0;
  std::int64_t shards_ = 0;
};

}  // namespace herdgate::pipeline
