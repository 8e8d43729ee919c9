#include "sidecar/policy/key_patterns.h"

#include <vector>

#include "sidecar/policy/glob.h"
#include "sidecar/policy/push_channel.h"

namespace herdgate::policy {
namespace {

// The prefix that all keys have which begin with `literal`; nothing if they differ.
std::optional<std::string_view> CommonPrefix(const Snapshot& snapshot, std::string_view literal) {
  const std::vector<std::size_t> possible = snapshot.set().Possible(literal);
  const std::string_view prefix = snapshot.Prefix(possible.front());
  for (const std::size_t index : possible) {
    if (snapshot.Prefix(index) != prefix) return std::nullopt;
  }
  return prefix;
}

bool IsLiteral(std::string_view glob) {
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] == '\\') {
      ++i;
    } else if (glob[i] == '*' || glob[i] == '?' || glob[i] == '[') {
      return false;
    }
  }
  return true;
}

// Whether a name that begins with a version may match: its first byte is v or g.
bool MayMatchVersioned(std::string_view literal) {
  return literal.empty() || literal.front() == 'v' || literal.front() == 'g';
}

}  // namespace

ListingPattern TranslateListing(const Snapshot& snapshot, std::string_view glob) {
  if (!snapshot.versions()) return {std::string(glob), true};
  const std::string literal = LiteralPrefix(glob);
  std::optional<std::string_view> prefix = CommonPrefix(snapshot, literal);
  if (!prefix && IsLiteral(glob)) prefix = snapshot.Prefix(snapshot.set().Match(literal));
  // Redis takes a lone '*' for any key, the empty one too, which "**" does not match.
  if (!prefix) return {glob.starts_with('*') ? std::string(glob) : "*" + std::string(glob), false};
  if (prefix->empty()) return {std::string(glob), !MayMatchVersioned(literal)};
  return {EscapeGlob(*prefix).append(glob), true};
}

std::optional<std::string> TranslateSort(const Snapshot& snapshot, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::string(pattern);
  const std::optional<std::string_view> prefix = CommonPrefix(snapshot, pattern.substr(0, star));
  if (!prefix) return std::nullopt;
  return std::string(*prefix).append(pattern);
}

std::string TranslateChannel(const Snapshot& snapshot, std::string_view channel, bool is_pattern) {
  return is_pattern ? PhysicalChannelPattern(snapshot, channel) : PhysicalChannel(snapshot, channel);
}

std::optional<std::string> TranslateTrackingPrefix(const Snapshot& snapshot, std::string_view prefix) {
  const std::optional<std::string_view> version = CommonPrefix(snapshot, prefix);
  if (!version) return std::nullopt;
  return std::string(*version).append(prefix);
}

}  // namespace herdgate::policy
