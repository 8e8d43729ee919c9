// Which arguments of a request are keys: the same answer as Redis' COMMAND GETKEYS, for every command of the table.
//
// FindKeys() gives at most a handful of ranges however many keys there are, so nothing is allocated; ForEachKey() walks
// them. Positions count from the command name (argument 0). A request that is malformed for Redis (a count that does
// not fit, a keyword without an argument) has no keys, as in Redis; it is forwarded unchanged and upstream words the
// error. Shard channels are no keys. Threads: pure functions; any thread. The source of the rules: Redis 7.0's key
// specifications and its getkeys functions, tested against a real server (tests/unit/command/keys_server_test.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sidecar/command/spec.h"

namespace herdgate::command {

// Keys at first, first + step, ... up to and including last.
struct KeyRange {
  size_t first = 0;
  size_t last = 0;
  size_t step = 1;
  KeyAccess access = KeyAccess::kRead;

  size_t count() const { return (last - first) / step + 1; }
};

class KeyRanges {
 public:
  const KeyRange* begin() const { return ranges_.data(); }
  const KeyRange* end() const { return ranges_.data() + size_; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t key_count() const;

  // REQUIRES: fewer than KeySpecs::kMax ranges so far
  void Add(const KeyRange& range) { ranges_[size_++] = range; }
  void Clear() { size_ = 0; }

 private:
  std::array<KeyRange, KeySpecs::kMax> ranges_{};
  size_t size_ = 0;
};

// REQUIRES: spec == table.Resolve(args). `args` must be whole: keywords and counts are read from it.
KeyRanges FindKeys(const CommandSpec& spec, std::span<const std::string_view> args);

// Calls visit(size_t index, KeyAccess access) for every key, in the order that COMMAND GETKEYS lists them.
template <typename Visit>
void ForEachKey(const CommandSpec& spec, std::span<const std::string_view> args, Visit visit) {
  if (spec.keys.first_argument_only()) {  // nearly always
    if (args.size() > 1) visit(size_t{1}, spec.keys.begin()->access);
    return;
  }
  for (const KeyRange& range : FindKeys(spec, args)) {
    for (size_t i = range.first; i <= range.last; i += range.step) visit(i, range.access);
  }
}

// The first key's index, or 0 if there is none.
inline size_t FirstKey(const CommandSpec& spec, std::span<const std::string_view> args) {
  const KeyRanges ranges = FindKeys(spec, args);
  return ranges.empty() ? 0 : ranges.begin()->first;
}

// Whether the call may wait for data: always for kBlocking, with the BLOCK option for kMaybeBlocking, else never.
// Outside MULTI; a queued command never waits.
bool MayBlock(const CommandSpec& spec, std::span<const std::string_view> args);

}  // namespace herdgate::command
