#include "sidecar/policy/key_ttl.h"

#include <limits>
#include <string>
#include <utility>

#include "sidecar/policy/ttl_rule.h"

namespace herdgate::policy {

using std::chrono::milliseconds;
using Effect = ExpiryChange::Effect;

std::optional<KeyTtl::Instead> KeyTtl::Bound(std::int64_t asked_ms, ExpiryUnit unit, const Change& change) {
  const std::int64_t now = NowMs();
  const bool absolute = IsAbsolute(unit);
  if (!absolute && asked_ms > std::numeric_limits<std::int64_t>::max() - now)
    return std::nullopt;  // an error for Redis
  if (absolute && asked_ms <= now) {
    if (change.effect != Effect::kNone) Note({.effect = Effect::kRemovesKey, .only_if_absent = change.only_if_absent});
    return std::nullopt;
  }
  Note(change);
  const milliseconds requested(absolute ? asked_ms - now : asked_ms);
  TtlOutcome outcome = ApplyTtl(rules_, requested, review_.context.random);
  std::optional<Instead> instead;
  if (outcome.action != TtlAction::kUnchanged) instead = Written(outcome.applied, unit);
  review_.plan.judgements.push_back(
      {.policy = key_.policy, .action = outcome.action, .requested = requested, .applied = outcome.applied});
  return enforced_ ? instead : std::nullopt;
}

// Seconds are kept above ten, so that few apps meet a command that they did not write; rounded down, but not below
// `min`.
KeyTtl::Instead KeyTtl::Written(milliseconds& applied, ExpiryUnit unit) const {
  constexpr milliseconds kFine = std::chrono::seconds(10);
  constexpr std::int64_t kMillisecondsPerSecond = 1000;
  const std::int64_t value = applied.count() + (IsAbsolute(unit) ? NowMs() : 0);
  const milliseconds rest(value % kMillisecondsPerSecond);
  if (!IsSeconds(unit) || applied <= kFine || applied - rest < rules_.min) return {.value = value, .seconds = false};
  applied -= rest;
  return {.value = value / kMillisecondsPerSecond, .seconds = true};
}

void KeyTtl::Follow(const Change& change) {
  if (rejects() && review_.context.in_multi) return Reject(change);
  if (rules_.missing == MissingTtl::kAllow || rules_.default_ttl.count() == 0) return Allow();
  FollowWith(Default(), false);
}

std::optional<milliseconds> KeyTtl::Missing(const Change& change) {
  if (rejects()) {
    Reject(change);
  } else if (rules_.missing == MissingTtl::kAllow) {
    Allow();
  } else if (const milliseconds applied = Default(); enforced_) {
    return applied;
  }
  return std::nullopt;
}

void KeyTtl::Shorten() {
  if (rules_.max.count() > 0) FollowWith(rules_.max, true);
}

void KeyTtl::Note(const Change& change, std::string error) {
  if (!rejects() || !review_.context.in_multi || change.effect == Effect::kNone) return;
  const bool copies = change.effect == Effect::kCopies;
  review_.plan.expiries.push_back({.key = review_.PhysicalName(key_),
                                   .effect = change.effect,
                                   .only_if_absent = change.only_if_absent,
                                   .moves = change.moves,
                                   .from = copies ? review_.snapshot->Physical(change.from) : std::string(),
                                   .policy = key_.policy,
                                   .error = std::move(error)});
}

// The default, for a key that would have no expiry.
milliseconds KeyTtl::Default() {
  const milliseconds applied = ApplyTtl(rules_, rules_.default_ttl, review_.context.random).applied;
  review_.plan.judgements.push_back({.policy = key_.policy, .action = TtlAction::kApplied, .applied = applied});
  return applied;
}

void KeyTtl::Allow() {
  review_.plan.judgements.push_back({.policy = key_.policy, .action = TtlAction::kAllowed});
}

void KeyTtl::Reject(const Change& change) {
  const std::string text = "policy '" + review_.PolicyOf(key_).name + "' requires a TTL on " + ShownName(review_.spec);
  if (review_.context.in_multi)
    return Note(change, enforced_ ? "-EXECABORT herdgate: " + text + "\r\n" : std::string());
  review_.plan.judgements.push_back({.policy = key_.policy, .action = TtlAction::kRejected});
  review_.Refuse(key_.policy, Refusal::kMissingTtl, text);
}

void KeyTtl::FollowWith(milliseconds ttl, bool only_shorten) {
  if (!enforced_) return;
  review_.plan.follow_ups.push_back({.key = review_.PhysicalName(key_), .ttl = ttl, .only_shorten = only_shorten});
}

}  // namespace herdgate::policy
