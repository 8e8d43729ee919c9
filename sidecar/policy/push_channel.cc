#include "sidecar/policy/push_channel.h"

#include <optional>

#include "sidecar/policy/glob.h"

namespace herdgate::policy {
namespace {

constexpr std::string_view kKeyspace = "__keyspace@";
constexpr std::string_view kKeyevent = "__keyevent@";
constexpr std::string_view kDatabaseEnd = "__:";
constexpr std::string_view kAnyVersion = "**";
constexpr std::string_view kAnyGeneration = "[0-9]*";

// Behind "__keyspace@0__:"; 0 if the channel does not begin so.
std::size_t BehindDatabase(std::string_view channel, std::string_view kind) {
  if (!channel.starts_with(kind)) return 0;
  std::size_t at = kind.size();
  while (at < channel.size() && channel[at] >= '0' && channel[at] <= '9') ++at;
  return at > kind.size() && channel.substr(at).starts_with(kDatabaseEnd) ? at + kDatabaseEnd.size() : 0;
}

// What a pattern's part before the key may match.
struct KeyPart {
  std::size_t begin = 0;  // in the pattern; 0: it names no keys
  bool events = false;    // __keyevent@N__: channels too
};

bool MayBegin(std::string_view literal, std::string_view kind) {
  return literal.starts_with(kind) || kind.starts_with(literal);
}

KeyPart FindKeyPart(std::string_view pattern) {
  const std::size_t end = pattern.find(kDatabaseEnd);
  if (end == std::string_view::npos) return {};
  const std::string literal = LiteralPrefix(pattern.substr(0, end));
  if (!MayBegin(literal, kKeyspace)) return {};
  return {end + kDatabaseEnd.size(), MayBegin(literal, kKeyevent)};
}

// The version of a policy as a pattern over all its generations: "v7.[0-9]*:".
std::string VersionPattern(const Policy& policy) {
  if (policy.mode != Mode::kEnforce) return {};
  std::string version = policy.version.schema ? "v" + std::to_string(*policy.version.schema) : std::string();
  if (policy.version.generation) version += (version.empty() ? "g" : ".") + std::string(kAnyGeneration);
  return version.empty() ? version : version + ":";
}

// The version pattern of all keys that match the glob; nothing if it is not the same for all.
std::optional<std::string> VersionOf(const PolicySet& set, std::string_view glob) {
  const PolicySet::PrefixMatch match = set.MatchPrefix(LiteralPrefix(glob));
  if (!match.same) return std::nullopt;
  return match.index == PolicySet::kNone ? std::string() : VersionPattern(set.at(match.index));
}

}  // namespace

std::size_t KeyspaceChannelKey(std::string_view channel) {
  return BehindDatabase(channel, kKeyspace);
}

bool IsKeyeventChannel(std::string_view channel) {
  return BehindDatabase(channel, kKeyevent) > 0;
}

std::string PhysicalChannel(const Snapshot& snapshot, std::string_view channel) {
  const std::size_t key = KeyspaceChannelKey(channel);
  if (key == 0) return std::string(channel);
  return std::string(channel.substr(0, key)) + snapshot.Physical(channel.substr(key));
}

std::string LogicalChannel(const Snapshot& snapshot, std::string_view channel) {
  const std::size_t key = KeyspaceChannelKey(channel);
  if (key == 0) return std::string(channel);
  return std::string(channel.substr(0, key)).append(snapshot.Logical(channel.substr(key)));
}

std::string PhysicalChannelPattern(const Snapshot& snapshot, std::string_view pattern) {
  const KeyPart part = FindKeyPart(pattern);
  if (part.begin == 0 || !snapshot.versions()) return std::string(pattern);
  const std::string_view key = pattern.substr(part.begin);
  std::string physical(pattern.substr(0, part.begin));
  const std::optional<std::string> version = VersionOf(snapshot.set(), key);
  const bool wide = part.events || !version || key.starts_with(kAnyVersion);
  physical += wide ? kAnyVersion : std::string_view(*version);
  physical += key;
  return physical;
}

std::string LogicalChannelPattern(const Snapshot& snapshot, std::string_view pattern) {
  const KeyPart part = FindKeyPart(pattern);
  if (part.begin == 0 || !snapshot.versions()) return std::string(pattern);
  std::string logical(pattern.substr(0, part.begin));
  std::string_view key = pattern.substr(part.begin);
  if (key.starts_with(kAnyVersion)) return logical.append(key.substr(kAnyVersion.size()));
  for (const Policy& policy : snapshot.set().policies()) {
    const std::string version = VersionPattern(policy);
    if (version.empty() || !key.starts_with(version)) continue;
    if (VersionOf(snapshot.set(), key.substr(version.size())) == version)
      return logical.append(key.substr(version.size()));
  }
  return logical.append(key);
}

}  // namespace herdgate::policy
