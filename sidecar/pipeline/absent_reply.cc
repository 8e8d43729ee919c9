#include "sidecar/pipeline/absent_reply.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sidecar/command/table.h"
#include "sidecar/pipeline/read_arguments.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {
namespace {

enum class Shape : std::uint8_t {
  kNull,
  kNulls,        // one for each argument behind the name: MGET
  kFieldNulls,   // one for each argument behind the key: HMGET
  kFieldZeros,   // the same, 0
  kFieldArrays,  // the same, a null array
  kGetZeros,     // 0 for each GET of BITFIELD_RO
  kZero,
  kMinusTwo,  // no key, no expiry
  kEmptyBulk,
  kEmptyArray,
  kEmptyMap,
  kEmptySet,
  kNullArray,
  kNone,        // the status "none"
  kScan,        // a cursor of 0 and nothing
  kDrawn,       // null; an empty array with a count
  kPositions,   // null; an empty array with COUNT
  kFirstBit,    // no bit is 1, the first one is 0
  kSubsequence  // an empty bulk; 0 with LEN; a map of nothing with IDX
};

struct Row {
  std::string_view name;
  Shape shape;
  bool (*takes)(Arguments args) = nullptr;  // null: any arguments that the arity allows
};

// clang-format off
constexpr Row kRows[] = {
    // keys of any type
    {"dump", Shape::kNull},
    {"exists", Shape::kZero},
    {"expiretime", Shape::kMinusTwo},
    {"memory|usage", Shape::kNull, TakesMemoryUsage},
    {"object|encoding", Shape::kNull},
    {"object|freq", Shape::kNull},
    {"object|idletime", Shape::kNull},
    {"object|refcount", Shape::kNull},
    {"pexpiretime", Shape::kMinusTwo},
    {"pttl", Shape::kMinusTwo},
    {"sort", Shape::kEmptyArray, TakesSort},
    {"sort_ro", Shape::kEmptyArray, TakesSort},
    {"touch", Shape::kZero},
    {"ttl", Shape::kMinusTwo},
    {"type", Shape::kNone},
    // strings, bits, HyperLogLogs
    {"bitcount", Shape::kZero, TakesBitCount},
    {"bitfield_ro", Shape::kGetZeros, TakesBitFields},
    {"bitpos", Shape::kFirstBit, TakesBitPosition},
    {"get", Shape::kNull},
    {"getbit", Shape::kZero, TakesBitOffset},
    {"getrange", Shape::kEmptyBulk, TakesIndexRange},
    {"lcs", Shape::kSubsequence, TakesLcs},
    {"mget", Shape::kNulls},
    {"pfcount", Shape::kZero},
    {"strlen", Shape::kZero},
    {"substr", Shape::kEmptyBulk, TakesIndexRange},
    // lists
    {"lindex", Shape::kNull},
    {"llen", Shape::kZero},
    {"lpos", Shape::kPositions, TakesListPosition},
    {"lrange", Shape::kEmptyArray, TakesIndexRange},
    // hashes
    {"hexists", Shape::kZero},
    {"hget", Shape::kNull},
    {"hgetall", Shape::kEmptyMap},
    {"hkeys", Shape::kEmptyArray},
    {"hlen", Shape::kZero},
    {"hmget", Shape::kFieldNulls},
    {"hrandfield", Shape::kDrawn, TakesFieldsDrawn},
    {"hscan", Shape::kScan, TakesScan},
    {"hstrlen", Shape::kZero},
    {"hvals", Shape::kEmptyArray},
    // sets
    {"scard", Shape::kZero},
    {"sdiff", Shape::kEmptySet},
    {"sinter", Shape::kEmptySet},
    {"sintercard", Shape::kZero, TakesCardinality},
    {"sismember", Shape::kZero},
    {"smembers", Shape::kEmptySet},
    {"smismember", Shape::kFieldZeros},
    {"srandmember", Shape::kDrawn, TakesMembersDrawn},
    {"sscan", Shape::kScan, TakesScan},
    {"sunion", Shape::kEmptySet},
    // sorted sets
    {"zcard", Shape::kZero},
    {"zcount", Shape::kZero, TakesScoreBounds},
    {"zdiff", Shape::kEmptyArray, TakesDifference},
    {"zinter", Shape::kEmptyArray, TakesCombination},
    {"zintercard", Shape::kZero, TakesCardinality},
    {"zlexcount", Shape::kZero, TakesLexBounds},
    {"zmscore", Shape::kFieldNulls},
    {"zrandmember", Shape::kDrawn, TakesScoresDrawn},
    {"zrange", Shape::kEmptyArray, TakesAnyRange},
    {"zrangebylex", Shape::kEmptyArray, TakesLexRange},
    {"zrangebyscore", Shape::kEmptyArray, TakesScoreRange},
    {"zrank", Shape::kNull, TakesRank},
    {"zrevrange", Shape::kEmptyArray, TakesRankRange},
    {"zrevrangebylex", Shape::kEmptyArray, TakesLexRange},
    {"zrevrangebyscore", Shape::kEmptyArray, TakesScoreRange},
    {"zrevrank", Shape::kNull, TakesRank},
    {"zscan", Shape::kScan, TakesScan},
    {"zscore", Shape::kNull},
    {"zunion", Shape::kEmptyArray, TakesCombination},
    // places
    {"geodist", Shape::kNull, TakesDistance},
    {"geohash", Shape::kFieldNulls},
    {"geopos", Shape::kFieldArrays},
    {"georadius_ro", Shape::kEmptyArray, TakesRadius},
    {"georadiusbymember_ro", Shape::kEmptyArray, TakesRadiusByMember},
    {"geosearch", Shape::kEmptyArray, TakesGeoSearch},
    // streams; XINFO and XPENDING give an error
    {"xlen", Shape::kZero},
    {"xrange", Shape::kEmptyArray, TakesStreamRange},
    {"xread", Shape::kNullArray, TakesStreams},
    {"xrevrange", Shape::kEmptyArray, TakesStreamRange},
};
// clang-format on

// By the id of the command, which every table shares; null where there is no row.
const Row* RowOf(const command::CommandSpec& spec) {
  static const std::vector<const Row*> by_id = [] {
    std::vector<const Row*> rows(command::BuiltIn().size());
    for (const Row& row : kRows) {
      if (const command::CommandSpec* const known = command::BuiltIn().FindFull(row.name)) rows[known->id] = &row;
    }
    return rows;
  }();
  return spec.id < by_id.size() ? by_id[spec.id] : nullptr;
}

template <typename Append>
std::string Elements(std::size_t count, Append append) {
  std::string out;
  resp::AppendArrayHeader(out, count);
  for (std::size_t i = 0; i < count; ++i) append(out);
  return out;
}

std::string Null(int proto) {
  std::string out;
  resp::AppendNull(out, proto);
  return out;
}

std::string Integer(std::int64_t value) {
  std::string out;
  resp::AppendInteger(out, value);
  return out;
}

std::string EmptyBulk() {
  std::string out;
  resp::AppendBulk(out, "");
  return out;
}

std::string Scan() {
  std::string out;
  resp::AppendArrayHeader(out, 2);
  resp::AppendBulk(out, "0");
  resp::AppendArrayHeader(out, 0);
  return out;
}

std::string Subsequence(Arguments args, int proto) {
  if (HasWord(args, 3, "len")) return Integer(0);
  if (!HasWord(args, 3, "idx")) return EmptyBulk();
  std::string out;
  resp::AppendMapHeader(out, 2, proto);
  resp::AppendBulk(out, "matches");
  resp::AppendArrayHeader(out, 0);
  resp::AppendBulk(out, "len");
  resp::AppendInteger(out, 0);
  return out;
}

// Of a shape that is a list, one element for each of some arguments, or that depends on them.
std::string ByArguments(Shape shape, Arguments args, int proto) {
  const auto null = [proto](std::string& out) { resp::AppendNull(out, proto); };
  const auto zero = [](std::string& out) { resp::AppendInteger(out, 0); };
  switch (shape) {
    case Shape::kNulls:
      return Elements(args.size() - 1, null);
    case Shape::kFieldNulls:
      return Elements(args.size() - 2, null);
    case Shape::kFieldZeros:
      return Elements(args.size() - 2, zero);
    case Shape::kFieldArrays:
      return Elements(args.size() - 2, [proto](std::string& out) { resp::AppendNullArray(out, proto); });
    case Shape::kGetZeros:
      return Elements((args.size() - 2) / 3, zero);
    case Shape::kDrawn:
      return args.size() > 2 ? Elements(0, zero) : Null(proto);
    case Shape::kPositions:
      return HasWord(args, 3, "count") ? Elements(0, zero) : Null(proto);
    case Shape::kFirstBit:
      return Integer(args[2] == "1" ? -1 : 0);
    default:
      return Subsequence(args, proto);
  }
}

std::string Encode(Shape shape, Arguments args, int proto) {
  std::string out;
  switch (shape) {
    case Shape::kNull:
      return Null(proto);
    case Shape::kZero:
      return Integer(0);
    case Shape::kMinusTwo:
      return Integer(-2);
    case Shape::kEmptyBulk:
      return EmptyBulk();
    case Shape::kEmptyArray:
      resp::AppendArrayHeader(out, 0);
      return out;
    case Shape::kEmptyMap:
      resp::AppendMapHeader(out, 0, proto);
      return out;
    case Shape::kEmptySet:
      resp::AppendSetHeader(out, 0, proto);
      return out;
    case Shape::kNullArray:
      resp::AppendNullArray(out, proto);
      return out;
    case Shape::kNone:
      resp::AppendSimple(out, "none");
      return out;
    case Shape::kScan:
      return Scan();
    default:
      return ByArguments(shape, args, proto);
  }
}

}  // namespace

std::optional<std::string> AbsentReply(const command::CommandSpec& spec, std::span<const std::string_view> args,
                                       int proto) {
  const Row* const row = RowOf(spec);
  if (row == nullptr || !spec.AcceptsCount(args.size())) return std::nullopt;
  if (row->takes != nullptr && !row->takes(args)) return std::nullopt;
  return Encode(row->shape, args, proto);
}

bool IsDelete(const command::CommandSpec& spec) {
  static const std::uint16_t del = command::BuiltIn().FindFull("del")->id;
  static const std::uint16_t unlink = command::BuiltIn().FindFull("unlink")->id;
  return spec.id == del || spec.id == unlink;
}

}  // namespace herdgate::pipeline
