// The words of flights: who calls, on what terms, what is to be done, how a flight ended.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"

namespace herdgate::stampede {

// One attempt at leading: the lease's token has it, so what an earlier attempt left behind can be told apart. Never 0.
using FlightId = std::uint64_t;
// Unique in the process; grows with each waiter of a key.
using WaiterId = std::uint64_t;
// A key's text, shared by all that is said about it.
using FlightKey = std::shared_ptr<const std::string>;

// A session. `id` is unique in the process and never used again; `loop` is handed back only.
struct Caller {
  std::uint64_t id = 0;
  std::uint32_t loop = 0;
};

enum class Mode : std::uint8_t {
  kCold,     // the caller's read said nil
  kRefresh,  // the caller's read said a value, which should be computed anew before it ends
};
inline constexpr std::size_t kModes = 2;

// What a policy wants, and what the caller's command allows.
struct FlightTerms {
  Mode mode = Mode::kCold;
  // False for MGET, for a request with bytes behind it, for a refresh: it may lead, but never waits for another.
  bool may_wait = true;
  // A caller that leads may wait all the same: its connection may be of a pool, so another sends its commands on it
  // while its value is computed. Not where it turns out to be shared (caller_index.h). False: it is told nil at once.
  bool waits_while_leading = false;
  // So long nobody leads after the first caller, as a SET may be on its way (companions.h); it answers who waits.
  std::chrono::milliseconds patience{0};
  // Ask Redis for a lease. False: one leader a pod, not one a fleet; what was missing leads at once.
  bool lease = true;
  // What the policy answers to kTimeout is nil, so the caller will compute.
  bool timeout_is_miss = true;
  // How long a caller waits at most before it is released, ...
  std::chrono::milliseconds max_wait{400};
  // ... 1, 2, 4, ... at a time (the oldest first), this far apart (half of what computing takes), ...
  std::chrono::milliseconds release_step{100};
  // ... and never later than max_wait + overtime. 0: all at once.
  std::chrono::milliseconds overtime{200};
  // Of the lease; renewed each third of it while the leader's connection lives, but not beyond lease_cap.
  std::chrono::milliseconds lease_time{1000};
  std::chrono::milliseconds lease_cap{30000};
  // kRefresh: what the caller's value has left. A value with more was refreshed by another.
  std::chrono::milliseconds refresh_below{0};
  // kRefresh: when that read was sent, plus what it said the value has left. Gone before, it was deleted.
  base::SteadyTime value_until = base::SteadyTime::min();
};

enum class Role : std::uint8_t {
  kLead,     // leads now, with no lease: answer nil (kRefresh: the synthetic one)
  kWait,     // parked: a Wake with Begun::waiter follows, unless Unpark or OnCallerGone takes it back
  kRefused,  // may not wait (terms, or it leads), and somebody computes: answer nil (kRefresh: its value)
  kFull,     // no room to wait: as kRefused
};

struct Begun {
  Role role = Role::kFull;
  WaiterId waiter = 0;  // of kWait
};

enum class Answer : std::uint8_t {
  kValue,    // the value that this call brought: the SET's, or the one in the ask's reply
  kLead,     // nil (kRefresh: the synthetic one): it leads, its SET is awaited
  kMiss,     // nil: it may not wait
  kTimeout,  // max_wait has passed: stale, nil or error, as the policy says
  kKeep,     // kRefresh: not chosen, its value
};
inline constexpr std::size_t kAnswers = 5;

struct Wake {
  WaiterId waiter = 0;
  Caller caller{};
  Answer answer = Answer::kMiss;
  std::chrono::nanoseconds waited{0};
  Mode mode = Mode::kCold;  // in which it began
  // kTimeout: who computes here has given its connection to others meanwhile, so its SET needs another one.
  bool leader_reused = false;
};

// A command to Redis, over the tracked connection (lease.h).
struct LeaseCall {
  enum class Kind : std::uint8_t {
    kAsk,         // AskArguments; the reply goes to OnAsked
    kAskRefresh,  // AskRefreshArguments; the same
    kRead,        // a tracked GET and PTTL, no lease: OnAsked with kValue, or kUnavailable for nil
    kRenew,       // the reply goes to OnRenewed
    kRelease,
    kDrop,
  };
  Kind kind = Kind::kAsk;
  FlightKey key;
  FlightId flight = 0;
  std::chrono::milliseconds lease_time{0};
  std::chrono::milliseconds refresh_below{0};
};

enum class AskResult : std::uint8_t {
  kValue,        // `text` is it, `remaining` its PTTL
  kWon,          // the lease is the asker's now
  kMine,         // it was already
  kLost,         // it is another's (`text`: his token) for `remaining`
  kUnavailable,  // nil and no lease to be had: refused, unreachable, or not asked for one
};
inline constexpr std::size_t kAskResults = 5;

struct AskReply {
  AskResult result = AskResult::kUnavailable;
  std::chrono::milliseconds remaining{0};
  std::string_view text{};
  bool value_lives = false;  // kWon, kMine: of a refresh
};

// Why a leader leads no more.
enum class Outcome : std::uint8_t {
  kFilled,         // its SET was stored
  kFilledByOther,  // another's value came first
  kTainted,        // the key was invalidated meanwhile
  kLeaderGone,     // its connection
  kNoSet,          // nothing within the lease, or a SET that failed
};
inline constexpr std::size_t kOutcomes = 5;

struct FlightEnd {
  FlightKey key{};
  Outcome outcome = Outcome::kFilled;
  Mode mode = Mode::kCold;
  std::uint64_t answered = 0;  // waiters that got a value while it led
  std::chrono::nanoseconds duration{0};
  bool let_go = false;  // its leader had left the queue (Unpark) before it led: it was told nil then
};

// What a call wants done, in this order: `calls` in theirs. Wakes go to the callers' loops; one whose waiter has gone
// meanwhile is to be ignored there.
struct Todo {
  std::vector<LeaseCall> calls;
  std::vector<Wake> wakes;
  std::vector<FlightEnd> ended;

  bool empty() const { return calls.empty() && wakes.empty() && ended.empty(); }
  void Clear() {
    calls.clear();
    wakes.clear();
    ended.clear();
  }
};

// How a SET is to be sent, and the ticket for its reply.
struct SetPlan {
  std::uint64_t fill = 0;              // 0: no flight knew the key when it was sent
  bool is_fill = false;                // it follows a miss; else it is a blind write, stored as its policy says
  bool own_miss = false;               // that was the caller's own; else it may be a blind write all the same
  bool tainted = false;                // keep it short: the key was invalidated after the miss
  bool refresh = false;                // it follows a synthetic miss: NX is to be ignored
  std::chrono::nanoseconds delta{0};   // from nil to here; 0 unless is_fill and not tainted
  std::chrono::nanoseconds missed{0};  // for how long somebody else owes a SET; 0 if is_fill, or nobody does
};

enum class SetOutcome : std::uint8_t {
  kStored,         // and the caller has the bytes for Answer::kValue
  kStoredUnknown,  // stored, but the value isn't at hand: waiters read it
  kNotStored,      // an error, a condition that failed, or its fate is unknown
};

}  // namespace herdgate::stampede
