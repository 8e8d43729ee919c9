// Store: the embedded store without its sockets: takes a client's commands one at a time and writes Redis' replies.
//
// Threads: the store's loop. Ownership: clients and clock are borrowed; Close a client before it goes.
// Errors: every failure is a reply. What Redis has and the store has not is answered with one error that names it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/upstream/memory/client.h"
#include "sidecar/upstream/memory/command_table.h"
#include "sidecar/upstream/memory/keyspace.h"
#include "sidecar/upstream/memory/reply_writer.h"
#include "sidecar/upstream/memory/subscriptions.h"
#include "sidecar/upstream/memory/watch_table.h"

namespace herdgate::upstream::memory {

// The Redis release whose behaviour the store has.
inline constexpr std::string_view kRedisVersion = "7.0.15";
inline constexpr std::int64_t kMaxStringBytes = 512LL * 1024 * 1024;  // Redis' proto-max-bulk-len

struct StoreOptions {
  std::size_t max_bytes = 64UL * 1024 * 1024;
  std::size_t max_reply_bytes = 1024UL * 1024 * 1024;  // of one command or EXEC
  std::uint64_t seed = 1;                              // of the hash and of eviction's samples: random in production
};

struct StoreCounters {
  std::uint64_t commands = 0;
  std::uint64_t connections = 0;
  std::uint64_t errors = 0;
};

class Store {
 public:
  Store(const StoreOptions& options, const base::Clock& clock);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Gives the client its id.
  void Open(Client& client);
  void Close(Client& client);
  // Appends the reply (pub/sub: replies) to `out`. REQUIRES: !args.empty()
  void Execute(Client& client, std::span<const std::string_view> args, std::string& out);
  // The reply to a command that is too large to be looked at.
  void RefuseLarge(Client& client, std::string& out);
  // Deletes some of the keys whose time has come; true if it is likely to find many more.
  bool Tick();

  // For the commands.
  void Run(const CommandRow& row, Client& client, std::span<const std::string_view> args, ReplyWriter& reply);
  // Sends a pub/sub message, in order with the reply under way if it is the client's own.
  void Deliver(Client& client, std::string_view message);
  void DropQueue(Client& client);
  void Unwatch(Client& client);
  // WATCH and SUBSCRIBE: the memory that a client holds. False if there is none left.
  bool Charge(std::size_t bytes) { return keys_.Charge(bytes); }
  void Release(std::size_t bytes) { keys_.Release(bytes); }

  Keyspace& keys() { return keys_; }
  WatchTable& watches() { return watches_; }
  Subscriptions& subscriptions() { return subscriptions_; }
  const std::map<std::uint64_t, Client*>& clients() const { return clients_; }
  StoreCounters& counters() { return counters_; }
  base::WallTime started_at() const { return started_at_; }
  // The time of the command under way.
  base::WallTime now() const { return now_; }

 private:
  void RefreshNow();
  const CommandRow* Resolve(Client& client, std::span<const std::string_view> args, ReplyWriter& reply);
  bool Admits(Client& client, const CommandRow& row, ReplyWriter& reply);
  void Queue(Client& client, const CommandRow& row, std::span<const std::string_view> args, ReplyWriter& reply);
  void Reject(Client& client, ReplyWriter& reply, std::string_view error, bool is_exec = false);

  const base::Clock& clock_;
  const std::size_t max_reply_bytes_;
  base::WallTime started_at_;
  base::WallTime now_;
  WatchTable watches_;
  Keyspace keys_;
  Subscriptions subscriptions_;
  std::map<std::uint64_t, Client*> clients_;
  std::uint64_t next_id_ = 1;
  StoreCounters counters_;
  Client* current_ = nullptr;
  std::string* current_out_ = nullptr;
  std::vector<std::uint64_t> doomed_;  // clients to kill once the command has ended
};

}  // namespace herdgate::upstream::memory
