// Rows of the cluster commands. One row a line; README.md says how to read one.
#include "sidecar/command/rows.h"

namespace herdgate::command {
namespace {

using enum CommandClass;
using enum CommandGroup;
using enum TtlEffect;
using enum Since;

// clang-format off
constexpr CommandRow kClusterRows[] = {
  // cluster
  {"asking", 1, "fast", NoKeys(), kLocal, kAdmin, kTtlNone, kRedis70},
  {"cluster", -2, "", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|addslots", -3, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|addslotsrange", -4, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|bumpepoch", 2, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|cancelslotmigrations", 2, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kValkey90},
  {"cluster|count-failure-reports", 3, "admin stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|countkeysinslot", 3, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|delslots", -3, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|delslotsrange", -4, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|failover", -2, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|flushslot", -3, "write admin no_async_loading", NoKeys(), kSlow, kAdmin, kTtlNone, kValkey90},
  {"cluster|flushslots", 2, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|forget", 3, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|getkeysinslot", 4, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|getslotmigrations", 2, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kValkey90},
  {"cluster|help", 2, "loading stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|info", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|keyslot", 3, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|links", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|meet", -4, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|migrateslots", -4, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kValkey90},
  {"cluster|migration", -4, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis84},
  {"cluster|myid", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|myshardid", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis72},
  {"cluster|nodes", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|replicas", 3, "admin stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|replicate", 3, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|reset", -2, "admin noscript stale", NoKeys(), kSlow, kAdmin, kTtlNone, kRedis70},
  {"cluster|saveconfig", 2, "admin stale no_async_loading", NoKeys(), kSlow, kAdmin, kTtlNone, kRedis70},
  {"cluster|set-config-epoch", 3, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|setslot", -4, "admin stale no_async_loading", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|shards", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|slaves", 3, "admin stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|slot-stats", -4, "loading stale", NoKeys(), kShared, kAdmin, kTtlNone, kValkey80},
  {"cluster|slots", 2, "stale", NoKeys(), kShared, kAdmin, kTtlNone, kRedis70},
  {"cluster|syncslots", -3, "admin stale no_async_loading", NoKeys(), kReplication, kAdmin, kTtlNone, kRedis84},
  {"readonly", 1, "loading stale fast", NoKeys(), kLocal, kAdmin, kTtlNone, kRedis70},
  {"readwrite", 1, "loading stale fast", NoKeys(), kLocal, kAdmin, kTtlNone, kRedis70},
};
// clang-format on
static_assert(FirstBadRow(kClusterRows) == -1);

}  // namespace

std::span<const CommandRow> ClusterRows() {
  return kClusterRows;
}

}  // namespace herdgate::command
