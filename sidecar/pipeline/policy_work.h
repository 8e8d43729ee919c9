// PolicyWork: what a client's policies still have to do: replies to be rewritten, and the transaction under way. Made
// for the first request that needs it.
//
// Threads: the client's loop. Ownership: the Client's.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "sidecar/policy/reply_work.h"
#include "sidecar/policy/transaction_judge.h"

namespace herdgate::pipeline {

struct PolicyWork {
  // In the order of the requests that were tagged with Client::kRewriteReply.
  struct Awaited {
    policy::ReplyWork work;
    std::string instead;  // not empty: the app gets this, whatever the upstream says
  };
  std::deque<Awaited> replies;
  policy::TransactionJudge transaction;
};

}  // namespace herdgate::pipeline
