#include "sidecar/pipeline/watched_names.h"

#include <algorithm>

namespace herdgate::pipeline {

void WatchedNames::Add(const policy::SnapshotPtr& names, std::span<const std::string_view> keys) {
  if (watches_.empty() || watches_.back().names != names) watches_.push_back({names, {}});
  keys_ += keys.size();
  if (keys_ > kMost) return;
  watches_.back().keys.insert(watches_.back().keys.end(), keys.begin(), keys.end());
}

bool WatchedNames::Renamed(const policy::SnapshotPtr& now) const {
  return std::ranges::any_of(watches_, [&](const Watch& watch) {
    if (watch.names == now) return false;
    if (keys_ > kMost) return true;
    return std::ranges::any_of(watch.keys, [&](const std::string& key) {
      return (watch.names ? watch.names->Physical(key) : key) != (now ? now->Physical(key) : key);
    });
  });
}

void WatchedNames::Clear() {
  watches_.clear();
  keys_ = 0;
}

}  // namespace herdgate::pipeline
