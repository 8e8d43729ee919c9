// The two header lines of a multibulk request, "*count" and "$bytes": how Redis reads them and what it says of bad
// ones.
//
// Threads: pure functions. Errors: a Redis sentence (see RequestDecoder::error) in `error`, and false.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/resp/limits.h"

namespace herdgate::resp {

// A signed decimal as Redis accepts it: no '+', no spaces, no leading zeros, no "-0", in the range of 64 bits.
bool ParseStrictInteger(std::string_view text, std::int64_t& value);

// `line` is the header with its sigil, without its line end.
bool ReadCountLine(std::string_view line, const Limits& limits, bool unauthenticated, std::int64_t& count,
                   std::string& error);
bool ReadBulkLine(std::string_view line, const Limits& limits, bool unauthenticated, std::int64_t& bytes,
                  std::string& error);

// The sentence for a header that has no end within Limits::max_inline_bytes.
std::string EndlessHeaderError(bool is_count);

// The common header: `sigil`, one to nine plain digits, '\r' and one byte more, all present.
// Returns its size and sets `value`, or returns 0 if the header needs the careful path.
inline std::size_t ReadPlainHeader(std::string_view bytes, char sigil, std::int64_t& value) {
  constexpr std::size_t kMostDigits = 9;
  const auto digit_at = [bytes](std::size_t i) {
    return static_cast<unsigned char>(bytes[i]) - static_cast<unsigned>('0');
  };
  if (bytes.size() < 4 || bytes[0] != sigil) return 0;
  std::uint32_t number = digit_at(1);
  if (number > 9) return 0;
  std::size_t at = 2;
  if (bytes[at] != '\r') {
    if (number == 0) return 0;
    const std::size_t stop = std::min(bytes.size() - 2, kMostDigits + 1);
    for (unsigned digit = 0; at < stop && (digit = digit_at(at)) <= 9; ++at) number = number * 10 + digit;
    if (bytes[at] != '\r') return 0;
  }
  value = number;
  return at + 2;
}

}  // namespace herdgate::resp
