// Shadow: the old value of a hot key, kept in Redis beside it for the time after its end, so that a pod which has no
// copy of its own can answer it while one caller computes the new value.
//
// A shadow is "__herdgate:shadow:..." in the data key's slot and database. It holds "<window>:<value>", `window` in
// milliseconds, and expires `window` after the value's own end; so `window - PTTL` is for how long the value has ended,
// by Redis' clock alone. The data key, its value and its expiry are never touched.
//
// The rule: an old value is answered only if, in one step of Redis, the data key is missing and the shadow's value has
// come to its end. So a value that is gone before its end (deleted by whomever, evicted) is not answered; a read that
// finds it so removes the shadow. And whatever a sidecar writes or removes takes the shadow with it, right behind the
// command and on its connection: a shadow is never older than what was last written through a sidecar.
// A value that was computed before its key was invalidated and is kept short for that gets no shadow: kNoShadow stands
// there for as long.
// What remains: a client that goes past all sidecars, deletes or overwrites a key in the last part of its life (or
// after it) and whose value is gone again when the old one's end comes, with no read between. Then the old value may be
// answered until `window` after its end, as it may where nobody deletes.
//
// Threads: pure functions; nothing here sends anything. They need EVAL, and no more of Redis than leases do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/resp/reply.h"
#include "sidecar/stampede/lease.h"

namespace herdgate::stampede {

inline constexpr std::string_view kShadowPrefix = "__herdgate:shadow:";
inline constexpr std::string_view kNoShadow = "0:";

std::string ShadowNameOf(std::string_view key);
// The key whose shadow `name` is; nothing if it is no shadow's name. The view is into `name`.
std::optional<std::string_view> KeyOfShadow(std::string_view name);

struct CopyTerms {
  std::chrono::milliseconds below{0};   // nothing is copied of a value that has more than this left
  std::chrono::milliseconds window{0};  // how long past its end it may be answered; REQUIRES > 0
  std::uint64_t max_bytes = 0;
};
// Copies the value of `key` if its end is near and no shadow has that end already.
Arguments CopyArguments(std::string_view key, const CopyTerms& terms);

enum class CopyResult : std::uint8_t {
  kCopied,
  kThere,     // another pod was first
  kEarly,     // it has more time left
  kNoEnd,     // it has no expiry
  kGone,      // there is no such key
  kTooLarge,  // its value
  kFailed,    // an error
};
inline constexpr std::size_t kCopyResults = 7;

struct CopyReply {
  CopyResult result = CopyResult::kFailed;
  std::chrono::milliseconds left{0};  // of the value's life; 0 where that is not known
  std::string_view error{};           // kFailed
};
// The views are the reply's.
CopyReply ReadCopyReply(const resp::Reply& reply);

// Removes a shadow over another connection than the command that made its value old; so it may come late, and leaves
// kNoShadow.
Arguments RemoveShadowArguments(std::string_view key);

// Reads the shadow of a key that was missing.
Arguments ReadShadowArguments(std::string_view key);

enum class ShadowResult : std::uint8_t {
  kOld,      // `value` ended `age` ago
  kNothing,  // there is none
  kLives,    // the key is there again
  kEarly,    // its value ends in this very moment, if Redis' clock does not stand still in scripts (before 7.0)
  kRemoved,  // its value was gone before its end; so is the shadow now
  kFailed,   // an error
};
inline constexpr std::size_t kShadowResults = 6;

struct ShadowReply {
  ShadowResult result = ShadowResult::kFailed;
  std::string_view value{};           // kOld; kFailed: the error
  std::chrono::milliseconds age{0};   // kOld
  std::chrono::milliseconds left{0};  // kOld: until the shadow is gone
};
// The views are the reply's.
ShadowReply ReadShadowReply(const resp::Reply& reply);

}  // namespace herdgate::stampede
