#include "sidecar/upstream/memory/glob.h"

#include <algorithm>

namespace herdgate::upstream::memory {
namespace {

// `at` stands behind the '[' and is moved behind the class. A class that nothing closes ends with the pattern.
bool ClassMatches(std::string_view pattern, std::size_t& at, unsigned char c) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      found |= static_cast<unsigned char>(pattern[at]) == c;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      auto low = static_cast<unsigned char>(pattern[at]);
      auto high = static_cast<unsigned char>(pattern[at + 2]);
      if (low > high) std::swap(low, high);
      found |= low <= c && c <= high;
      at += 2;
    } else {
      found |= static_cast<unsigned char>(pattern[at]) == c;
    }
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

// Matches one byte with what stands at `at`, which is no star, and moves `at` behind it.
bool OneMatches(std::string_view pattern, std::size_t& at, char c) {
  switch (pattern[at]) {
    case '?':
      ++at;
      return true;
    case '[':
      ++at;
      return ClassMatches(pattern, at, static_cast<unsigned char>(c));
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default:
      return pattern[at++] == c;
  }
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  constexpr std::size_t kNone = std::string_view::npos;
  if (text.empty()) return pattern.empty();  // in Redis not even a star matches nothing at all
  std::size_t at = 0;
  std::size_t position = 0;
  std::size_t star = kNone;       // behind the last star
  std::size_t star_position = 0;  // the text that star has not taken
  while (position < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_position = position;
      continue;
    }
    if (at < pattern.size() && OneMatches(pattern, at, text[position])) {
      ++position;
      continue;
    }
    if (star == kNone) return false;
    at = star;
    position = ++star_position;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace herdgate::upstream::memory
