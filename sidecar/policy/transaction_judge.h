// TransactionJudge: what the queued commands of one MULTI owe their policies, settled at EXEC.
//
// A key that a command leaves without an expiry may get one from a later command of the same transaction (SET, then
// EXPIRE), so `missing: reject` is judged at EXEC, and follow-ups run behind it, with NX. What is followed is what the
// commands do if none of them fails; of a key's expiry before the transaction nothing is known, so a command that keeps
// it (INCR) counts as leaving none, unless the transaction gave one.
// Pure. Threads: one owner (the client's). The order: Add or Refuse per queued command, AtExec any number of times,
// Clear.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sidecar/policy/request_plan.h"

namespace herdgate::policy {

class TransactionJudge {
 public:
  struct Outcome {
    std::string error;                     // not empty: send DISCARD in the place of EXEC and answer this line
    std::vector<FollowUp> follow_ups;      // behind EXEC; one per key and kind
    ReplyWork reply;                       // of EXEC
    std::vector<TtlJudgement> judgements;  // kRejected, for each key left without an expiry
    std::vector<RefusalCount> refusals;    // one at most
  };

  // A command that was sent to be queued. Takes plan.reply and plan.expiries.
  void Add(RequestPlan& plan);
  // A command was refused here: as in Redis, EXEC will be.
  void Refuse() { refused_ = true; }
  Outcome AtExec() const;
  void Clear();

 private:
  // Of a key that the transaction makes or changes.
  struct Key {
    bool has_expiry = false;
    // Where it has none, by which command.
    std::size_t order = 0;
    std::size_t policy = PolicySet::kNone;
    std::string error{};
  };

  void Follow(ExpiryChange& change);
  void Leave(ExpiryChange& change);

  bool refused_ = false;
  std::size_t commands_ = 0;
  std::size_t changes_ = 0;
  std::unordered_map<std::string, Key> keys_;
  std::vector<FollowUp> follow_ups_;
  std::unordered_set<std::string> followed_;  // their keys and kinds
  std::vector<ReplyWork> queued_;             // up to the last command whose reply needs work
};

}  // namespace herdgate::policy
