// The built-in rows, by file, and the check that makes a bad row fail the build.
//
// Internal to sidecar/command: use Table. A new file of rows is added to AllRows() in table.cc by hand.
#pragma once

#include <cstddef>
#include <span>

#include "sidecar/command/key_spec.h"
#include "sidecar/command/spec.h"

namespace herdgate::command {

std::span<const CommandRow> KeyspaceRows();
std::span<const CommandRow> CollectionRows();
std::span<const CommandRow> StreamRows();
std::span<const CommandRow> ServerRows();
std::span<const CommandRow> ClusterRows();
std::span<const CommandRow> ModuleRows();

// Key shapes with a name of their own, to keep a row on one line.
constexpr KeySpecs MoveKeys() {
  return Updates(1) + Updates(2);
}  // source destination
constexpr KeySpecs StoreKeys() {
  return Overwrites(1) + CountedReads(2);
}  // destination numkeys key [key ...]
constexpr KeySpecs CountedPairs(int16_t count_position) {  // numkeys key value [key value ...]
  KeySpecs keys = CountedOverwrites(count_position);
  keys.specs[0].step = 2;
  return keys;
}
constexpr KeySpecs SortKeys() {
  return With(KeySearch::kSort, Reads(1) + Nowhere(KeyAccess::kRead) + Nowhere(KeyAccess::kOverwrite));
}
constexpr KeySpecs SortReadOnlyKeys() {
  return With(KeySearch::kFirst, Reads(1) + Nowhere(KeyAccess::kRead));
}
constexpr KeySpecs GeoStore(int16_t options) {  // STORE key and STOREDIST key, from argument `options`
  return Reads(1) + Behind("STORE", options, Overwrites(1)) + Behind("STOREDIST", options, Overwrites(1));
}
constexpr KeySpecs StreamKeys(int16_t options) {  // STREAMS key [key ...] id [id ...]
  KeySpecs keys = Behind("STREAMS", options, Reads(1, -1));
  keys.specs[0].limit = 2;
  return keys;
}
constexpr KeySpecs MigrateKeys() {
  KeySpecs keys = Behind("KEYS", -2, Updates(1, -1));
  keys.specs[0].incomplete = true;
  return With(KeySearch::kMigrate, Updates(3) + keys);
}

constexpr bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '|';
}

constexpr bool IsSaneName(std::string_view name) {
  if (name.empty() || name.size() > 32 || name.front() == '|' || name.back() == '|') return false;
  size_t bars = 0;
  for (char c : name) {
    if (!IsNameChar(c)) return false;
    bars += c == '|' ? 1u : 0u;
  }
  return bars <= 1;
}

// A key position is sane if the fewest arguments that the arity allows can hold it; an open range may start right
// behind them (PFMERGE).
constexpr bool IsSaneSpec(const KeySpec& spec, int16_t arity) {
  if (spec.begin == KeySpec::Begin::kUnknown) return true;
  if (spec.step < 1 || spec.limit < 0 || spec.last < -2) return false;
  if (spec.begin == KeySpec::Begin::kKeyword) return !spec.keyword.empty() && spec.position != 0;
  const int fewest = arity < 0 ? -arity : arity;
  const int needed = spec.find == KeySpec::Find::kCount ? spec.position + spec.count_offset : spec.position;
  if (spec.access == KeyAccess::kChannel) return spec.position >= 1;  // SUNSUBSCRIBE may have none
  return spec.position >= 1 && needed < fewest + (spec.last < 0 ? 1 : 0);
}

constexpr bool IsSaneRow(const CommandRow& row) {
  if (!IsSaneName(row.name) || row.arity == 0 || row.since == Since::kUpstream) return false;
  if (row.flags.Has(CommandFlag::kWrite) && row.flags.Has(CommandFlag::kReadonly)) return false;
  for (const KeySpec& spec : row.keys) {
    if (!IsSaneSpec(spec, row.arity)) return false;
  }
  return true;
}

// -1 if every row is sane, no name stands twice, and a subcommand stands behind its container in the same file; else
// the first bad row's index (the compiler prints it: "the comparison reduces to (17 == -1)").
template <size_t kCount>
consteval int FirstBadRow(const CommandRow (&rows)[kCount]) {
  for (size_t i = 0; i < kCount; ++i) {
    const std::string_view container = rows[i].name.substr(0, rows[i].name.find('|'));
    bool good = IsSaneRow(rows[i]);
    bool found = container.size() == rows[i].name.size();
    for (size_t j = 0; j < i; ++j) {
      good = good && rows[j].name != rows[i].name;
      found = found || rows[j].name == container;
    }
    if (!good || !found) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace herdgate::command
