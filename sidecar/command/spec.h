// CommandSpec: everything the proxy knows about one command: its shape, where its keys are, how it is carried, what it
// does to a TTL.
//
// A spec is plain data. The built-in ones are constexpr rows (rows_*.cc); a Table holds them and hands them out by
// pointer. Threads: immutable once in a Table; any thread may read. Owner: the Table; a `const CommandSpec*` lives as
// long as its Table. Words: "container" is a command that has subcommands (CLIENT); a subcommand's name is written
// "client|setinfo", as Redis writes it.
#pragma once

#include <cstdint>
#include <string_view>

#include "sidecar/command/flags.h"
#include "sidecar/command/key_spec.h"

namespace herdgate::command {

// How the proxy carries a command. Every command has exactly one; a correction from upstream never changes it for a
// known command.
enum class CommandClass : uint8_t {
  kShared,  // on the shared lane of the session's (protocol, database, user), among all other sessions' commands
  kSlow,    // shared too, but on a lane that GET/SET do not use: the server's work is not bounded by request and reply
  kLocal,   // answered by the virtual session: HELLO, AUTH, SELECT, CLIENT ..., RESET, QUIT
  kTransaction,  // MULTI EXEC DISCARD WATCH UNWATCH: a dedicated lane, or one contiguous run on the shared lane
  kPubSub,       // the SUBSCRIBE family: a dedicated lane while any subscription lasts
  kBlocking,  // may wait for data on every call (BLPOP): a dedicated lane for the duration; inside MULTI it never waits
  kMaybeBlocking,  // waits only with the BLOCK option (XREAD): ask MayBlock(), else as kShared
  kWait,         // WAIT, WAITAOF: speak about the connection's own writes: the lane that carried them, after a barrier
  kTracking,     // CLIENT TRACKING, CACHING, TRACKINGINFO: a dedicated lane while tracking is on
  kMonitor,      // a tunnel: from here the bytes of this connection belong together (MONITOR, SCRIPT DEBUG)
  kReplication,  // SYNC PSYNC REPLCONF: refused as an ACL would, or a tunnel where the operator allows it
  kUrgent,       // must pass a server that a script keeps busy: a lane that nothing slow uses
  kRefused,      // would steer the client around the proxy: answered with upstream's "unknown subcommand" words, always
};

// What a command does to the expiry of the keys it writes. Options may narrow it (SET ... KEEPTTL); this is the plain
// form.
enum class TtlEffect : uint8_t {
  kTtlNone,     // leaves every expiry as it is and creates no key
  kTtlClears,   // creates or replaces the value: no expiry afterwards unless an option says one (SET, *STORE)
  kTtlKeeps,    // creates the key without an expiry if it is missing, else keeps its expiry (INCR, HSET, LPUSH)
  kTtlSets,     // sets an expiry (EXPIRE family, SETEX, GETEX)
  kTtlRemoves,  // removes the expiry (PERSIST)
  kTtlCopies,   // the key gets the expiry of another key or of a dump (COPY, RENAME, RESTORE)
  kTtlUnknown,  // any of these: a script, on its declared keys and maybe on others, or a write that only upstream knows
};

// The `class` label of the duration metrics: a closed set of six. kMessage is written "pubsub".
enum class CommandGroup : uint8_t { kRead, kWrite, kMulti, kScript, kMessage, kAdmin };

// The first release that has the command; for the reader and for tests, never for a decision (upstream's own COMMAND
// decides).
enum class Since : uint8_t {
  kRedis70,  // Redis 7.0 or older
  kRedis72,
  kRedis74,
  kRedis80,
  kRedis82,
  kRedis84,
  kRedis86,
  kRedis88,
  kValkey80,
  kValkey81,
  kValkey90,
  kValkey91,
  kModule,    // from a module that Redis 8 bundles
  kUpstream,  // not in the built-in rows: learned from upstream's COMMAND
};

// One constexpr row. REQUIRES: name in lower case, "container|subcommand" for a subcommand; arity != 0, Redis style
// (negative: at least).
struct CommandRow {
  std::string_view name;
  int16_t arity = 0;
  CommandFlags flags;
  KeySpecs keys;
  CommandClass command_class = CommandClass::kShared;
  CommandGroup group = CommandGroup::kAdmin;
  TtlEffect ttl = TtlEffect::kTtlNone;
  Since since = Since::kUpstream;
};

struct CommandSpec : CommandRow {
  uint16_t id = 0;            // dense index in the Table, for metric arrays; 0 is the row of unknown commands
  uint16_t container_id = 0;  // of a subcommand: the container's id; else 0
  bool container = false;     // has subcommands
  bool absent = false;        // upstream's COMMAND does not list it: upstream would call it unknown

  bool is_subcommand() const { return container_id != 0; }
  bool is_unknown() const { return id == 0; }
  // The name without the container: "setinfo" of "client|setinfo".
  std::string_view short_name() const { return is_subcommand() ? name.substr(name.find('|') + 1) : name; }
  // Whether upstream would find `count` arguments (the name included) to be a right number.
  bool AcceptsCount(size_t count) const {
    return arity >= 0 ? count == static_cast<size_t>(arity) : count >= static_cast<size_t>(-arity);
  }
};

std::string_view Name(CommandClass command_class);  // "shared", "slow", ...: for logs, metrics and `herdgate explain`
std::string_view Name(CommandGroup group);          // "read", "write", "multi", "script", "pubsub", "admin"

}  // namespace herdgate::command
