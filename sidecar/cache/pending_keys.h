// PendingKeys: which keys the unanswered commands of one session may touch, as small Bloom filters.
//
// A session may be answered from the near cache only for a key that none of its unanswered commands may touch
// (near_cache.h, rule 5). Nothing can be taken out of such a filter, so there are two: commands enter the young one;
// when those of the old one are all answered, the young one becomes old. A session that always has commands under way
// thereby forgets too.
// Threads: the session's loop. A plain value of 80 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace herdgate::cache {

class PendingKeys {
 public:
  // A command goes upstream: Begin, then Add for each of its keys, or AddAll if they are not known.
  void Begin() { ++young_.commands; }
  void Add(std::uint64_t hash) { young_.words[WordOf(hash)] |= BitOf(hash); }
  void AddAll() { young_.words.fill(~std::uint64_t{0}); }
  // The oldest unanswered command is answered. REQUIRES: there is one.
  void End() {
    if (old_.commands == 0) std::swap(old_, young_);
    if (--old_.commands == 0) old_ = {};
  }

  bool MayHold(std::uint64_t hash) const {
    return ((old_.words[WordOf(hash)] | young_.words[WordOf(hash)]) & BitOf(hash)) != 0;
  }
  bool empty() const { return old_.commands + young_.commands == 0; }

 private:
  struct Filter {
    std::uint64_t commands = 0;
    std::array<std::uint64_t, 4> words{};
  };

  static std::size_t WordOf(std::uint64_t hash) { return static_cast<std::size_t>(hash >> 62U); }
  static std::uint64_t BitOf(std::uint64_t hash) { return std::uint64_t{1} << (hash >> 56U & 63U); }

  Filter old_;
  Filter young_;
};

}  // namespace herdgate::cache
