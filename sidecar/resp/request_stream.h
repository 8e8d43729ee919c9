// RequestStream follows a multibulk request that is passed on while it arrives, and finds its last byte.
//
// It holds no body and no argument: only what is left, and the few bytes of a header that a piece cut in two.
// RequestDecoder owns one and starts it from what it knows already.
// Threads: one owner. Errors: as RequestDecoder; a failed stream is over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/resp/limits.h"

namespace herdgate::resp {

class RequestStream {
 public:
  static constexpr std::int64_t kUnknown = -1;

  // `known_bytes` at the front are understood and pass unread; then `headers_left` arguments follow, each with its
  // header (kUnknown: the "*" header itself comes first).
  void Begin(std::uint64_t known_bytes, std::int64_t headers_left);

  // How many bytes at the front of `input` belong to the request. On failure sets `error`.
  std::size_t Take(std::string_view input, const Limits& limits, bool unauthenticated, std::string& error);

  bool done() const { return pass_ == 0 && headers_left_ == 0; }

 private:
  // Redis takes no number of more than 20 characters, so what a longer header says does not matter.
  static constexpr std::size_t kHeldHeader = 24;

  // Both return the bytes taken; 0 with `error` set on failure.
  std::size_t TakeHeader(std::string_view input, const Limits& limits, bool unauthenticated, std::string& error);
  bool EndHeader(const Limits& limits, bool unauthenticated, std::string& error);

  std::uint64_t pass_ = 0;  // bytes that pass unread
  std::int64_t headers_left_ = 0;
  std::size_t header_bytes_ = 0;  // of the header under way, before its '\r'
  bool header_ended_ = false;     // its '\r' was seen: one byte more, whatever it is
  bool header_blocked_ = false;   // a NUL was seen: Redis never finds the end of such a line
  std::array<char, kHeldHeader> header_{};
};

}  // namespace herdgate::resp
