// PolicyWork: what a client's policies still have to do: replies to be rewritten, and the transaction under way. Made
// for the first request that needs it.
//
// Threads: the client's loop. Ownership: the Client's.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/pipeline/near_parts.h"
#include "sidecar/pipeline/watched_names.h"
#include "sidecar/policy/reply_work.h"
#include "sidecar/policy/transaction_judge.h"

namespace herdgate::pipeline {

struct PolicyWork {
  // In the order of the requests that were tagged with Client::kRewriteReply.
  struct Awaited {
    policy::ReplyWork work;
    std::string instead;                    // not empty: the app gets this, whatever the upstream says
    std::shared_ptr<const NearParts> near;  // the reply is a part of it
  };
  std::deque<Awaited> replies;
  policy::TransactionJudge transaction;
  WatchedNames watched;
  // Of a transaction that changes the session: behind its EXEC the lane may be in another database, or a subscriber.
  std::vector<policy::FollowUp> late_follow_ups;
};

}  // namespace herdgate::pipeline
