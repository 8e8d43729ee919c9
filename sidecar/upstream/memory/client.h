// Client: what the embedded store keeps of one connection.
//
// Threads: the store's loop. Ownership: whoever serves the connection (MemoryServer, a test) owns it and tells the
// Store of its beginning and end. What it holds on to (queue, watched keys, subscriptions) is charged to the Keyspace's
// bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/clock.h"

namespace herdgate::upstream::memory {

struct CommandRow;

// A command between MULTI and EXEC.
struct QueuedCommand {
  const CommandRow* row = nullptr;
  std::vector<std::string> args;
  std::size_t charged = 0;
};

struct Client {
  std::uint64_t id = 0;
  std::string address;
  std::string local_address;
  int fd = -1;
  base::WallTime opened_at;
  base::WallTime last_command_at;
  // Sends a message that is no reply to this client's own command.
  std::function<void(std::string_view)> send;
  // Bytes that the client has not taken yet.
  std::function<std::size_t()> unsent;
  // Ends the connection. Called between commands only.
  std::function<void()> kill;

  int proto = 2;
  int db = 0;
  std::string name;
  std::string library_name;
  std::string library_version;
  const CommandRow* last_command = nullptr;
  bool no_evict = false;
  bool no_touch = false;
  bool closing = false;  // the connection ends when the reply was sent

  bool in_multi = false;
  bool in_exec = false;      // its queue is run
  bool dirty_exec = false;   // a command was refused while queueing
  bool dirty_watch = false;  // a watched key has changed
  std::vector<QueuedCommand> queue;

  std::set<std::pair<int, std::string>, std::less<>> watched;
  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;
  std::set<std::string, std::less<>> shard_channels;

  std::size_t subscriptions() const { return channels.size() + patterns.size() + shard_channels.size(); }
};

}  // namespace herdgate::upstream::memory
