// Subscriptions: who listens to which channel, pattern and shard channel.
//
// Threads: the store's loop. Ownership: clients are borrowed; call Drop before one goes. Order: a message goes to a
// channel's subscribers in the order in which they subscribed, then to the patterns' in the order of the patterns.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/upstream/memory/client.h"

namespace herdgate::upstream::memory {

enum class Topic : unsigned char { kChannel, kPattern, kShardChannel };

class Subscriptions {
 public:
  // Bytes that one subscription takes: two tree nodes, each with the name, and a pointer.
  static std::size_t Cost(std::string_view name) { return 320 + 2 * name.size(); }
  static std::set<std::string, std::less<>>& Of(Client& client, Topic topic);

  // False if it was there, or was not.
  bool Add(Client& client, Topic topic, std::string_view name);
  bool Remove(Client& client, Topic topic, std::string_view name);
  // Removes all of a client; returns their Cost.
  std::size_t Drop(Client& client);

  using Subscribers = std::vector<Client*>;
  using Names = std::map<std::string, Subscribers, std::less<>>;
  const Names& names(Topic topic) const { return names_[static_cast<std::size_t>(topic)]; }
  // nullptr if nobody listens.
  const Subscribers* Find(Topic topic, std::string_view name) const;

 private:
  Names& Mutable(Topic topic) { return names_[static_cast<std::size_t>(topic)]; }

  std::array<Names, 3> names_;
};

}  // namespace herdgate::upstream::memory
