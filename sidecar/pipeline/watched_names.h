// WatchedNames: the keys that a client watches, and which names they had. The upstream notices writes to a watched name
// alone: where a key has another one at EXEC, because it was hidden meanwhile, EXEC has to fail as if it had been
// deleted.
//
// Threads: one owner. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {

class WatchedNames {
 public:
  // Beyond this many bytes of keys none is kept, and each change of any names counts as one of theirs.
  static constexpr std::size_t kMostBytes = 65'536;

  // WATCH was sent with these keys, under these names.
  void Add(const policy::SnapshotPtr& names, std::span<const std::string_view> keys);
  // Whether one of them is named otherwise now.
  bool Renamed(const policy::SnapshotPtr& now) const;
  void Clear();

 private:
  struct Watch {
    policy::SnapshotPtr names;
    std::vector<std::string> keys;
  };

  std::vector<Watch> watches_;
  std::size_t bytes_ = 0;
};

}  // namespace herdgate::pipeline
