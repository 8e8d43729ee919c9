#include "sidecar/upstream/memory/watch_table.h"

#include <algorithm>
#include <utility>

namespace herdgate::upstream::memory {

void WatchTable::Watch(Client& client, int db, std::string_view key) {
  const Key watched(db, key);
  if (client.watched.insert(watched).second) watchers_[watched].push_back(&client);
}

std::size_t WatchTable::Unwatch(Client& client) {
  std::size_t cost = 0;
  for (const Key& key : client.watched) {
    cost += Cost(key.second);
    const auto found = watchers_.find(key);
    if (found == watchers_.end()) continue;
    std::erase(found->second, &client);
    if (found->second.empty()) watchers_.erase(found);
  }
  client.watched.clear();
  return cost;
}

void WatchTable::MarkDirty(int db, std::string_view key) {
  const auto found = watchers_.find(Key(db, key));
  if (found == watchers_.end()) return;
  const std::vector<Client*> clients = found->second;
  for (Client* client : clients) {
    client->dirty_watch = true;
    released_ += Unwatch(*client);
  }
}

}  // namespace herdgate::upstream::memory
