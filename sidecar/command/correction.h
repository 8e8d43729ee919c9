// Corrected(): the built-in table put right by what the upstream itself says of its commands (the reply of COMMAND).
//
// What changes: arity, flags and key positions of known commands; unknown commands and subcommands (modules, newer
// servers) are appended as pass-through rows; known rows that upstream does not list are marked `absent`. What never
// changes: the class, group and TTL effect of a known row, and its id.
//
// The class of an appended row: kBlocking if upstream flags it `blocking`; kShared if it flags it `fast`; else kSlow,
// because nothing is known of its cost. An appended subcommand has its siblings' class; one of CLIENT is kRefused: it
// would change the state of a connection that sessions share.
//
// A command that the server renamed (rename-command) stands in COMMAND under its old name: its new name resolves to
// unknown().
//
// Threads: pure function; builds off the loop as well as on it (about a millisecond). Errors: kProtocol or
// kInvalidArgument if the bytes are no whole COMMAND reply; the caller then keeps the built-in table (COMMAND may be
// denied by ACL, and then this is an error reply).
#pragma once

#include <string_view>

#include "sidecar/base/result.h"
#include "sidecar/command/table.h"

namespace herdgate::command {

// `command_reply`: one whole reply of COMMAND, RESP2 or RESP3, Redis 2.8.13 or newer. Rows that an earlier correction
// appended to `built_in` are dropped first, so BuiltIn() is the table to pass.
base::Result<Table> Corrected(const Table& built_in, std::string_view command_reply);

}  // namespace herdgate::command
