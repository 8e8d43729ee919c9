#include "sidecar/policy/key_patterns.h"

#include <vector>

#include "sidecar/policy/glob.h"
#include "sidecar/policy/push_channel.h"

namespace herdgate::policy {
namespace {

// The prefix that all keys have which begin with `literal`, but for their tags; nothing if they differ.
struct Common {
  std::string_view base;
  bool tags = false;    // some have a tag's version
  bool tagged = false;  // some may get one
};
std::optional<Common> CommonPrefix(const Snapshot& snapshot, std::string_view literal) {
  const std::vector<std::size_t> possible = snapshot.set().Possible(literal);
  Common common{.base = snapshot.BasePrefix(possible.front())};
  for (const std::size_t index : possible) {
    if (snapshot.BasePrefix(index) != common.base) return std::nullopt;
    if (index == PolicySet::kNone) continue;
    common.tags |= snapshot.tag_table(index) != nullptr;
    common.tagged |= snapshot.set().at(index).tagged();
  }
  return common;
}

// A glob that the names of all keys match which the glob matches, whatever their tags: "v7.17*:user:*".
std::string WithAnyTags(std::string_view base, std::string_view glob) {
  return EscapeGlob(base.substr(0, base.size() - 1)).append("*:").append(glob);
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
  std::optional<Common> common = CommonPrefix(snapshot, literal);
  if ((!common || common->tags) && IsLiteral(glob))
    common = Common{.base = snapshot.Prefix(snapshot.set().Match(literal), literal)};
  // Redis takes a lone '*' for any key, the empty one too, which "**" does not match.
  if (!common) return {glob.starts_with('*') ? std::string(glob) : "*" + std::string(glob), false};
  if (common->base.empty()) return {std::string(glob), !MayMatchVersioned(literal)};
  if (common->tags) return {WithAnyTags(common->base, glob), false};
  return {EscapeGlob(common->base).append(glob), true};
}

std::optional<std::string> TranslateSort(const Snapshot& snapshot, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::string(pattern);
  const std::optional<Common> common = CommonPrefix(snapshot, pattern.substr(0, star));
  if (!common || common->tagged) return std::nullopt;
  return std::string(common->base).append(pattern);
}

std::string TranslateChannel(const Snapshot& snapshot, std::string_view channel, bool is_pattern) {
  return is_pattern ? PhysicalChannelPattern(snapshot, channel) : PhysicalChannel(snapshot, channel);
}

std::optional<std::string> TranslateTrackingPrefix(const Snapshot& snapshot, std::string_view prefix) {
  const std::optional<Common> common = CommonPrefix(snapshot, prefix);
  if (!common || common->tagged) return std::nullopt;
  return std::string(common->base).append(prefix);
}

}  // namespace herdgate::policy
