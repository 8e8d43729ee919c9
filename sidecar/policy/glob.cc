#include "sidecar/policy/glob.h"

#include <algorithm>

namespace herdgate::policy {
namespace {

// Redis compares ranges as plain char, which is signed on the platforms that it runs on most.
bool InRange(char from, char to, char c) {
  const auto first = static_cast<signed char>(from);
  const auto last = static_cast<signed char>(to);
  const auto byte = static_cast<signed char>(c);
  return byte >= std::min(first, last) && byte <= std::max(first, last);
}

// A class, `at` being behind its '['. As in Redis: the end of the glob closes it too, '\' takes the next byte
// literally, a range may end with any byte, ']' included.
bool ClassHas(std::string_view glob, std::size_t& at, char c) {
  const bool negated = at < glob.size() && glob[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < glob.size() && glob[at] != ']') {
    const std::size_t left = glob.size() - at;
    if (glob[at] == '\\' && left >= 2) {
      found |= glob[at + 1] == c;
      at += 2;
    } else if (left >= 3 && glob[at + 1] == '-') {
      found |= InRange(glob[at], glob[at + 2], c);
      at += 3;
    } else {
      found |= glob[at] == c;
      ++at;
    }
  }
  at = std::min(at + 1, glob.size());
  return found != negated;
}

// Whether the one-byte token at `at` (anything but '*') stands for c; `at` moves behind it if so.
bool TokenMatches(std::string_view glob, std::size_t& at, char c) {
  std::size_t next = at + 1;
  bool matches = true;
  switch (glob[at]) {
    case '?':
      break;
    case '[':
      matches = ClassHas(glob, next, c);
      break;
    case '\\':
      if (next < glob.size()) ++next;
      [[fallthrough]];
    default:
      matches = glob[next - 1] == c;
  }
  if (matches) at = next;
  return matches;
}

std::size_t BehindStars(std::string_view glob, std::size_t at) {
  while (at < glob.size() && glob[at] == '*') ++at;
  return at;
}

bool IsSpecial(char c) {
  return c == '*' || c == '?' || c == '[';
}

// Bytes of the glob that its literal prefix takes.
std::size_t LiteralSize(std::string_view glob) {
  std::size_t at = 0;
  while (at < glob.size() && !IsSpecial(glob[at])) at += glob[at] == '\\' && at + 1 < glob.size() ? 2 : 1;
  return at;
}

}  // namespace

bool GlobMatches(std::string_view glob, std::string_view text) {
  constexpr std::size_t kMostStars = 1000;  // Redis gives up on more
  if (text.empty()) return glob.empty();    // Redis: not even "*" matches the empty text
  std::size_t stars = 0;
  std::size_t at = 0;      // in the glob
  std::size_t behind = 0;  // the last run of '*'; 0: none yet
  std::size_t from = 0;    // the text that this run does not cover
  for (std::size_t i = 0; i < text.size();) {
    if (at < glob.size() && glob[at] == '*') {
      behind = at = BehindStars(glob, at);
      from = i;
      if (at == glob.size()) return true;
      if (++stars > kMostStars) return false;
    } else if (at < glob.size() && TokenMatches(glob, at, text[i])) {
      ++i;
    } else {
      // Every token takes one byte, so only the last run needs to be tried at another length.
      if (behind == 0) return false;
      at = behind;
      i = ++from;
    }
  }
  return BehindStars(glob, at) == glob.size();
}

std::string LiteralPrefix(std::string_view glob) {
  const std::size_t size = LiteralSize(glob);
  std::string prefix;
  for (std::size_t i = 0; i < size; ++i) {
    if (glob[i] == '\\' && i + 1 < size) ++i;
    prefix += glob[i];
  }
  return prefix;
}

bool IsPrefixGlob(std::string_view glob) {
  const std::size_t size = LiteralSize(glob);
  return size < glob.size() && BehindStars(glob, size) == glob.size();
}

std::string EscapeGlob(std::string_view text) {
  std::string glob;
  for (const char c : text) {
    if (IsSpecial(c) || c == '\\') glob += '\\';
    glob += c;
  }
  return glob;
}

}  // namespace herdgate::policy
