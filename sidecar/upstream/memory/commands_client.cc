// CLIENT INFO and LIST: one line a connection, in the format of Redis 7.0.
#include <charconv>

#include <fmt/format.h>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

std::string_view Flags(const Client& client) {
  const bool subscribed = client.subscriptions() > 0;
  if (client.in_multi) return subscribed ? "Px" : "x";
  return subscribed ? "P" : "N";
}

std::int64_t SecondsSince(const Store& store, base::WallTime then) {
  return std::max<std::int64_t>(0, (store.now() - then).count() / 1000);
}

void AppendLine(std::string& out, const Store& store, const Client& client) {
  std::size_t queued_bytes = 0;
  for (const QueuedCommand& queued : client.queue) queued_bytes += queued.charged;
  const std::size_t unsent = client.unsent ? client.unsent() : 0;
  fmt::format_to(std::back_inserter(out), "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={}",
                 client.id, client.address, client.local_address, client.fd, client.name,
                 SecondsSince(store, client.opened_at), SecondsSince(store, client.last_command_at), Flags(client),
                 client.db);
  fmt::format_to(std::back_inserter(out), " sub={} psub={} ssub={} multi={} qbuf=0 qbuf-free=0 argv-mem=0 multi-mem={}",
                 client.channels.size(), client.patterns.size(), client.shard_channels.size(),
                 client.in_multi ? static_cast<std::int64_t>(client.queue.size()) : -1, queued_bytes);
  fmt::format_to(std::back_inserter(out), " rbs=0 rbp=0 obl=0 oll={} omem={} tot-mem={} events=r cmd={} user=default",
                 unsent > 0 ? 1 : 0, unsent, unsent + queued_bytes + sizeof(Client),
                 client.last_command == nullptr ? "NULL" : client.last_command->name);
  fmt::format_to(std::back_inserter(out), " redir=-1 resp={}", client.proto);
  if (!client.library_name.empty() || !client.library_version.empty()) {
    fmt::format_to(std::back_inserter(out), " lib-name={} lib-ver={}", client.library_name, client.library_version);
  }
  out += '\n';
}

bool ListByType(Call& call, std::string& out) {
  const std::string type = ToLower(call.args[3]);
  if (type != "normal" && type != "pubsub" && type != "master" && type != "replica" && type != "slave") {
    call.reply.Error("ERR Unknown client type '" + std::string(call.args[3]) + "'");
    return false;
  }
  for (const auto& [id, client] : call.store.clients()) {
    const std::string_view own = client->subscriptions() > 0 ? "pubsub" : "normal";
    if (type == own) AppendLine(out, call.store, *client);
  }
  return true;
}

bool ListById(Call& call, std::string& out) {
  for (std::size_t at = 3; at < call.args.size(); ++at) {
    std::int64_t id = 0;
    if (!ReadInteger(call, at, id, "ERR Invalid client ID")) return false;
    const auto found = call.store.clients().find(static_cast<std::uint64_t>(id));
    if (found != call.store.clients().end()) AppendLine(out, call.store, *found->second);
  }
  return true;
}

}  // namespace

void ClientId(Call& call) {
  call.reply.Integer(static_cast<std::int64_t>(call.client.id));
}
void ClientGetRedir(Call& call) {
  call.reply.Integer(-1);
}

void ClientInfo(Call& call) {
  std::string line;
  AppendLine(line, call.store, call.client);
  call.reply.Verbatim(line);
}

void ClientList(Call& call) {
  std::string lines;
  if (call.args.size() == 2) {
    for (const auto& [id, client] : call.store.clients()) AppendLine(lines, call.store, *client);
  } else if (call.args.size() == 4 && EqualsIgnoringCase(call.args[2], "type")) {
    if (!ListByType(call, lines)) return;
  } else if (call.args.size() > 3 && EqualsIgnoringCase(call.args[2], "id")) {
    if (!ListById(call, lines)) return;
  } else {
    return call.reply.Error(kSyntaxError);
  }
  call.reply.Verbatim(lines);
}

// No client of this store ever blocks, so none can be woken.
void ClientUnblock(Call& call) {
  std::int64_t id = 0;
  if (call.args.size() > 4) return WrongSubcommandCount(call);
  if (call.args.size() == 4 && !EqualsIgnoringCase(call.args[3], "timeout") &&
      !EqualsIgnoringCase(call.args[3], "error")) {
    return call.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  if (ReadInteger(call, 2, id)) call.reply.Integer(0);
}

}  // namespace herdgate::upstream::memory::commands
