// WatchTable: which clients wait to hear that a key has changed (WATCH).
//
// A change marks every watcher dirty and forgets what it watched, as the mark is all that EXEC asks for.
// Threads: the store's loop. Ownership: clients are borrowed; call Unwatch before one goes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sidecar/upstream/memory/client.h"
#include "sidecar/upstream/memory/keyspace.h"

namespace herdgate::upstream::memory {

class WatchTable final : public KeyWatcher {
 public:
  // Bytes that one watched key takes: two tree nodes, each with the key, and a pointer.
  static std::size_t Cost(std::string_view key) { return 320 + 2 * key.size(); }

  void Watch(Client& client, int db, std::string_view key);
  // Returns the Cost of all that `client` watched.
  std::size_t Unwatch(Client& client);
  std::size_t watchers() const { return watchers_.size(); }

  void OnChanged(int db, std::string_view key) override {
    if (!watchers_.empty()) MarkDirty(db, key);
  }
  // `existed` says whether a key of that database was there and so has changed by the flush or swap.
  template <typename Existed>
  void OnDatabase(int db, Existed existed) {
    if (watchers_.empty()) return;
    std::vector<std::string> keys;
    for (auto at = watchers_.lower_bound({db, std::string()}); at != watchers_.end() && at->first.first == db; ++at) {
      keys.push_back(at->first.second);
    }
    for (const std::string& key : keys) {  // `existed` may expire a key and so change watchers_
      if (existed(key)) MarkDirty(db, key);
    }
  }
  // What was given back by clients that became dirty, since the last call.
  std::size_t TakeReleased() { return std::exchange(released_, 0); }

 private:
  using Key = std::pair<int, std::string>;
  void MarkDirty(int db, std::string_view key);

  std::map<Key, std::vector<Client*>, std::less<>> watchers_;
  std::size_t released_ = 0;
};

}  // namespace herdgate::upstream::memory
