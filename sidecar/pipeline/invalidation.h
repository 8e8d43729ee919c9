// Invalidation: what an operator asks to be forgotten, and what became of it. Plain values.
//
// What is meant. Keys, prefixes and patterns are logical: as apps write them. A pattern means what an app sees in a
// listing: keys of other versions and generations, and the sidecar's own (__herdgate:*), never match; keys of no policy
// do, and are counted. One database is concerned, that of the upstream's URL. Keys may hold any byte.
//
// What is done, by scope and mode:
//
//              hard                                            soft
//   upstream   UNLINK, with the key's lease and shadow;        PEXPIRE LT to a random time in soft_window: the value
//              flights of it here are tainted. A policy        is served until then, and then computed anew as after
//              any with generations: a new generation, no scan     expiry, by one caller with grace for the others
//              where the
//                                                              policy has that; so the origin's load is spread. Never a
//                                                              new generation
//   near       this sidecar's entries go; while the upstream   this sidecar's entries are stale: the next read asks
//              is away they can't be answered either           Redis; while it is away they may be answered
//   both       both, the near entries first, and again when    both
//              Redis has answered
//
// A tag means the keys that have it by a policy's rule, and those that an app has tagged (HERDGATE.TAG). A hard one
// gives the tag a new version in every policy that may give it, at once and without a scan (tag_log.h); then the tagged
// keys are taken as if they were named, and are tagged no more. What a job leaves of them, the next one of the tag
// takes first. A soft one scans for the keys of the rules. It leaves the tagged keys tagged, as scope near does.
//
// Whatever changes in Redis leaves every sidecar's near cache by tracking. Scope near is this sidecar alone.
// Soft needs Redis 7 (PEXPIRE LT). Keys that come while a scan runs may stay, as may a value that another sidecar
// computes for a missing key meanwhile; keys that are there from the beginning to the end are all found.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"

namespace herdgate::pipeline {

enum class InvalidationKind : std::uint8_t { kKey, kKeys, kPrefix, kPattern, kPolicy, kTag, kEverything };
inline constexpr std::size_t kInvalidationKinds = 7;
enum class InvalidationMode : std::uint8_t { kHard, kSoft };
enum class InvalidationScope : std::uint8_t { kBoth, kUpstream, kNear };

//   queued -> running -> done | failed       and from queued, running and paused -> cancelled
//               ^|
//             paused (and from queued)       a paused job frees its place; resumed it is queued
enum class InvalidationState : std::uint8_t { kQueued, kRunning, kPaused, kDone, kCancelled, kFailed };

inline bool NamesKeys(InvalidationKind kind) {
  return kind == InvalidationKind::kKey || kind == InvalidationKind::kKeys;
}
std::string_view NameOf(InvalidationKind kind);  // "key", "keys", ...
std::string_view NameOf(InvalidationMode mode);
std::string_view NameOf(InvalidationScope scope);
std::string_view NameOf(InvalidationState state);
inline bool HasEnded(InvalidationState state) {
  return state == InvalidationState::kDone || state == InvalidationState::kCancelled ||
         state == InvalidationState::kFailed;
}

struct InvalidationOptions {
  // Keys deleted or shortened a second, at most. Less where Redis serves other things. REQUIRES > 0
  double rate = 5000;
  // Keys passed over a second, at most; 100,000 take up to a tenth of Redis' time. REQUIRES > 0
  double scan_rate = 100000;
  // Ends after so many deleted or shortened; 0: no cap.
  std::uint64_t max_keys = 0;
  // Soft: within which time values end. REQUIRES > 0
  std::chrono::milliseconds soft_window{10000};
  // Adds up MEMORY USAGE of each key: doubles Redis' work.
  bool count_bytes = false;

  bool operator==(const InvalidationOptions&) const = default;
};

struct InvalidationRequest {
  static constexpr std::size_t kMostKeys = 10000;
  static constexpr std::size_t kMostTargetBytes = std::size_t{4} << 20U;

  InvalidationKind kind = InvalidationKind::kKey;
  InvalidationMode mode = InvalidationMode::kHard;
  InvalidationScope scope = InvalidationScope::kBoth;
  // kKeys: 1 to kMostKeys; kEverything: none; else one: the key, prefix, glob, policy's name or tag.
  std::vector<std::string> targets{};
  InvalidationOptions options{};
  // Needed by what CoversAll.
  bool purge_all = false;

  bool operator==(const InvalidationRequest&) const = default;
};

// Whether the request names no byte that a key must have: everything, an empty prefix, patterns of * ? and [] alone.
bool CoversAll(const InvalidationRequest& request);
// Whether the request is one; kInvalidArgument says what is wrong with it.
base::Status Check(const InvalidationRequest& request);

struct InvalidationCounts {
  std::uint64_t scanned = 0;    // keys passed over; to within a page, a thousand at most
  std::uint64_t matched = 0;    // found or named, in upstream scopes
  std::uint64_t deleted = 0;    // of those: were there and are gone, by Redis' own count
  std::uint64_t shortened = 0;  // soft: end earlier now
  std::uint64_t near = 0;       // entries of this sidecar's near cache that a scope with near removed or made stale
  std::uint64_t unsure = 0;     // sent on a connection that broke; sent again, so what the first did is not counted
  std::uint64_t outside_policy = 0;  // matched, and of no policy
  std::uint64_t refreshing = 0;      // matched, and of a policy that refreshes early
  std::uint64_t hidden = 0;          // keys of other versions that the scan came across
  std::uint64_t bytes = 0;           // count_bytes

  bool operator==(const InvalidationCounts&) const = default;
};

struct InvalidationStatus {
  std::string id;
  std::shared_ptr<const InvalidationRequest> request;  // of many keys only the first 20, once it has ended
  std::uint64_t targets = 0;                           // there were so many
  std::string asked_by;
  InvalidationState state = InvalidationState::kQueued;
  InvalidationCounts counts;
  double progress = 0;              // 0 to 1; never goes back but with `rescans`
  std::string waiting_for;          // running, but something has to come first: the upstream, a generation
  std::string end_reason;           // why it was cancelled or failed
  bool capped = false;              // max_keys was reached
  std::uint64_t cursor = 0;         // of SCAN, as a report has it
  std::uint64_t keyspace = 0;       // DBSIZE at the beginning of the scan
  std::uint64_t generation = 0;     // the new one, of a policy's bump; of a tag, its version
  std::uint64_t bumped = 0;         // kind tag: policies in which it has a new version, or which have a new generation
  std::uint64_t renewed = 0;        // of those: have a new generation (TagBump)
  std::uint64_t interruptions = 0;  // connections to the upstream lost
  std::uint64_t rescans = 0;  // begun anew: another Redis process, whose cursors mean other things, or other policies
  double rate = 0;            // keys a second that are allowed now
  base::WallTime created;
  base::WallTime started;           // first; 0 before
  base::WallTime ended;             // 0 before
  std::chrono::nanoseconds ran{0};  // paused times left out
};

}  // namespace herdgate::pipeline
