#include "sidecar/stampede/shadow.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sidecar/stampede/own_names.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

// KEYS: the data key, its shadow. ARGV: copy below so many ms, the window in ms, the most bytes.
// Two shadows of one value differ by the milliseconds that a script takes (before 7.0, where time passes within it).
constexpr std::string_view kCopy = R"lua(
local left = redis.call('PTTL', KEYS[1])
if left == -1 then return {'no_end', 0} end
if left <= 0 then return {'gone', 0} end
if left > tonumber(ARGV[1]) then return {'early', left} end
local ends = left + tonumber(ARGV[2])
if math.abs(redis.call('PTTL', KEYS[2]) - ends) <= 5 then return {'there', left} end
if redis.call('GETRANGE', KEYS[2], 0, 1) == '0:' then return {'there', left} end
if redis.call('STRLEN', KEYS[1]) > tonumber(ARGV[3]) then return {'too_large', left} end
redis.call('SET', KEYS[2], ARGV[2] .. ':' .. redis.call('GET', KEYS[1]), 'PX', ends)
return {'copied', left}
)lua";

// KEYS: the data key, its shadow. A shadow that somebody has made persistent says nothing of its value's end.
constexpr std::string_view kRead = R"lua(
if redis.call('EXISTS', KEYS[1]) == 1 then return {'lives', '', 0, 0} end
local old = redis.call('GET', KEYS[2])
if not old then return {'nothing', '', 0, 0} end
local left = redis.call('PTTL', KEYS[2])
local colon = string.find(old, ':', 1, true)
local window = colon and tonumber(string.sub(old, 1, colon - 1))
if not window or left < 0 or left > window + 20 then
  redis.call('DEL', KEYS[2])
  return {'removed', '', 0, 0}
end
if left > window then return {'early', '', 0, 0} end
return {'old', string.sub(old, colon + 1), window - left, left}
)lua";

// KEYS: the shadow.
constexpr std::string_view kRemove = R"lua(
if redis.call('GETRANGE', KEYS[1], 0, 1) == '0:' then return 0 end
return redis.call('UNLINK', KEYS[1])
)lua";

std::string Text(milliseconds duration) {
  return std::to_string(std::max<std::int64_t>(duration.count(), 1));
}

constexpr std::array<std::pair<std::string_view, CopyResult>, 6> kCopyNames = {{{"copied", CopyResult::kCopied},
                                                                                {"there", CopyResult::kThere},
                                                                                {"early", CopyResult::kEarly},
                                                                                {"no_end", CopyResult::kNoEnd},
                                                                                {"gone", CopyResult::kGone},
                                                                                {"too_large", CopyResult::kTooLarge}}};
constexpr std::array<std::pair<std::string_view, ShadowResult>, 5> kReadNames = {{{"old", ShadowResult::kOld},
                                                                                  {"nothing", ShadowResult::kNothing},
                                                                                  {"lives", ShadowResult::kLives},
                                                                                  {"early", ShadowResult::kEarly},
                                                                                  {"removed", ShadowResult::kRemoved}}};

// The result that the reply's first element names; `failed` if it has another form.
template <typename Result, std::size_t kCount>
Result Named(const resp::Reply& reply, std::size_t elements,
             const std::array<std::pair<std::string_view, Result>, kCount>& names, Result failed) {
  if (reply.type != resp::ReplyType::kArray || reply.elements.size() != elements) return failed;
  const auto found = std::ranges::find(names, reply.elements[0].text, &std::pair<std::string_view, Result>::first);
  return found == names.end() ? failed : found->second;
}

bool IsInteger(const resp::Reply& reply) {
  return reply.type == resp::ReplyType::kInteger;
}

}  // namespace

std::string ShadowNameOf(std::string_view key) {
  return NameBeside(kShadowPrefix, key);
}

std::optional<std::string_view> KeyOfShadow(std::string_view name) {
  return KeyBeside(kShadowPrefix, name);
}

Arguments CopyArguments(std::string_view key, const CopyTerms& terms) {
  return {"EVAL",
          std::string(kCopy),
          "2",
          std::string(key),
          ShadowNameOf(key),
          Text(terms.below),
          Text(terms.window),
          std::to_string(terms.max_bytes)};
}

CopyReply ReadCopyReply(const resp::Reply& reply) {
  if (reply.type == resp::ReplyType::kError) return {.error = reply.text};
  const CopyResult result = Named(reply, 2, kCopyNames, CopyResult::kFailed);
  if (result == CopyResult::kFailed || !IsInteger(reply.elements[1])) return {};
  return {.result = result, .left = milliseconds(reply.elements[1].integer)};
}

Arguments RemoveShadowArguments(std::string_view key) {
  return {"EVAL", std::string(kRemove), "1", ShadowNameOf(key)};
}

Arguments ReadShadowArguments(std::string_view key) {
  return {"EVAL", std::string(kRead), "2", std::string(key), ShadowNameOf(key)};
}

ShadowReply ReadShadowReply(const resp::Reply& reply) {
  if (reply.type == resp::ReplyType::kError) return {.value = reply.text};
  const ShadowResult result = Named(reply, 4, kReadNames, ShadowResult::kFailed);
  if (result == ShadowResult::kFailed || !reply.elements[1].is_text() || !IsInteger(reply.elements[2]) ||
      !IsInteger(reply.elements[3]))
    return {};
  return {.result = result,
          .value = reply.elements[1].text,
          .age = milliseconds(reply.elements[2].integer),
          .left = milliseconds(reply.elements[3].integer)};
}

}  // namespace herdgate::stampede
