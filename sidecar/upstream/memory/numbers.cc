#include "sidecar/upstream/memory/numbers.h"

#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sidecar/resp/request_header.h"

namespace herdgate::upstream::memory {
namespace {

// The longest text that Redis looks at as a float.
constexpr std::size_t kMostFloatBytes = 5UL * 1024;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool ParseInteger(std::string_view text, std::int64_t& value) {
  return resp::ParseStrictInteger(text, value);
}

bool ParseFloat(std::string_view text, long double& value) {
  if (text.empty() || text.size() >= kMostFloatBytes || std::isspace(static_cast<unsigned char>(text[0])) != 0)
    return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  value = std::strtold(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(value)) return false;
  return errno != ERANGE || (!std::isinf(value) && std::fpclassify(value) != FP_ZERO);
}

std::string FormatFloat(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 5UL * 1024> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.17Lf", value);
  if (length < 0 || static_cast<std::size_t>(length) >= buffer.size()) return "0";
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

bool AddInteger(std::int64_t a, std::int64_t b, std::int64_t& sum) {
  return !__builtin_add_overflow(a, b, &sum);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = Lower(c);
  return lower;
}

}  // namespace herdgate::upstream::memory
