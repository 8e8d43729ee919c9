// Rows of the stream, vector set and array commands. One row a line; README.md says how to read one.
#include "sidecar/command/rows.h"

namespace herdgate::command {
namespace {

using enum CommandClass;
using enum CommandGroup;
using enum TtlEffect;
using enum Since;

// clang-format off
constexpr CommandRow kStreamRows[] = {
  // stream
  {"xack", -4, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xackdel", -6, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis82},
  {"xadd", -5, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"xautoclaim", -6, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xcfgset", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis86},
  {"xclaim", -6, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xdel", -3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xdelex", -5, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis82},
  {"xgroup", -2, "", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"xgroup|create", -5, "write denyoom", Updates(2), kShared, kWrite, kTtlKeeps, kRedis70},
  {"xgroup|createconsumer", 5, "write denyoom", Updates(2), kShared, kWrite, kTtlNone, kRedis70},
  {"xgroup|delconsumer", 5, "write", Updates(2), kShared, kWrite, kTtlNone, kRedis70},
  {"xgroup|destroy", 4, "write", Updates(2), kShared, kWrite, kTtlNone, kRedis70},
  {"xgroup|help", 2, "loading stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"xgroup|setid", -5, "write", Updates(2), kShared, kWrite, kTtlNone, kRedis70},
  {"xinfo", -2, "", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"xinfo|consumers", 4, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"xinfo|groups", 3, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"xinfo|help", 2, "loading stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"xinfo|stream", -3, "readonly", Reads(2), kShared, kRead, kTtlNone, kRedis70},
  {"xlen", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xnack", -7, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis88},
  {"xpending", -3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xrange", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xread", -4, "readonly blocking movablekeys", StreamKeys(1), kMaybeBlocking, kRead, kTtlNone, kRedis70},
  {"xreadgroup", -7, "write blocking movablekeys", StreamKeys(4), kMaybeBlocking, kWrite, kTtlNone, kRedis70},
  {"xrevrange", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xsetid", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xtrim", -4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  // vector
  {"vadd", -5, "write denyoom module", Updates(1), kSlow, kWrite, kTtlKeeps, kRedis80},
  {"vcard", 2, "readonly fast module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vdim", 2, "readonly fast module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vemb", -3, "readonly module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vgetattr", 3, "readonly fast module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vinfo", 2, "readonly fast module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vismember", 3, "readonly fast module", Reads(1), kShared, kRead, kTtlNone, kRedis82},
  {"vlinks", -3, "readonly module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vrandmember", -2, "readonly module", Reads(1), kShared, kRead, kTtlNone, kRedis80},
  {"vrange", -4, "readonly module", Reads(1), kShared, kRead, kTtlNone, kRedis84},
  {"vrem", 3, "write module", Updates(1), kShared, kWrite, kTtlNone, kRedis80},
  {"vsetattr", 4, "write fast module", Updates(1), kShared, kWrite, kTtlNone, kRedis80},
  {"vsim", -4, "readonly module", Reads(1), kSlow, kRead, kTtlNone, kRedis80},
  // array
  {"arcount", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"ardel", -3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis88},
  {"ardelrange", -4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis88},
  {"arget", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"argetrange", 4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"argrep", -6, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis88},
  {"arinfo", -2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"arinsert", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis88},
  {"arlastitems", -3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"arlen", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"armget", -3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"armset", -4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis88},
  {"arnext", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"arop", -5, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis88},
  {"arring", -4, "write denyoom", Updates(1), kShared, kWrite, kTtlKeeps, kRedis88},
  {"arscan", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis88},
  {"arseek", 3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis88},
  {"arset", -4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis88},
};
// clang-format on
static_assert(FirstBadRow(kStreamRows) == -1);

}  // namespace

std::span<const CommandRow> StreamRows() {
  return kStreamRows;
}

}  // namespace herdgate::command
