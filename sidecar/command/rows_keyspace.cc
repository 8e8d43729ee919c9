// Rows of the generic, string, bitmap and HyperLogLog commands. One row a line; README.md says how to read one.
#include "sidecar/command/rows.h"

namespace herdgate::command {
namespace {

using enum CommandClass;
using enum CommandGroup;
using enum TtlEffect;
using enum Since;

// clang-format off
constexpr CommandRow kKeyspaceRows[] = {
  // generic
  {"clusterscan", -2, "readonly", Channels(1), kShared, kRead, kTtlNone, kValkey91},
  {"copy", -3, "write denyoom", Reads(1) + Overwrites(2), kSlow, kWrite, kTtlCopies, kRedis70},
  {"dbsize", 1, "readonly fast", NoKeys(), kShared, kRead, kTtlNone, kRedis70},
  {"del", -2, "write", Removes(1, -1), kShared, kWrite, kTtlNone, kRedis70},
  {"dump", 2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"exists", -2, "readonly fast", Reads(1, -1), kShared, kRead, kTtlNone, kRedis70},
  {"expire", -3, "write fast", Updates(1), kShared, kWrite, kTtlSets, kRedis70},
  {"expireat", -3, "write fast", Updates(1), kShared, kWrite, kTtlSets, kRedis70},
  {"expiretime", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"flushall", -1, "write", NoKeys(), kSlow, kWrite, kTtlNone, kRedis70},
  {"flushdb", -1, "write", NoKeys(), kSlow, kWrite, kTtlNone, kRedis70},
  {"keys", 2, "readonly", NoKeys(), kSlow, kRead, kTtlNone, kRedis70},
  {"migrate", -6, "write movablekeys", MigrateKeys(), kSlow, kWrite, kTtlNone, kRedis70},
  {"move", 3, "write fast", Updates(1), kShared, kWrite, kTtlCopies, kRedis70},
  {"object", -2, "", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"object|encoding", 3, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"object|freq", 3, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"object|help", 2, "loading stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"object|idletime", 3, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"object|refcount", 3, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"persist", 2, "write fast", Updates(1), kShared, kWrite, kTtlRemoves, kRedis70},
  {"pexpire", -3, "write fast", Updates(1), kShared, kWrite, kTtlSets, kRedis70},
  {"pexpireat", -3, "write fast", Updates(1), kShared, kWrite, kTtlSets, kRedis70},
  {"pexpiretime", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"pttl", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"randomkey", 1, "readonly", NoKeys(), kShared, kRead, kTtlNone, kRedis70},
  {"rename", 3, "write", Updates(1) + Overwrites(2), kShared, kWrite, kTtlCopies, kRedis70},
  {"renamenx", 3, "write fast", Updates(1) + Overwrites(2), kShared, kWrite, kTtlCopies, kRedis70},
  {"restore", -4, "write denyoom", Overwrites(1), kShared, kWrite, kTtlCopies, kRedis70},
  {"restore-asking", -4, "write denyoom asking", Overwrites(1), kShared, kAdmin, kTtlCopies, kRedis70},
  {"scan", -2, "readonly", NoKeys(), kShared, kRead, kTtlNone, kRedis70},
  {"sflush", -3, "write", NoKeys(), kSlow, kWrite, kTtlNone, kRedis80},
  {"sort", -2, "write denyoom movablekeys", SortKeys(), kSlow, kWrite, kTtlClears, kRedis70},
  {"sort_ro", -2, "readonly movablekeys", SortReadOnlyKeys(), kSlow, kRead, kTtlNone, kRedis70},
  {"swapdb", 3, "write fast", NoKeys(), kShared, kWrite, kTtlNone, kRedis70},
  {"touch", -2, "readonly fast", Reads(1, -1), kShared, kRead, kTtlNone, kRedis70},
  {"trimslots", -5, "write", NoKeys(), kSlow, kWrite, kTtlNone, kRedis84},
  {"ttl", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"type", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"unlink", -2, "write fast", Removes(1, -1), kShared, kWrite, kTtlNone, kRedis70},
  // string
  {"append", 3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"decr", 2, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"decrby", 3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"delex", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis84},
  {"delifeq", 3, "write", Removes(1), kShared, kWrite, kTtlNone, kValkey90},
  {"digest", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis84},
  {"get", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"getdel", 2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"getex", -2, "write fast", Updates(1), kShared, kWrite, kTtlSets, kRedis70},
  {"getrange", 4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"getset", 3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlClears, kRedis70},
  {"incr", 2, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"incrby", 3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"incrbyfloat", 3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"increx", -2, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis88},
  {"lcs", -3, "readonly", Reads(1, 1), kSlow, kRead, kTtlNone, kRedis70},
  {"mget", -2, "readonly fast", Reads(1, -1), kShared, kRead, kTtlNone, kRedis70},
  {"mset", -3, "write denyoom", Overwrites(1, -1, 2), kShared, kWrite, kTtlClears, kRedis70},
  {"msetex", -4, "write denyoom movablekeys", CountedPairs(1), kShared, kWrite, kTtlClears, kRedis84},
  {"msetnx", -3, "write denyoom", Overwrites(1, -1, 2), kShared, kWrite, kTtlClears, kRedis70},
  {"psetex", 4, "write denyoom", Overwrites(1), kShared, kWrite, kTtlSets, kRedis70},
  {"set", -3, "write denyoom", Updates(1), kShared, kWrite, kTtlClears, kRedis70},
  {"setex", 4, "write denyoom", Overwrites(1), kShared, kWrite, kTtlSets, kRedis70},
  {"setnx", 3, "write denyoom fast", Overwrites(1), kShared, kWrite, kTtlClears, kRedis70},
  {"setrange", 4, "write denyoom", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"strlen", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"substr", 4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  // bitmap
  {"bitcount", -2, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"bitfield", -2, "write denyoom", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"bitfield_ro", -2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"bitop", -4, "write denyoom", Overwrites(2) + Reads(3, -1), kSlow, kWrite, kTtlClears, kRedis70},
  {"bitpos", -3, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"getbit", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"setbit", 4, "write denyoom", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  // hyperloglog
  {"pfadd", -2, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"pfcount", -2, "readonly", Updates(1, -1), kShared, kRead, kTtlNone, kRedis70},
  {"pfdebug", 3, "write denyoom admin", Updates(2), kSlow, kAdmin, kTtlNone, kRedis70},
  {"pfmerge", -2, "write denyoom", Updates(1) + Reads(2, -1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"pfselftest", 1, "admin", NoKeys(), kSlow, kAdmin, kTtlNone, kRedis70},
};
// clang-format on
static_assert(FirstBadRow(kKeyspaceRows) == -1);

}  // namespace

std::span<const CommandRow> KeyspaceRows() {
  return kKeyspaceRows;
}

}  // namespace herdgate::command
