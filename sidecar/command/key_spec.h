// KeySpec: where the keys of a request are, in the vocabulary of Redis' key specifications (COMMAND INFO, 9th field).
//
// A spec is a search for the first key (a fixed index, or the argument behind a keyword) and then a way to count keys
// from there (a range, or a number that the client wrote). Rows build them with the small functions below and join them
// with `+`:
//   Reads(1)                        GET key
//   Overwrites(1) + Reads(2, -1)    SUNIONSTORE destination key [key ...]
//   CountedReads(1)                 ZUNION numkeys key [key ...]
// Threads: plain values. Errors: a spec that makes no sense does not compile in a row (see rows.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace herdgate::command {

// What the command does with the key, in Redis' terms.
enum class KeyAccess : uint8_t {
  kRead,       // RO
  kUpdate,     // RW
  kOverwrite,  // OW: the old value does not matter
  kRemove,     // RM
  kChannel,    // not_key: a shard channel, in the slot of a key but never a key
};

struct KeySpec {
  enum class Begin : uint8_t { kIndex, kKeyword, kUnknown };
  enum class Find : uint8_t { kRange, kCount, kUnknown };

  KeyAccess access = KeyAccess::kRead;
  Begin begin = Begin::kIndex;
  Find find = Find::kRange;
  bool incomplete = false;  // there may be more keys than the spec finds
  int16_t position = 1;  // kIndex: the argument; kKeyword: where the search starts, negative: from the end, backwards
  std::string_view keyword;  // kKeyword: upper case; static, or owned by the Table
  int16_t last = 0;          // kRange: last key, relative to the first; negative: from the end of the arguments
  int16_t step = 1;          // distance between keys
  int16_t limit = 0;         // kRange with last -1: keys end after 1/limit of the remaining arguments (0, 1: no limit)
  int16_t count_offset = 0;  // kCount: where the number of keys is, relative to `position`
  int16_t first_offset = 0;  // kCount: where the first key is, relative to `position`

  constexpr bool operator==(const KeySpec&) const = default;
};

// Commands whose arguments Redis searches with code instead of a spec.
enum class KeySearch : uint8_t {
  kSpecs,    // the specs say it all
  kFirst,    // SORT_RO: argument 1
  kSort,     // SORT: the last STORE that is not an argument of LIMIT, GET or BY
  kMigrate,  // MIGRATE: argument 3, or all behind KEYS
};

// The key specs of one command: at most kMax, in upstream's order.
struct KeySpecs {
  static constexpr size_t kMax = 4;

  std::array<KeySpec, kMax> specs{};
  uint8_t count = 0;
  KeySearch search = KeySearch::kSpecs;

  constexpr bool empty() const { return count == 0; }
  // Whether every call has the same one key, its first argument: GET, SET, HSET.
  constexpr bool first_argument_only() const {
    const KeySpec& only = specs[0];
    return count == 1 && search == KeySearch::kSpecs && only.begin == KeySpec::Begin::kIndex && only.position == 1 &&
           only.find == KeySpec::Find::kRange && only.last == 0 && !only.incomplete &&
           only.access != KeyAccess::kChannel;
  }
  constexpr const KeySpec* begin() const { return specs.data(); }
  constexpr const KeySpec* end() const { return specs.data() + count; }
  constexpr bool operator==(const KeySpecs&) const = default;
};

constexpr KeySpecs operator+(const KeySpecs& left, const KeySpecs& right) {
  KeySpecs both = left;
  for (const KeySpec& spec : right) both.specs.at(both.count++) = spec;
  if (right.search != KeySearch::kSpecs) both.search = right.search;
  return both;
}

constexpr KeySpecs OneSpec(const KeySpec& spec) {
  KeySpecs keys;
  keys.specs[0] = spec;
  keys.count = 1;
  return keys;
}

constexpr KeySpecs RangeOf(KeyAccess access, int16_t first, int16_t last, int16_t step) {
  KeySpec spec;
  spec.access = access;
  spec.position = first;
  spec.last = last;
  spec.step = step;
  return OneSpec(spec);
}

constexpr KeySpecs CountedOf(KeyAccess access, int16_t count_position) {
  KeySpec spec;
  spec.access = access;
  spec.find = KeySpec::Find::kCount;
  spec.position = count_position;
  spec.count_offset = 0;
  spec.first_offset = 1;
  return OneSpec(spec);
}

// Keys from argument `first`; `last` is relative to it, or from the end if negative.
constexpr KeySpecs NoKeys() {
  return {};
}
constexpr KeySpecs Reads(int16_t first, int16_t last = 0, int16_t step = 1) {
  return RangeOf(KeyAccess::kRead, first, last, step);
}
constexpr KeySpecs Updates(int16_t first, int16_t last = 0, int16_t step = 1) {
  return RangeOf(KeyAccess::kUpdate, first, last, step);
}
constexpr KeySpecs Overwrites(int16_t first, int16_t last = 0, int16_t step = 1) {
  return RangeOf(KeyAccess::kOverwrite, first, last, step);
}
constexpr KeySpecs Removes(int16_t first, int16_t last = 0, int16_t step = 1) {
  return RangeOf(KeyAccess::kRemove, first, last, step);
}
constexpr KeySpecs Channels(int16_t first, int16_t last = 0) {
  return RangeOf(KeyAccess::kChannel, first, last, 1);
}

// As many keys as argument `count_position` says, right behind it.
constexpr KeySpecs CountedReads(int16_t count_position) {
  return CountedOf(KeyAccess::kRead, count_position);
}
constexpr KeySpecs CountedUpdates(int16_t count_position) {
  return CountedOf(KeyAccess::kUpdate, count_position);
}
constexpr KeySpecs CountedOverwrites(int16_t count_position) {
  return CountedOf(KeyAccess::kOverwrite, count_position);
}

// Keys behind a keyword that is looked for from argument `from`.
constexpr KeySpecs Behind(std::string_view keyword, int16_t from, KeySpecs keys) {
  keys.specs[0].begin = KeySpec::Begin::kKeyword;
  keys.specs[0].keyword = keyword;
  keys.specs[0].position = from;
  return keys;
}

// A place that no spec can name.
constexpr KeySpecs Nowhere(KeyAccess access) {
  KeySpec spec;
  spec.access = access;
  spec.begin = KeySpec::Begin::kUnknown;
  spec.find = KeySpec::Find::kUnknown;
  spec.position = 0;
  return OneSpec(spec);
}

constexpr KeySpecs With(KeySearch search, KeySpecs keys) {
  keys.search = search;
  return keys;
}

}  // namespace herdgate::command
