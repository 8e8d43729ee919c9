#include "sidecar/resp/request_header.h"

#include <charconv>
#include <limits>

namespace herdgate::resp {

bool ParseStrictInteger(std::string_view text, std::int64_t& value) {
  const bool negative = !text.empty() && text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return false;
  if (digits.front() == '0' && text.size() > 1) return false;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  return failure == std::errc() && stop == end;
}

bool ReadCountLine(std::string_view line, const Limits& limits, bool unauthenticated, std::int64_t& count,
                   std::string& error) {
  if (!ParseStrictInteger(line.substr(1), count) || count > std::numeric_limits<std::int32_t>::max()) {
    error = "invalid multibulk length";
    return false;
  }
  if (unauthenticated && count > limits.unauthenticated_args) {
    error = "unauthenticated multibulk length";
    return false;
  }
  return true;
}

bool ReadBulkLine(std::string_view line, const Limits& limits, bool unauthenticated, std::int64_t& bytes,
                  std::string& error) {
  // An empty line shows its own '\r', which Redis prints as a space to keep the error on one line.
  const char sigil = line.empty() ? '\r' : line.front();
  if (sigil != '$') {
    error = "expected '$', got '";
    error += sigil == '\r' || sigil == '\n' ? ' ' : sigil;
    error += '\'';
    return false;
  }
  if (!ParseStrictInteger(line.substr(1), bytes) || bytes < 0 || bytes > limits.max_bulk_bytes) {
    error = "invalid bulk length";
    return false;
  }
  if (unauthenticated && bytes > limits.unauthenticated_bulk_bytes) {
    error = "unauthenticated bulk length";
    return false;
  }
  return true;
}

std::string EndlessHeaderError(bool is_count) {
  return is_count ? "too big mbulk count string" : "too big bulk count string";
}

}  // namespace herdgate::resp
