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
  {"xadd", -5, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"xautoclaim", -6, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xclaim", -6, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xdel", -3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
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
  {"xpending", -3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xrange", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xread", -4, "readonly blocking movablekeys", StreamKeys(1), kMaybeBlocking, kRead, kTtlNone, kRedis70},
  {"xreadgroup", -7, "write blocking movablekeys", StreamKeys(4), kMaybeBlocking, kWrite, kTtlNone, kRedis70},
  {"xrevrange", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"xsetid", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"xtrim", -4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
};
// clang-format on
static_assert(FirstBadRow(kStreamRows) == -1);

}  // namespace

std::span<const CommandRow> StreamRows() {
  return kStreamRows;
}

}  // namespace herdgate::command
