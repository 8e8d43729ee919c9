// Victims: who is shown a synthetic miss, so that it recomputes a value that still lives.
//
// A session is not chosen while requests of its own wait behind this one, while it owes the SET of an earlier synthetic
// miss or if it left that out, nor twice in a row for the same key: not before another session was chosen for it or the
// key was really missed. Where an app has one session only, that last rule would mean no refresh at all; then it may be
// chosen again once it has brought the SET, because it then has seen the value it wrote in between.
// A key has one synthetic miss at a time here; in the fleet, a lease sees to that.
// Bounded: 4,096 keys and as many sessions that owe a SET. Threads: one owner, or a mutex.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "sidecar/base/clock.h"
#include "sidecar/stampede/bounded_map.h"

namespace herdgate::stampede {

// What came of wanting to show somebody a synthetic miss; a label's values.
enum class Choice : std::uint8_t {
  kChosen,
  kPipelined,    // requests wait behind this one
  kInFlight,     // the key has its synthetic miss
  kSameSession,  // it was this session's turn the last time
  kUnfilled,     // the session left out the SET of its last synthetic miss, or still owes it
  kFull,         // the bounds
  kBudget,       // of the policy (refresh.h)
};
inline constexpr std::size_t kChoices = 7;

struct VictimOptions {
  // When a SET that hasn't come is one that was left out: the longest a lease is held.
  std::chrono::nanoseconds set_within = std::chrono::seconds(30);
  // After that long, a session that left out a SET is tried again: it may have been an error of the moment.
  std::chrono::nanoseconds forgive_after = std::chrono::minutes(10);
  std::size_t max_keys = 4096;
  std::size_t max_sessions = 4096;
};

class Victims {
 public:
  struct Candidate {
    std::uint64_t session = 0;  // REQUIRES: not 0
    bool pipelined = false;     // bytes have arrived behind the request
    bool alone = false;         // no other session here reads keys of the policy
  };

  explicit Victims(const VictimOptions& options = {});

  Choice Choose(std::uint64_t key, const Candidate& candidate, base::SteadyTime now);
  // The chosen one is shown the value after all: somebody else holds the lease. False: nobody was waited for.
  bool Cancel(std::uint64_t key);
  // A SET of the key, by whomever: clients take another connection of their pool for it.
  void Filled(std::uint64_t key);
  // Its flight has ended without one.
  void Unfilled(std::uint64_t key, base::SteadyTime now);
  // The key wasn't there: nobody is the last to have been shown a synthetic miss.
  void Missed(std::uint64_t key);
  void Closed(std::uint64_t session);

  std::size_t keys() const { return turns_.size(); }
  std::size_t sessions() const { return debtors_.size(); }

 private:
  struct Turn {
    std::uint64_t session = 0;
    std::uint64_t previous = 0;  // 0: nobody
    base::SteadyTime at;
    bool pending = false;
  };
  struct Debt {
    std::uint64_t key = 0;
    base::SteadyTime at;
  };
  bool MakeRoom(base::SteadyTime now);
  Turn* TurnOf(std::uint64_t key, base::SteadyTime now);
  bool Owes(std::uint64_t session, base::SteadyTime now);

  const VictimOptions options_;
  BoundedMap<Turn> turns_;    // by key
  BoundedMap<Debt> debtors_;  // by session; from the synthetic miss to the SET
};

}  // namespace herdgate::stampede
