// HotKeys: the keys that one loop is asked for most, and how often: Space-Saving (Metwally, Agrawal, El Abbadi, 2005).
//
// 256 keys are counted. A key that isn't takes the place of the least counted one and goes on from its count, which it
// keeps as its possible error: a key's true number of touches lies between count - error and count, and every key with
// more than 1/256 of all touches is in. Counts are halved every `halve_every` touches, as TinyLFU does, so what was hot
// once is forgotten; by Halve also on a timer, if an idle loop is to forget too.
// A touch takes constant time and allocates nothing but, the second time a key comes, room for its text.
// Threads: one owner, a loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/cache/hashed_key.h"

namespace herdgate::cache {

class HotKeys {
 public:
  static constexpr std::size_t kSlots = 256;
  static constexpr std::size_t kMaxTextBytes = 256;  // longer keys are shown cut

  struct Estimate {
    std::uint32_t count = 0;
    std::uint32_t error = 0;
    // How often the key was touched for sure, since the counts were last halved and half as often before.
    std::uint32_t at_least() const { return count - error; }
  };
  struct Row {
    std::string key;
    Estimate estimate;
  };

  // `halve_every`: the window, in touches. REQUIRES > 0. Shorter forgets faster and raises the bar for being hot.
  explicit HotKeys(std::uint32_t halve_every = 1U << 17U);

  // Counts one touch. Keys of one hash are one key.
  Estimate Touch(const HashedKey& key);
  void Halve();
  // Most counted first; only keys seen twice or more.
  std::vector<Row> Top(std::size_t n) const;

 private:
  using Index = std::uint16_t;
  static constexpr Index kNone = 0xffff;
  static constexpr std::size_t kTableSlots = 1024;

  // The keys of one count, as a list; groups are a list too, in the order of their counts (the paper's Stream-Summary).
  struct Group {
    std::uint32_t count = 0;
    Index first = kNone;
    Index lower = kNone;
    Index higher = kNone;
  };
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t error = 0;
    Index group = kNone;
    Index next = kNone;
    Index previous = kNone;
    bool named = false;  // the text is this key's
  };

  Index Find(std::uint64_t hash) const;
  void Enter(Index slot);
  void Leave(Index slot);
  static std::size_t HomeOf(std::uint64_t hash) { return static_cast<std::size_t>(hash >> 24U) % kTableSlots; }
  Index Take(std::uint64_t hash);
  void Increment(Index slot);
  void Join(Index slot, Index group);
  void Part(Index slot);
  Index NewGroup(std::uint32_t count, Index lower);
  void RemoveGroup(Index group);

  const std::uint32_t halve_every_;
  std::uint32_t touches_ = 0;
  std::array<Index, kTableSlots> table_;  // slots by hash, linear probing
  std::array<Slot, kSlots> slots_{};
  std::array<Group, kSlots + 1> groups_{};
  Index lowest_ = kNone;
  Index free_group_ = 0;  // a list by `higher`
  std::size_t used_ = 0;
  std::vector<std::string> texts_;
};

}  // namespace herdgate::cache
