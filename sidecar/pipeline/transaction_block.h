// Looking ahead for a whole transaction: MULTI ... EXEC that has already arrived and changes nothing but data.
//
// Such a block is forwarded in one run on a shared lane: Redis executes the run of one connection without anything in
// between, and answers QUEUED and errors itself. A block that would change the connection's own state (SELECT,
// SUBSCRIBE, CLIENT ...) or that has not arrived whole needs a dedicated lane.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "sidecar/command/table.h"
#include "sidecar/resp/limits.h"

namespace herdgate::pipeline {

struct TransactionBlock {
  std::size_t commands = 0;  // behind MULTI, EXEC or DISCARD included
  bool slow = false;         // one of them belongs on the slow lane
};

// `bytes` is what arrived behind MULTI. None if no such block stands at their front.
std::optional<TransactionBlock> FindTransactionBlock(std::string_view bytes, const command::Table& table,
                                                     const resp::Limits& limits);

}  // namespace herdgate::pipeline
