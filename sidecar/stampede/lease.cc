#include "sidecar/stampede/lease.h"

#include <algorithm>
#include <charconv>

#include "sidecar/stampede/own_names.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

// KEYS: the data key, its lease. ARGV: token, lease in ms, PTTL below which a value counts as missing (-1: never).
// Redis tracks what a read names (7.0: all keys of the script at its first read), and pushes what was tracked before it
// was written, to the writer too. So the lease is written before anything is read by a command that counts as a read:
// GETEX without options is a GET that counts as a write. The reads at the end are there to be tracked. A lease that
// somebody has made persistent gets an expiry again.
constexpr std::string_view kAsk = R"lua(
local value = redis.call('GETEX', KEYS[1])
if value then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 or left > tonumber(ARGV[3]) then return {'value', value, left} end
end
local won = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
redis.call('EXISTS', KEYS[1])
local owner, left = redis.call('GET', KEYS[2]), redis.call('PTTL', KEYS[2])
local lives = value and 'lives' or ''
if won then return {'won', lives, left} end
if left < 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  left = tonumber(ARGV[2])
end
if owner == ARGV[1] then return {'mine', lives, left} end
return {'lost', owner, left}
)lua";

// KEYS: the lease. ARGV: token, lease in ms.
constexpr std::string_view kRenew =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";

// KEYS: the lease. ARGV: token.
constexpr std::string_view kRelease =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

std::string Text(milliseconds duration) {
  return std::to_string(std::max<std::int64_t>(duration.count(), 1));
}

Arguments Ask(std::string_view key, std::string_view token, milliseconds lease, std::string below) {
  return {"EVAL",           std::string(kAsk),  "2",         std::string(key),
          LeaseNameOf(key), std::string(token), Text(lease), std::move(below)};
}

std::optional<AskResult> ResultNamed(std::string_view name) {
  if (name == "value") return AskResult::kValue;
  if (name == "won") return AskResult::kWon;
  if (name == "mine") return AskResult::kMine;
  if (name == "lost") return AskResult::kLost;
  return std::nullopt;
}

}  // namespace

std::string LeaseNameOf(std::string_view key) {
  return NameBeside(kLeasePrefix, key);
}

std::optional<std::string_view> KeyOfLease(std::string_view name) {
  return KeyBeside(kLeasePrefix, name);
}

std::string LeaseToken(std::string_view pod, FlightId flight) {
  char digits[16];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), flight, 16);
  static_cast<void>(error);  // 64 bits have at most 16 digits
  std::string token(pod);
  token += ':';
  return token.append(digits, end);
}

bool IsTokenOf(std::string_view token, std::string_view pod) {
  return token.size() > pod.size() && token.starts_with(pod) && token[pod.size()] == ':';
}

Arguments AskArguments(std::string_view key, std::string_view token, milliseconds lease) {
  return Ask(key, token, lease, "-1");
}

Arguments AskRefreshArguments(std::string_view key, std::string_view token, milliseconds lease,
                              milliseconds refresh_below) {
  return Ask(key, token, lease, std::to_string(std::max<std::int64_t>(refresh_below.count(), 0)));
}

Arguments RenewArguments(std::string_view key, std::string_view token, milliseconds lease) {
  return {"EVAL", std::string(kRenew), "1", LeaseNameOf(key), std::string(token), Text(lease)};
}

Arguments ReleaseArguments(std::string_view key, std::string_view token) {
  return {"EVAL", std::string(kRelease), "1", LeaseNameOf(key), std::string(token)};
}

Arguments DropArguments(std::string_view key) {
  return {"DEL", LeaseNameOf(key)};
}

AskReply ReadAskReply(const resp::Reply& reply) {
  if (reply.type == resp::ReplyType::kError) return {.text = reply.text};
  if (reply.type != resp::ReplyType::kArray || reply.elements.size() != 3) return {};
  const resp::Reply& text = reply.elements[1];
  const resp::Reply& left = reply.elements[2];
  const std::optional<AskResult> result = ResultNamed(reply.elements[0].text);
  if (!result || !text.is_text() || left.type != resp::ReplyType::kInteger) return {};
  const bool held = *result == AskResult::kWon || *result == AskResult::kMine;
  return {.result = *result,
          .remaining = milliseconds(left.integer),
          .text = text.text,
          .value_lives = held && !text.text.empty()};
}

HeldReply ReadHeldReply(const resp::Reply& reply) {
  if (reply.type != resp::ReplyType::kInteger) return HeldReply::kUnknown;
  return reply.integer == 1 ? HeldReply::kHeld : HeldReply::kLost;
}

}  // namespace herdgate::stampede
