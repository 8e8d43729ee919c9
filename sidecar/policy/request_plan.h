// RequestPlan: what becomes of one request: the decision of RequestJudge, filled again for every request and reused, so
// that judging allocates nothing once its strings have grown.
//
// Threads: one owner (a loop).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/policy_set.h"
#include "sidecar/policy/reply_work.h"

namespace herdgate::policy {

// What was done, or in audit mode would have been, to one key of a write. The label `action`.
enum class TtlAction : std::uint8_t {
  kUnchanged,  // an expiry within the rules
  kApplied,    // none was asked: the default was given
  kClamped,    // moved to min or max
  kJittered,   // shortened at random, within the bounds
  kRejected,   // refused: it had none
  kAllowed,    // left without an expiry, as the policy allows
};
inline constexpr std::size_t kTtlActions = 6;

struct TtlJudgement {
  std::size_t policy = PolicySet::kNone;
  TtlAction action = TtlAction::kUnchanged;
  std::chrono::milliseconds requested{0};  // 0: none was asked
  std::chrono::milliseconds applied{0};    // 0: none
};

// Why a request is refused, beyond a missing TTL; in audit mode only counted. The label `reason`.
enum class Refusal : std::uint8_t {
  kMissingTtl,
  kRequire,     // the key does not match `require`
  kScript,      // a script that builds key names
  kCommand,     // can't be made true under versions: MIGRATE, ...
  kPattern,     // a pattern whose keys have several versions, where one is needed: SORT BY
  kKeyTooLong,  // after rewriting
};
inline constexpr std::size_t kRefusals = 6;

// At most one of a command for a policy and reason.
struct RefusalCount {
  std::size_t policy = PolicySet::kNone;
  Refusal reason = Refusal::kCommand;
};

// What a command is followed by: PEXPIRE key ttl NX; or XX LT where `only_shorten`; or LT where `cap`. Where
// `removes`: UNLINK key. Where there is a `value`: SET key value PX ttl.
struct FollowUp {
  std::string key;  // physical
  std::chrono::milliseconds ttl{0};
  bool only_shorten = false;
  bool cap = false;
  bool removes = false;
  std::string value{};
};

// What a command inside MULTI does to the expiry of a key whose policy rejects keys without one.
struct ExpiryChange {
  enum class Effect : std::uint8_t {
    kNone,          // as it was
    kGives,         // the key has an expiry afterwards
    kGivesIfThere,  // the same, but the command makes no key (EXPIRE)
    kRemovesKey,    // DEL
    kClears,        // the key is there without an expiry (SET)
    kKeeps,         // the key is there with the expiry that it had; without one if it is new (INCR)
    kCopies,        // the key has the expiry of `from` (COPY, RENAME)
  };
  std::string key{};  // physical
  Effect effect = Effect::kClears;
  bool only_if_absent = false;  // nothing happens if the key is there (SETNX)
  bool moves = false;           // kCopies: `from` is no more
  std::string from{};           // kCopies: physical
  std::size_t policy = PolicySet::kNone;
  // EXEC's reply if the key is left without an expiry: one whole error line; empty in audit mode.
  std::string error{};
};

struct RequestPlan {
  enum class Action : std::uint8_t {
    kPass,     // the request as it is
    kRewrite,  // `raw` in its place
    kRefuse,   // answer `error`, send nothing
    kWait,     // policy `waiting_for` has no known generation yet
  };

  Action action = Action::kPass;
  std::string raw;    // kRewrite: one multibulk request
  std::string error;  // kRefuse: one whole error line, "-ERR herdgate: ...\r\n"
  std::size_t waiting_for = PolicySet::kNone;
  // To be sent right behind the request on the same lane, their replies dropped; inside MULTI: behind EXEC.
  std::vector<FollowUp> follow_ups;
  // Inside MULTI only, for TransactionJudge; in the order of their effect.
  std::vector<ExpiryChange> expiries;
  // Keys of the policies whose reads and writes have to be known (Policy::watched).
  struct WatchedKey {
    std::size_t argument = 0;
    std::size_t policy = PolicySet::kNone;
    std::string_view prefix{};  // of its name; into the snapshot
    bool written = false;       // by this command, if it writes
  };
  std::vector<WatchedKey> watched_keys;
  // Whether the sidecar may answer in the upstream's place while that is away: every key belongs to a cache policy,
  // there is at least one, and the command is no script and of a shared lane. Whether it stands in MULTI is not told
  // here.
  bool degradable = false;
  // What the reply needs; ReplyShape::kPlain mostly.
  ReplyWork reply;
  // For the counters, once the request was sent or refused.
  std::vector<TtlJudgement> judgements;
  std::vector<RefusalCount> refusals;
  struct Rewrites {
    std::size_t policy = PolicySet::kNone;
    std::size_t keys = 0;  // that got a prefix, or in audit mode would have
  };
  std::vector<Rewrites> rewrites;

  void Clear();
};

}  // namespace herdgate::policy
