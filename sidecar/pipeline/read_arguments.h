// ReadArguments: whether Redis takes the arguments of a read, so far as they are no keys: options, numbers, ranges.
//
// For AbsentReply, which answers in Redis' place and must not answer what Redis would refuse. Stricter than Redis where
// that is cheaper: what is unusual counts as not taken. Each takes the whole request, the command's name included, with
// as many arguments as the command's arity asks for at least. Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace herdgate::pipeline {

using Arguments = std::span<const std::string_view>;

bool TakesIndexRange(Arguments args);      // GETRANGE LRANGE SUBSTR
bool TakesBitCount(Arguments args);        // BITCOUNT
bool TakesBitPosition(Arguments args);     // BITPOS
bool TakesBitOffset(Arguments args);       // GETBIT
bool TakesBitFields(Arguments args);       // BITFIELD_RO
bool TakesLcs(Arguments args);             // LCS
bool TakesListPosition(Arguments args);    // LPOS
bool TakesMembersDrawn(Arguments args);    // SRANDMEMBER
bool TakesFieldsDrawn(Arguments args);     // HRANDFIELD
bool TakesScoresDrawn(Arguments args);     // ZRANDMEMBER
bool TakesScan(Arguments args);            // HSCAN SSCAN ZSCAN
bool TakesCardinality(Arguments args);     // SINTERCARD ZINTERCARD
bool TakesDifference(Arguments args);      // ZDIFF
bool TakesCombination(Arguments args);     // ZINTER ZUNION
bool TakesRank(Arguments args);            // ZRANK ZREVRANK
bool TakesScoreBounds(Arguments args);     // ZCOUNT
bool TakesLexBounds(Arguments args);       // ZLEXCOUNT
bool TakesAnyRange(Arguments args);        // ZRANGE
bool TakesRankRange(Arguments args);       // ZREVRANGE
bool TakesScoreRange(Arguments args);      // ZRANGEBYSCORE ZREVRANGEBYSCORE
bool TakesLexRange(Arguments args);        // ZRANGEBYLEX ZREVRANGEBYLEX
bool TakesDistance(Arguments args);        // GEODIST
bool TakesRadius(Arguments args);          // GEORADIUS_RO
bool TakesRadiusByMember(Arguments args);  // GEORADIUSBYMEMBER_RO
bool TakesGeoSearch(Arguments args);       // GEOSEARCH
bool TakesStreamRange(Arguments args);     // XRANGE XREVRANGE
bool TakesStreams(Arguments args);         // XREAD without BLOCK
bool TakesSort(Arguments args);            // SORT SORT_RO without BY, GET and STORE
bool TakesMemoryUsage(Arguments args);     // MEMORY USAGE

// Whether one of the words from `from` on is `lower_case`, in any case.
bool HasWord(Arguments args, std::size_t from, std::string_view lower_case);

}  // namespace herdgate::pipeline
