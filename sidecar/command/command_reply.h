// ReadCommandReply(): the reply of COMMAND as plain structs, before anything is made of it.
//
// Grammar of one entry (Redis 2.8.13 has the first six fields, 6.0 the categories, 7.0 the rest; later fields are
// passed over):
//   name, arity, [flag...], first key, last key, step, [ACL category...], [tip...], [key spec...], [subcommand
//   entry...]
// and of a key spec, as pairs in any order:
//   "flags" [flag...]  "begin_search" ["type" T "spec" [name value...]]  "find_keys" ["type" T "spec" [name value...]]
//
// Threads: pure function. Views point to what the reply points to. Errors: kProtocol if the reply is not of this form.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"
#include "sidecar/command/flags.h"
#include "sidecar/command/key_spec.h"
#include "sidecar/resp/reply.h"

namespace herdgate::command {

struct ListedCommand {
  std::string_view name;  // in upstream's case
  int16_t arity = -1;
  CommandFlags flags;  // words that flags.h does not know are left out
  int16_t first = 0;   // the old way to say where keys are; last is absolute, negative: from the end
  int16_t last = 0;
  int16_t step = 0;
  bool full = false;  // from Redis 7.0 or newer: keys and subcommands are told
  KeySpecs keys;      // keywords in upstream's case; more than KeySpecs::kMax end in one that is unknown
  std::vector<ListedCommand> subcommands;  // one level: what upstream nests deeper is left out
};

// RESP2 or RESP3. A null entry (COMMAND INFO of an unknown name) is left out.
base::Result<std::vector<ListedCommand>> ReadCommandReply(const resp::Reply& reply);

}  // namespace herdgate::command
