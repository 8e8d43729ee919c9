#include "sidecar/resp/request_stream.h"

#include <algorithm>

#include "sidecar/resp/request_header.h"

namespace herdgate::resp {

void RequestStream::Begin(std::uint64_t known_bytes, std::int64_t headers_left) {
  *this = RequestStream();
  pass_ = known_bytes;
  headers_left_ = headers_left;
}

std::size_t RequestStream::Take(std::string_view input, const Limits& limits, bool unauthenticated,
                                std::string& error) {
  std::size_t taken = 0;
  while (taken < input.size() && !done()) {
    if (pass_ > 0) {
      const std::uint64_t step = std::min<std::uint64_t>(pass_, input.size() - taken);
      pass_ -= step;
      taken += step;
      continue;
    }
    const std::size_t step = TakeHeader(input.substr(taken), limits, unauthenticated, error);
    if (!error.empty()) break;
    taken += step;
  }
  return taken;
}

std::size_t RequestStream::TakeHeader(std::string_view input, const Limits& limits, bool unauthenticated,
                                      std::string& error) {
  std::size_t at = 0;
  for (; at < input.size() && !header_ended_; ++at) {
    const char c = input[at];
    header_ended_ = c == '\r' && !header_blocked_;
    if (header_ended_) continue;
    header_blocked_ |= c == '\0';
    if (header_bytes_ < header_.size()) header_[header_bytes_] = c;
    if (++header_bytes_ > limits.max_inline_bytes) {
      error = EndlessHeaderError(headers_left_ == kUnknown);
      return 0;
    }
  }
  if (!header_ended_ || at == input.size()) return at;
  return EndHeader(limits, unauthenticated, error) ? at + 1 : 0;
}

bool RequestStream::EndHeader(const Limits& limits, bool unauthenticated, std::string& error) {
  const std::string_view line(header_.data(), std::min(header_bytes_, header_.size()));
  std::int64_t value = 0;
  if (headers_left_ == kUnknown) {
    if (!ReadCountLine(line, limits, unauthenticated, value, error)) return false;
    headers_left_ = std::max<std::int64_t>(value, 0);
  } else {
    if (!ReadBulkLine(line, limits, unauthenticated, value, error)) return false;
    --headers_left_;
    pass_ = static_cast<std::uint64_t>(value) + 2;
  }
  header_bytes_ = 0;
  header_ended_ = false;
  return true;
}

}  // namespace herdgate::resp
