#include <algorithm>
#include <utility>

#include "sidecar/upstream/memory/commands.h"

namespace herdgate::upstream::memory::commands {
namespace {

// A watched key whose time has come, but which nobody met and deleted yet, has changed too.
bool AnyWatchedExpired(Call& call) {
  Client& client = call.client;
  if (client.watched.empty()) return false;
  // Meeting a key deletes it, and that marks the client dirty and clears client.watched: so a copy is walked.
  const auto watched = client.watched;
  for (const auto& [db, key] : watched) {
    (void)call.keys().Peek(db, key);
    if (client.dirty_watch) return true;
  }
  return false;
}

void RunQueue(Call& call) {
  Client& client = call.client;
  std::vector<QueuedCommand> queue = std::exchange(client.queue, {});
  call.reply.Array(queue.size());
  std::vector<std::string_view> args;
  for (QueuedCommand& queued : queue) {
    args.assign(queued.args.begin(), queued.args.end());
    // What ran no longer counts, so that a value needs no memory twice for longer than its own command.
    call.store.Release(queued.charged);
    call.store.Run(*queued.row, client, args, call.reply);
    queued.args.clear();
    queued.args.shrink_to_fit();
  }
}

}  // namespace

void Multi(Call& call) {
  if (call.client.in_multi) return call.reply.Error("ERR MULTI calls can not be nested");
  call.client.in_multi = true;
  call.reply.Ok();
}

void Exec(Call& call) {
  Client& client = call.client;
  if (!client.in_multi) return call.reply.Error("ERR EXEC without MULTI");
  if (client.dirty_exec) {
    call.store.DropQueue(client);
    return call.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (client.dirty_watch || AnyWatchedExpired(call)) {
    call.store.DropQueue(client);
    return call.reply.NullArray();
  }
  call.store.Unwatch(client);
  client.in_exec = true;
  RunQueue(call);
  client.in_exec = false;
  call.store.DropQueue(client);
}

void Discard(Call& call) {
  if (!call.client.in_multi) return call.reply.Error("ERR DISCARD without MULTI");
  call.store.DropQueue(call.client);
  call.reply.Ok();
}

void Watch(Call& call) {
  Client& client = call.client;
  if (client.in_multi) return call.reply.Error("ERR WATCH inside MULTI is not allowed");
  for (const std::string_view key : call.args.subspan(1)) {
    (void)call.keys().Peek(client.db, key);  // one that has expired is absent from now on
    if (client.dirty_watch) break;
    if (client.watched.contains({client.db, std::string(key)})) continue;
    if (!call.store.Charge(WatchTable::Cost(key))) return call.reply.Error(kOutOfMemory);
    call.store.watches().Watch(client, client.db, key);
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  call.store.Unwatch(call.client);
  call.reply.Ok();
}

}  // namespace herdgate::upstream::memory::commands
