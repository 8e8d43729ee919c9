// KeyTtl: one key of the command under judgement and its TTL rules: an expiry bounded, the default given, or what the
// policy says of a key that has none. Fills the review's plan; in audit mode only its counters.
//
// Threads: one owner; lives for one call of JudgeTtl.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "sidecar/policy/expiry_options.h"
#include "sidecar/policy/review.h"

namespace herdgate::policy {

class KeyTtl {
 public:
  // What the command does to the key's expiry; see ExpiryChange.
  struct Change {
    ExpiryChange::Effect effect = ExpiryChange::Effect::kClears;
    bool only_if_absent = false;
    bool moves = false;
    std::string_view from{};  // logical
  };

  KeyTtl(const Review& review, const JudgedKey& key)
      : review_(review), key_(key), rules_(review.PolicyOf(key).ttl), enforced_(review.IsEnforced(key)) {}

  // An expiry that the app asked for, above 0. What to send in its place, of the same kind (relative or absolute);
  // nothing if it stays as it is: in seconds where `unit` is and a second does not matter. `change`: what the command
  // does if the expiry is to come.
  struct Instead {
    std::int64_t value = 0;
    bool seconds = false;  // else milliseconds
  };
  std::optional<Instead> Bound(std::int64_t asked_ms, ExpiryUnit unit, const Change& change);
  // A command that may leave the key without an expiry, and can't carry one.
  void Follow(const Change& change);
  // A command that can carry an expiry and has none. The default to send with it; nothing if it stays as it is.
  std::optional<std::chrono::milliseconds> Missing(const Change& change);
  // Behind a command that gives the key the expiry of another one: not above `max`.
  void Shorten();
  // Tells the transaction under way.
  void Note(const Change& change) { Note(change, {}); }

  const JudgedKey& key() const { return key_; }
  bool rejects() const { return rules_.missing == MissingTtl::kReject; }
  std::int64_t NowMs() const { return review_.context.now.time_since_epoch().count(); }

 private:
  Instead Written(std::chrono::milliseconds& applied, ExpiryUnit unit) const;
  std::chrono::milliseconds Default();
  void Allow();
  void Reject(const Change& change);
  void Note(const Change& change, std::string error);
  void FollowWith(std::chrono::milliseconds ttl, bool only_shorten);

  const Review& review_;
  const JudgedKey& key_;
  const TtlRules& rules_;
  const bool enforced_;
};

}  // namespace herdgate::policy
