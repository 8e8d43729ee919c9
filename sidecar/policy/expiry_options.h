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

struct ExpiryOptions {
  enum class Kind : std::uint8_t {
    kMalformed,  // Redis will say what is wrong
    kNone,
    kExpiry,  // EX PX EXAT PXAT: `unit`, with the option at argument `at` and its value behind
    kKeep,    // KEEPTTL
    kPersist,
  };
  Kind kind = Kind::kMalformed;
  ExpiryUnit unit = ExpiryUnit::kSeconds;
  std::size_t at = 0;
};

// SET key value [options ...]
ExpiryOptions ReadSetOptions(std::span<const std::string_view> args);
// GETEX key [option]
ExpiryOptions ReadGetexOptions(std::span<const std::string_view> args);

// A time as Redis takes it in such an option: a whole number above 0 that fits in milliseconds. In milliseconds.
std::optional<std::int64_t> ReadExpiry(std::string_view text, ExpiryUnit unit);

// Case does not matter. REQUIRES: `word` in upper case.
bool IsWord(std::string_view text, std::string_view word);

}  // namespace herdgate::policy
