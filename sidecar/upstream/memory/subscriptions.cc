#include "sidecar/upstream/memory/subscriptions.h"

namespace herdgate::upstream::memory {

std::set<std::string, std::less<>>& Subscriptions::Of(Client& client, Topic topic) {
  switch (topic) {
    case Topic::kChannel:
      return client.channels;
    case Topic::kPattern:
      return client.patterns;
    case Topic::kShardChannel:
      break;
  }
  return client.shard_channels;
}

bool Subscriptions::Add(Client& client, Topic topic, std::string_view name) {
  if (!Of(client, topic).emplace(name).second) return false;
  Mutable(topic)[std::string(name)].push_back(&client);
  return true;
}

bool Subscriptions::Remove(Client& client, Topic topic, std::string_view name) {
  auto& own = Of(client, topic);
  const auto at = own.find(name);
  if (at == own.end()) return false;
  Names& names = Mutable(topic);
  const auto found = names.find(name);
  std::erase(found->second, &client);
  if (found->second.empty()) names.erase(found);
  own.erase(at);
  return true;
}

std::size_t Subscriptions::Drop(Client& client) {
  std::size_t cost = 0;
  for (const Topic topic : {Topic::kChannel, Topic::kPattern, Topic::kShardChannel}) {
    auto& own = Of(client, topic);
    while (!own.empty()) {
      const std::string name = *own.begin();
      cost += Cost(name);
      Remove(client, topic, name);
    }
  }
  return cost;
}

const Subscriptions::Subscribers* Subscriptions::Find(Topic topic, std::string_view name) const {
  const Names& names = this->names(topic);
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &found->second;
}

}  // namespace herdgate::upstream::memory
