// TransactionJudge: what the queued commands of one MULTI owe their policies, settled at EXEC.
//
// A key that a command leaves without an expiry may get one from a later command of the same transaction (SET, then
// EXPIRE), so `missing: reject` is judged at EXEC, and follow-ups run behind it, with NX.
// Pure. Threads: one owner (the client's). The order: Add or Refuse per queued command, AtExec any number of times,
// Clear.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sidecar/policy/request_plan.h"

namespace herdgate::policy {

class TransactionJudge {
 public:
  struct Outcome {
    std::string error;                 // not empty: send DISCARD in the place of EXEC and answer this line
    std::vector<FollowUp> follow_ups;  // behind EXEC; one per key and kind
    ReplyWork reply;                   // of EXEC
    std::vector<RefusalCount> refusals;
  };

  // A command that was sent to be queued. Takes plan.reply.
  void Add(RequestPlan& plan);
  // A command was refused here: as in Redis, EXEC will be.
  void Refuse() { refused_ = true; }
  Outcome AtExec() const;
  void Clear();

 private:
  bool refused_ = false;
  std::size_t commands_ = 0;
  std::vector<FollowUp> follow_ups_;
  std::vector<RequestPlan::Missing> missing_;
  std::vector<ReplyWork> queued_;  // up to the last command whose reply needs work
};

}  // namespace herdgate::policy
