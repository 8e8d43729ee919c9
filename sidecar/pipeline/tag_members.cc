#include "sidecar/pipeline/tag_members.h"

#include <algorithm>
#include <set>
#include <vector>

#include "sidecar/pipeline/texts.h"
#include "sidecar/policy/snapshot.h"
#include "sidecar/policy/tag_rules.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {
namespace {

// KEYS: the key, then the sets. ARGV: the member, how long it counts in ms, and 1 if the key's own expiry may be longer
// than that. A few of the members whose time is over are looked at, so the work is bounded.
constexpr std::string_view kScript = R"lua(
local time = redis.call('TIME')
local now, life = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
if ARGV[3] == '1' then
  local left = redis.call('PTTL', KEYS[1])
  if left == -1 then life = nil elseif left > life then life = left end
end
local till = life and string.format('%.0f', now + life) or 'inf'
for i = 2, #KEYS do
  local over = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', string.format('%.0f', now), 'LIMIT', 0, 10)
  local left = redis.call('PTTL', KEYS[i])
  local score = redis.call('ZSCORE', KEYS[i], ARGV[1])
  if not score or (score ~= 'inf' and (not life or tonumber(score) < now + life)) then
    redis.call('ZADD', KEYS[i], till, ARGV[1])
  end
  for j = 1, #over do
    if over[j] ~= ARGV[1] then redis.call('ZREM', KEYS[i], over[j]) end
  end
  if not life then
    redis.call('PERSIST', KEYS[i])
  elseif left == -2 or (left >= 0 and left < life + 60000) then
    redis.call('PEXPIRE', KEYS[i], string.format('%.0f', life + 60000))
  end
end
return redis.status_reply('OK')
)lua";

std::string SetName(std::string_view kind, std::string_view tag, TagSchema schema) {
  std::string name = std::string(policy::kOwnKeyPrefix).append(kind);
  if (schema) name.append("-v").append(std::to_string(*schema));
  return name.append(":").append(tag);
}

}  // namespace

std::string TagMembersKey(std::string_view tag, TagSchema schema) {
  return SetName("tag", tag, schema);
}

std::string TakenMembersKey(std::string_view tag, TagSchema schema) {
  return SetName("tag-taken", tag, schema);
}

TagSchema TagSchemaOf(const policy::SnapshotPtr& snapshot, std::size_t policy) {
  if (!snapshot || policy == policy::PolicySet::kNone) return std::nullopt;
  const policy::Policy& found = snapshot->set().at(policy);
  return found.mode == policy::Mode::kEnforce ? found.version.schema : std::nullopt;
}

std::vector<TagSchema> TagSchemasOf(const policy::SnapshotPtr& snapshot) {
  std::set<TagSchema> schemas = {std::nullopt};
  for (std::size_t i = 0; snapshot && i < snapshot->set().size(); ++i) schemas.insert(TagSchemaOf(snapshot, i));
  return {schemas.begin(), schemas.end()};
}

bool IsTagCommand(std::string_view name) {
  return texts::Equals(name, "herdgate.tag");
}

std::string_view WrongTagArguments(std::span<const std::string_view> args) {
  constexpr std::size_t kFirstTag = 2;
  if (args.size() <= kFirstTag) return "-ERR wrong number of arguments for 'herdgate.tag' command\r\n";
  const auto tags = args.subspan(kFirstTag);
  const auto fits = [](std::string_view tag) { return !tag.empty() && tag.size() <= policy::TagRules::kMostTagBytes; };
  if (tags.size() > kMostTagsAtOnce || !std::ranges::all_of(tags, fits))
    return "-ERR herdgate: HERDGATE.TAG takes 1 to 16 tags of 1 to 256 bytes\r\n";
  if (args[1].starts_with(policy::kOwnKeyPrefix)) return "-ERR herdgate: the sidecar's own keys have no tags\r\n";
  return {};
}

std::string TagRequest(const TaggedKey& key, std::span<const std::string_view> tags) {
  const bool bounded = key.longest.count() > 0;
  std::vector<std::string> words = {"EVAL", std::string(kScript), std::to_string(tags.size() + 1), key.physical};
  for (const std::string_view tag : tags) words.push_back(TagMembersKey(tag, key.schema));
  words.emplace_back(key.logical);
  words.push_back(std::to_string((bounded ? key.longest : kMemberLife).count()));
  words.emplace_back(bounded ? "0" : "1");
  const std::vector<std::string_view> args(words.begin(), words.end());
  std::string request;
  resp::AppendRequest(request, args);
  return request;
}

}  // namespace herdgate::pipeline
