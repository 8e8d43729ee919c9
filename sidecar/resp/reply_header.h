// The header line of a reply that has a length: what ReplyScanner and ParseReply must read alike.
//
// Threads: pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace herdgate::resp {

// So that a length always fits, and twice its value too.
inline constexpr std::size_t kMostLengthDigits = 18;
// A header without an end in so many bytes is broken: sigil, digits and line end take 21.
inline constexpr std::size_t kMostReplyHeaderBytes = 24;

// Plain digits, no sign; false otherwise.
inline bool ReadReplyLength(std::string_view digits, std::uint64_t& length) {
  if (digits.empty() || digits.size() > kMostLengthDigits) return false;
  length = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned char>(c) - static_cast<unsigned>('0');
    if (digit > 9) return false;
    length = length * 10 + digit;
  }
  return true;
}

}  // namespace herdgate::resp
