// Rows of the list, hash, set, sorted set and geo commands. One row a line; README.md says how to read one.
#include "sidecar/command/rows.h"

namespace herdgate::command {
namespace {

using enum CommandClass;
using enum CommandGroup;
using enum TtlEffect;
using enum Since;

// clang-format off
constexpr CommandRow kCollectionRows[] = {
  // list
  {"blmove", 6, "write denyoom noscript blocking", MoveKeys(), kBlocking, kWrite, kTtlKeeps, kRedis70},
  {"blmpop", -5, "write blocking movablekeys", CountedUpdates(2), kBlocking, kWrite, kTtlNone, kRedis70},
  {"blpop", -3, "write noscript blocking", Updates(1, -2), kBlocking, kWrite, kTtlNone, kRedis70},
  {"brpop", -3, "write noscript blocking", Updates(1, -2), kBlocking, kWrite, kTtlNone, kRedis70},
  {"brpoplpush", 4, "write denyoom noscript blocking", MoveKeys(), kBlocking, kWrite, kTtlKeeps, kRedis70},
  {"lindex", 3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"linsert", 5, "write denyoom", Updates(1), kSlow, kWrite, kTtlNone, kRedis70},
  {"llen", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"lmove", 5, "write denyoom", Updates(1) + Updates(2), kShared, kWrite, kTtlKeeps, kRedis70},
  {"lmpop", -4, "write movablekeys", CountedUpdates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"lpop", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"lpos", -3, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"lpush", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"lpushx", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"lrange", 4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"lrem", 4, "write", Updates(1), kSlow, kWrite, kTtlNone, kRedis70},
  {"lset", 4, "write denyoom", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"ltrim", 4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"rpop", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"rpoplpush", 3, "write denyoom", Updates(1) + Updates(2), kShared, kWrite, kTtlKeeps, kRedis70},
  {"rpush", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"rpushx", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  // hash
  {"hdel", -3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"hexists", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hexpire", -6, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis74},
  {"hexpireat", -6, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis74},
  {"hexpiretime", -5, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis74},
  {"hget", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hgetall", 2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hgetdel", -5, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis80},
  {"hgetex", -5, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis80},
  {"hincrby", 4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"hincrbyfloat", 4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"hkeys", 2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hlen", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hmget", -3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hmset", -4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"hpersist", -5, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis74},
  {"hpexpire", -6, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis74},
  {"hpexpireat", -6, "write denyoom fast", Updates(1), kShared, kWrite, kTtlNone, kRedis74},
  {"hpexpiretime", -5, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis74},
  {"hpttl", -5, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis74},
  {"hrandfield", -2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hscan", -3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"hset", -4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"hsetex", -6, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis80},
  {"hsetnx", 4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"hstrlen", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"httl", -5, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis74},
  {"hvals", 2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  // set
  {"sadd", -3, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"scard", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"sdiff", -2, "readonly", Reads(1, -1), kSlow, kRead, kTtlNone, kRedis70},
  {"sdiffstore", -3, "write denyoom", Overwrites(1) + Reads(2, -1), kSlow, kWrite, kTtlClears, kRedis70},
  {"sinter", -2, "readonly", Reads(1, -1), kSlow, kRead, kTtlNone, kRedis70},
  {"sintercard", -3, "readonly movablekeys", CountedReads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"sinterstore", -3, "write denyoom", Updates(1) + Reads(2, -1), kSlow, kWrite, kTtlClears, kRedis70},
  {"sismember", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"smembers", 2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"smismember", -3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"smove", 4, "write fast", Updates(1) + Updates(2), kShared, kWrite, kTtlKeeps, kRedis70},
  {"spop", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"srandmember", -2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"srem", -3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"sscan", -3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"sunion", -2, "readonly", Reads(1, -1), kSlow, kRead, kTtlNone, kRedis70},
  {"sunionstore", -3, "write denyoom", Overwrites(1) + Reads(2, -1), kSlow, kWrite, kTtlClears, kRedis70},
  // sortedset
  {"bzmpop", -5, "write blocking movablekeys", CountedUpdates(2), kBlocking, kWrite, kTtlNone, kRedis70},
  {"bzpopmax", -3, "write noscript blocking fast", Updates(1, -2), kBlocking, kWrite, kTtlNone, kRedis70},
  {"bzpopmin", -3, "write noscript blocking fast", Updates(1, -2), kBlocking, kWrite, kTtlNone, kRedis70},
  {"zadd", -4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"zcard", 2, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zcount", 4, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zdiff", -3, "readonly movablekeys", CountedReads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"zdiffstore", -4, "write denyoom movablekeys", StoreKeys(), kSlow, kWrite, kTtlClears, kRedis70},
  {"zincrby", 4, "write denyoom fast", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"zinter", -3, "readonly movablekeys", CountedReads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"zintercard", -3, "readonly movablekeys", CountedReads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"zinterstore", -4, "write denyoom movablekeys", StoreKeys(), kSlow, kWrite, kTtlClears, kRedis70},
  {"zlexcount", 4, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zmpop", -4, "write movablekeys", CountedUpdates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zmscore", -3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zpopmax", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zpopmin", -2, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zrandmember", -2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrange", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrangebylex", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrangebyscore", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrangestore", -5, "write denyoom", Overwrites(1) + Reads(2), kSlow, kWrite, kTtlClears, kRedis70},
  {"zrank", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrem", -3, "write fast", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zremrangebylex", 4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zremrangebyrank", 4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zremrangebyscore", 4, "write", Updates(1), kShared, kWrite, kTtlNone, kRedis70},
  {"zrevrange", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrevrangebylex", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrevrangebyscore", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zrevrank", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zscan", -3, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zscore", 3, "readonly fast", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"zunion", -3, "readonly movablekeys", CountedReads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"zunionstore", -4, "write denyoom movablekeys", StoreKeys(), kSlow, kWrite, kTtlClears, kRedis70},
  // geo
  {"geoadd", -5, "write denyoom", Updates(1), kShared, kWrite, kTtlKeeps, kRedis70},
  {"geodist", -4, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"geohash", -2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"geopos", -2, "readonly", Reads(1), kShared, kRead, kTtlNone, kRedis70},
  {"georadius", -6, "write denyoom movablekeys", GeoStore(6), kSlow, kWrite, kTtlClears, kRedis70},
  {"georadius_ro", -6, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"georadiusbymember", -5, "write denyoom movablekeys", GeoStore(5), kSlow, kWrite, kTtlClears, kRedis70},
  {"georadiusbymember_ro", -5, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"geosearch", -7, "readonly", Reads(1), kSlow, kRead, kTtlNone, kRedis70},
  {"geosearchstore", -8, "write denyoom", Overwrites(1) + Reads(2), kSlow, kWrite, kTtlClears, kRedis70},
};
// clang-format on
static_assert(FirstBadRow(kCollectionRows) == -1);

}  // namespace

std::span<const CommandRow> CollectionRows() {
  return kCollectionRows;
}

}  // namespace herdgate::command
