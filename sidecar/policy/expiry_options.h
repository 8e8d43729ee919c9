// ExpiryOptions: what the options of SET and GETEX say about an expiry, read as Redis reads them.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace herdgate::policy {

enum class ExpiryUnit : std::uint8_t { kSeconds, kMilliseconds, kAtSeconds, kAtMilliseconds };

constexpr bool IsAbsolute(ExpiryUnit unit) {
  return unit == ExpiryUnit::kAtSeconds || unit == ExpiryUnit::kAtMilliseconds;
}
constexpr bool IsSeconds(ExpiryUnit unit) {
  return unit == ExpiryUnit::kSeconds || unit == ExpiryUnit::kAtSeconds;
}

struct ExpiryOptions {
  enum class Kind : std::uint8_t {
    kMalformed,  // Redis will say what is wrong
    kNone,
    kExpiry,  // EX PX EXAT PXAT: `unit`, with the option at argument `at` and its value behind; the last one if the
              // same option is repeated, as Redis allows
    kKeep,    // KEEPTTL
    kPersist,
  };
  Kind kind = Kind::kMalformed;
  ExpiryUnit unit = ExpiryUnit::kSeconds;
  std::size_t at = 0;
  bool only_if_absent = false;   // NX
  bool only_if_present = false;  // XX, IFEQ and the like
};

// SET key value [options ...]; `first`: where the options begin.
ExpiryOptions ReadSetOptions(std::span<const std::string_view> args, std::size_t first = 3);
// GETEX key [options ...]
ExpiryOptions ReadGetexOptions(std::span<const std::string_view> args);

// A time as Redis takes it in such an option: a whole number above 0 that fits in milliseconds. In milliseconds.
std::optional<std::int64_t> ReadExpiry(std::string_view text, ExpiryUnit unit);

// EX, PX, EXAT or PXAT.
bool IsExpiryWord(std::string_view word);
// Options of later releases that have a value: IFEQ and its kin.
bool IsComparison(std::string_view word);

// EXPIRE key time [options ...] and its kin.
struct ExpireFlags {
  bool malformed = false;
  bool only_if_set = false;  // XX and GT change nothing where there is no expiry
};
ExpireFlags ReadExpireFlags(std::span<const std::string_view> args);

// RESTORE key ttl payload [options ...]
struct RestoreOptions {
  bool malformed = false;
  bool replace = false;
  bool absolute = false;  // ABSTTL
};
RestoreOptions ReadRestoreOptions(std::span<const std::string_view> args);

// Case does not matter. REQUIRES: `word` in upper case.
bool IsWord(std::string_view text, std::string_view word);

}  // namespace herdgate::policy
