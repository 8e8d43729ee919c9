#include "sidecar/pipeline/watched_names.h"

#include <algorithm>

namespace herdgate::pipeline {

void WatchedNames::Add(const policy::SnapshotPtr& names, std::span<const std::string_view> keys) {
  if (bytes_ > kMostBytes) return;
  if (watches_.empty() || watches_.back().names != names) watches_.push_back({names, {}});
  for (const std::string_view key : keys) bytes_ += sizeof(std::string) + key.size();
  if (bytes_ > kMostBytes) {
    // Names that are not the first ones any more have changed since.
    const policy::SnapshotPtr first = watches_.front().names;
    watches_ = {{first, {}}};
    return;
  }
  watches_.back().keys.insert(watches_.back().keys.end(), keys.begin(), keys.end());
}

bool WatchedNames::Renamed(const policy::SnapshotPtr& now) const {
  return std::ranges::any_of(watches_, [&](const Watch& watch) {
    if (watch.names == now) return false;
    if (bytes_ > kMostBytes) return true;
    return std::ranges::any_of(watch.keys, [&](const std::string& key) {
      return (watch.names ? watch.names->Physical(key) : key) != (now ? now->Physical(key) : key);
    });
  });
}

void WatchedNames::Clear() {
  watches_.clear();
  bytes_ = 0;
}

}  // namespace herdgate::pipeline
