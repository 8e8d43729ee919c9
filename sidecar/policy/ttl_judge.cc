#include "sidecar/policy/ttl_judge.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "sidecar/policy/expiry_options.h"
#include "sidecar/policy/ttl_rule.h"
#include "sidecar/resp/request_header.h"

namespace herdgate::policy {
namespace {

using command::TtlEffect;
using std::chrono::milliseconds;
using Kind = ExpiryOptions::Kind;

bool IsAbsolute(ExpiryUnit unit) {
  return unit == ExpiryUnit::kAtSeconds || unit == ExpiryUnit::kAtMilliseconds;
}

std::int64_t NowMs(const Review& review) {
  return review.context.now.time_since_epoch().count();
}

void Give(const Review& review, const JudgedKey& key) {
  if (review.context.in_multi && review.PolicyOf(key).ttl.missing == MissingTtl::kReject)
    review.plan.given.push_back(review.PhysicalName(key));
}

// An expiry that the app asked for. The number to send in its place, in milliseconds of the same kind (relative or
// absolute); nothing if it stays as it is.
std::optional<std::int64_t> JudgeExpiry(const Review& review, const JudgedKey& key, std::int64_t asked, bool absolute) {
  const std::int64_t now = absolute ? NowMs(review) : 0;
  if (asked <= now) return std::nullopt;  // it deletes the key, or is an error
  Give(review, key);
  const TtlRules& rules = review.PolicyOf(key).ttl;
  if (!rules.any()) return std::nullopt;
  const milliseconds requested(asked - now);
  const TtlOutcome outcome = ApplyTtl(rules, requested, review.context.random);
  review.plan.judgements.push_back(
      {.policy = key.policy, .action = outcome.action, .requested = requested, .applied = outcome.applied});
  if (outcome.action == TtlAction::kUnchanged || !review.IsEnforced(key)) return std::nullopt;
  return now + outcome.applied.count();
}

// The default, for a key that would have no expiry.
milliseconds Default(const Review& review, const JudgedKey& key) {
  const TtlRules& rules = review.PolicyOf(key).ttl;
  const milliseconds applied = ApplyTtl(rules, rules.default_ttl, review.context.random).applied;
  review.plan.judgements.push_back(
      {.policy = key.policy, .action = TtlAction::kApplied, .requested = milliseconds(0), .applied = applied});
  return applied;
}

void Allow(const Review& review, const JudgedKey& key) {
  review.plan.judgements.push_back({.policy = key.policy, .action = TtlAction::kAllowed});
}

void Reject(const Review& review, const JudgedKey& key) {
  review.plan.judgements.push_back({.policy = key.policy, .action = TtlAction::kRejected});
  const Policy& policy = review.PolicyOf(key);
  const std::string text = "policy '" + policy.name + "' requires a TTL on " + ShownName(review.spec);
  if (!review.context.in_multi || policy.mode != Mode::kEnforce)
    return review.Refuse(key.policy, Refusal::kMissingTtl, text);
  review.plan.missing.push_back(
      {.key = review.PhysicalName(key), .policy = key.policy, .error = "-EXECABORT herdgate: " + text + "\r\n"});
}

void FollowUpWith(const Review& review, const JudgedKey& key, milliseconds ttl, bool only_shorten) {
  if (!review.IsEnforced(key)) return;
  review.plan.follow_ups.push_back({.key = review.PhysicalName(key), .ttl = ttl, .only_shorten = only_shorten});
}

// A command that may leave `key` without an expiry, and can't carry one.
void Follow(const Review& review, const JudgedKey& key) {
  const TtlRules& rules = review.PolicyOf(key).ttl;
  if (!rules.any()) return;
  if (rules.missing == MissingTtl::kReject && review.context.in_multi) return Reject(review, key);
  if (rules.missing == MissingTtl::kAllow || rules.default_ttl.count() == 0) return Allow(review, key);
  FollowUpWith(review, key, Default(review, key), false);
}

// A command that can carry an expiry and has none. The default to send with it; nothing if it stays as it is.
std::optional<milliseconds> Missing(const Review& review, const JudgedKey& key) {
  const TtlRules& rules = review.PolicyOf(key).ttl;
  if (!rules.any()) return std::nullopt;
  if (rules.missing == MissingTtl::kAllow) {
    Allow(review, key);
  } else if (rules.missing == MissingTtl::kReject) {
    Reject(review, key);
  } else if (const milliseconds applied = Default(review, key); review.IsEnforced(key)) {
    return applied;
  }
  return std::nullopt;
}

void ReplaceNumber(const Review& review, std::size_t argument, std::int64_t value) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  review.edits.Replace(argument, {text.data(), static_cast<std::size_t>(end - text.data())});
}

// An option and its value: EX 60 -> PX 59000.
void JudgeOption(const Review& review, const JudgedKey& key, const ExpiryOptions& options) {
  const auto asked = ReadExpiry(review.args[options.at + 1], options.unit);
  if (!asked) return;
  const bool absolute = IsAbsolute(options.unit);
  const auto instead = JudgeExpiry(review, key, *asked, absolute);
  if (!instead) return;
  review.edits.Replace(options.at, absolute ? "PXAT" : "PX");
  ReplaceNumber(review, options.at + 1, *instead);
}

void JudgeSet(const Review& review, const JudgedKey& key) {
  const ExpiryOptions options = ReadSetOptions(review.args);
  switch (options.kind) {
    case Kind::kExpiry:
      return JudgeOption(review, key, options);
    case Kind::kKeep:
      return Follow(review, key);
    case Kind::kNone:
      if (const auto ttl = Missing(review, key)) {
        review.edits.Append("PX");
        review.edits.Append(std::to_string(ttl->count()));
      }
      return;
    default:
      return;
  }
}

void JudgeGetset(const Review& review, const JudgedKey& key) {
  const auto ttl = Missing(review, key);
  if (!ttl) return;
  review.edits.Replace(0, "SET");
  for (const std::string& word : {std::string("PX"), std::to_string(ttl->count()), std::string("GET")})
    review.edits.Append(word);
}

void JudgeGetex(const Review& review, const JudgedKey& key) {
  const ExpiryOptions options = ReadGetexOptions(review.args);
  if (options.kind == Kind::kExpiry) return JudgeOption(review, key, options);
  if (options.kind != Kind::kPersist) return;
  if (const auto ttl = Missing(review, key)) {
    review.edits.Replace(options.at, "PX");
    review.edits.Append(std::to_string(ttl->count()));
  }
}

// SETEX key seconds value, PSETEX key milliseconds value.
void JudgeSetex(const Review& review, const JudgedKey& key) {
  constexpr std::size_t kTime = 2;
  const auto unit = review.spec.name == "setex" ? ExpiryUnit::kSeconds : ExpiryUnit::kMilliseconds;
  const auto asked = ReadExpiry(review.args[kTime], unit);
  if (!asked) return;
  const auto instead = JudgeExpiry(review, key, *asked, false);
  if (!instead) return;
  review.edits.Replace(0, "PSETEX");
  ReplaceNumber(review, kTime, *instead);
}

// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT key time [NX | XX | GT | LT]
void JudgeExpire(const Review& review, const JudgedKey& key) {
  constexpr std::size_t kTime = 2;
  const bool absolute = review.spec.name.ends_with("at");
  const bool fine = review.spec.name.starts_with("p");
  const auto unit = fine ? ExpiryUnit::kMilliseconds : ExpiryUnit::kSeconds;
  const auto asked = ReadExpiry(review.args[kTime], unit);
  if (!asked) {
    std::int64_t past = 0;
    if (resp::ParseStrictInteger(review.args[kTime], past)) Give(review, key);  // it deletes the key
    return;
  }
  const auto instead = JudgeExpiry(review, key, *asked, absolute);
  if (!instead) return;
  review.edits.Replace(0, absolute ? "PEXPIREAT" : "PEXPIRE");
  ReplaceNumber(review, kTime, *instead);
}

// RESTORE key ttl payload [REPLACE] [ABSTTL] ...
void JudgeRestore(const Review& review, const JudgedKey& key) {
  constexpr std::size_t kTime = 2;
  bool absolute = false;
  for (std::size_t i = kTime + 2; i < review.args.size(); ++i) absolute |= IsWord(review.args[i], "ABSTTL");
  if (review.args[kTime] == "0") {
    if (const auto ttl = Missing(review, key))
      ReplaceNumber(review, kTime, ttl->count() + (absolute ? NowMs(review) : 0));
    return;
  }
  const auto asked = ReadExpiry(review.args[kTime], ExpiryUnit::kMilliseconds);
  if (!asked) return;
  if (const auto instead = JudgeExpiry(review, key, *asked, absolute)) ReplaceNumber(review, kTime, *instead);
}

// COPY and RENAME: the new key has the old one's expiry, which may be none or too long.
void JudgeCopied(const Review& review, const JudgedKey& key) {
  for (const std::string_view arg : review.args.subspan(1)) {
    if (review.spec.name == "copy" && IsWord(arg, "DB")) return;  // the follow-up would look in this database
  }
  const TtlRules& rules = review.PolicyOf(key).ttl;
  Follow(review, key);
  const bool bounded = rules.max.count() > 0 && rules.missing != MissingTtl::kAllow && rules.default_ttl.count() > 0;
  if (bounded && !(review.context.in_multi && rules.missing == MissingTtl::kReject))
    FollowUpWith(review, key, rules.max, true);
}

// The commands with a form of their own; false for all others.
bool JudgeByName(const Review& review, const JudgedKey& key) {
  const std::string_view name = review.spec.name;
  if (name == "set") return JudgeSet(review, key), true;
  if (name == "setex" || name == "psetex") return JudgeSetex(review, key), true;
  if (name == "getex") return JudgeGetex(review, key), true;
  if (name == "getset") return JudgeGetset(review, key), true;
  if (name == "restore" || name == "restore-asking") return JudgeRestore(review, key), true;
  if (name == "expire" || name == "pexpire" || name == "expireat" || name == "pexpireat")
    return JudgeExpire(review, key), true;
  return false;
}

void JudgeKey(const Review& review, const JudgedKey& key) {
  const std::string_view name = review.spec.name;
  switch (review.spec.ttl) {
    case TtlEffect::kTtlNone:
      if (key.access == command::KeyAccess::kRemove) Give(review, key);
      return;
    case TtlEffect::kTtlSets:
      return;
    case TtlEffect::kTtlCopies:
      if (name == "move") return;
      if (key.access == command::KeyAccess::kOverwrite) return JudgeCopied(review, key);
      if (key.access != command::KeyAccess::kRead) Give(review, key);  // RENAME takes it away
      return;
    case TtlEffect::kTtlRemoves:
      if (review.PolicyOf(key).ttl.missing == MissingTtl::kReject) return (void)Missing(review, key);
      return Follow(review, key);
    default:
      if (!key.is_written()) return;
      if (name == "setnx" && review.PolicyOf(key).ttl.missing == MissingTtl::kReject) return (void)Missing(review, key);
      return Follow(review, key);
  }
}

}  // namespace

void JudgeTtl(const Review& review) {
  if (!review.spec.AcceptsCount(review.args.size())) return;
  for (const JudgedKey& key : review.keys) {
    if (review.PolicyOf(key).ttl.any() && !JudgeByName(review, key)) JudgeKey(review, key);
  }
}

}  // namespace herdgate::policy
