// TagLog: which tags of a policy were invalidated under its generation, as its log in the upstream tells.
//
// The log is a string at "__herdgate:tags:NAME", beside the generation's counter, a line for each invalidation:
//   1763690000456 9 tenant:42\n         the version, the tag's size, the tag
// so one more costs the upstream an APPEND, and the sidecars a GETRANGE of what is new. The counter says what the log
// must be (TagMark), and both are written in one transaction: a log that was lost or cut does not fit its mark. After a
// failover there may be two logs that parted, even with lines of the same versions and sizes: their digests tell them
// apart, and who knows the one never takes the other, but where that has each tag at its version or a later one.
// Versions grow along the log. One of many bytes is written anew, with each tag once, under another base; the digest
// stays.
// Threads: one owner. Pure but for what it remembers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/policy/tag_table.h"

namespace herdgate::pipeline {

struct TagMark {
  std::uint64_t version = 0;  // the greatest of the log; 0: there is no log
  std::uint64_t base = 0;     // `version` when the log was written anew
  std::uint64_t bytes = 0;    // of the log
  std::uint64_t rules = 0;    // TagRules::Fingerprint of the rules by which keys are named
  std::uint64_t digest = 0;   // of each tag with its last version, whatever their order

  bool any() const { return version != 0; }
  // Whether it tells of the same tags, all with the same versions.
  bool SameTags(const TagMark& other) const { return version == other.version && digest == other.digest; }
  bool operator==(const TagMark&) const = default;
};

// What became of the wish to invalidate a tag in a policy.
struct TagBump {
  std::uint64_t generation = 0;
  std::uint64_t version = 0;  // of the tag; 0: a new generation has begun instead (TagLog::kMostTags, or a lost log)
};

std::string TagLogKey(std::string_view policy);

class TagLog {
 public:
  // More tags than this are not remembered: instead, a new generation begins.
  static constexpr std::size_t kMostTags = 10000;
  // A log above this is written anew where that halves it.
  static constexpr std::uint64_t kSmallBytes = std::uint64_t{64} << 10U;
  static constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20U;

  // Of which generation this is, and what is known of it: complete, as of the mark.
  std::uint64_t generation() const { return generation_; }
  const TagMark& mark() const { return mark_; }
  TagMark MarkOf(std::uint64_t generation) const { return generation == generation_ ? mark_ : TagMark{}; }
  const policy::TagVersions& versions() const { return versions_; }
  // What has changed of them since the last call; nothing if that is all of them.
  std::optional<policy::TagVersions> TakeChanges();

  // The first byte of the log that has to be read to know all that `mark` tells of; the last is mark.bytes - 1.
  std::uint64_t FirstByte(std::uint64_t generation, const TagMark& mark) const;
  // These bytes. False: they are not what the mark tells of, or that lacks something that is known; nothing has
  // changed.
  bool Take(std::uint64_t generation, const TagMark& mark, std::string_view bytes);
  // Whether they are what the mark tells of, and all of that is known: each tag with that version or a later one.
  bool Covers(std::uint64_t generation, const TagMark& mark, std::string_view bytes) const;

  // What another line does: to be written behind the log, or, with a base of its own, in its place.
  struct Line {
    TagMark mark;
    std::string text;
    bool anew = false;
  };
  Line NextLine(std::uint64_t generation, std::string_view tag, std::uint64_t version, std::uint64_t rules) const;
  // All of it, each tag once. REQUIRES: mark().any().
  Line Whole() const { return WholeBut({}); }
  // It was written.
  void Written(std::uint64_t generation, const Line& line);

 private:
  Line WholeBut(std::string_view left_out) const;

  std::uint64_t generation_ = 0;
  TagMark mark_;
  std::uint64_t live_bytes_ = 0;  // of the lines that count: the last of each tag
  policy::TagVersions versions_;
  policy::TagVersions changes_;
  bool all_changed_ = true;
};

}  // namespace herdgate::pipeline
