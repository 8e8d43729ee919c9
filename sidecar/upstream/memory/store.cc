#include "sidecar/upstream/memory/store.h"

#include <algorithm>
#include <cctype>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory {
namespace {

// Redis' client-output-buffer-limit of the pubsub class.
constexpr std::size_t kMostUnsentToSubscriber = 32UL * 1024 * 1024;
constexpr std::size_t kMostNamedBytes = 128;
constexpr std::size_t kManyDead = 10;  // one in so many is worth going on at once
constexpr std::size_t kQueuedCommandBytes = 128;

std::string ToUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::string LackText(std::string_view name) {
  return "ERR herdgate: the embedded store has no '" + std::string(name.substr(0, kMostNamedBytes)) +
         "'; use a Redis upstream (upstream.url: redis://...)";
}

// What never is queued between MULTI and EXEC.
bool RunsInsideMulti(const CommandRow& row) {
  return row.run == commands::Exec || row.run == commands::Discard || row.run == commands::Multi ||
         row.run == commands::Watch || row.run == commands::Quit || row.run == commands::Reset;
}

}  // namespace

Store::Store(const StoreOptions& options, const base::Clock& clock)
    : clock_(clock),
      max_reply_bytes_(options.max_reply_bytes),
      started_at_(clock.Wall()),
      now_(started_at_),
      keys_(options.max_bytes, options.seed, watches_) {
  RefreshNow();
}

Store::~Store() {
  while (!clients_.empty()) Close(*clients_.begin()->second);
}

void Store::RefreshNow() {
  now_ = clock_.Wall();
  keys_.SetNow(now_.time_since_epoch().count());
}

void Store::Open(Client& client) {
  RefreshNow();
  client.id = next_id_++;
  client.opened_at = now_;
  client.last_command_at = now_;
  clients_.emplace(client.id, &client);
  ++counters_.connections;
}

void Store::Close(Client& client) {
  DropQueue(client);
  Unwatch(client);
  Release(subscriptions_.Drop(client));
  clients_.erase(client.id);
}

void Store::Execute(Client& client, std::span<const std::string_view> args, std::string& out) {
  RefreshNow();
  client.last_command_at = now_;
  ++counters_.commands;
  current_ = &client;
  current_out_ = &out;
  ReplyWriter reply(out, client.proto, max_reply_bytes_);
  const CommandRow* row = Resolve(client, args, reply);
  if (row != nullptr && Admits(client, *row, reply)) {
    if (client.in_multi && !RunsInsideMulti(*row)) {
      Queue(client, *row, args, reply);
    } else {
      Run(*row, client, args, reply);
    }
  }
  counters_.errors += reply.errors();
  current_ = nullptr;
  current_out_ = nullptr;
  for (const std::uint64_t id : std::exchange(doomed_, {})) {
    if (const auto found = clients_.find(id); found != clients_.end()) found->second->kill();
  }
}

const CommandRow* Store::Resolve(Client& client, std::span<const std::string_view> args, ReplyWriter& reply) {
  if (EqualsIgnoringCase(args[0], "post") || EqualsIgnoringCase(args[0], "host:")) {
    client.closing = true;  // a browser that was made to speak to this port
    return nullptr;
  }
  const CommandTable::Command* command = CommandTable::Get().Find(args[0]);
  if (command == nullptr) {
    Reject(client, reply, LackText(args[0]));
    return nullptr;
  }
  const CommandRow* row = command->row;
  if (!command->subcommands.empty() && args.size() > 1) {
    row = CommandTable::FindSubcommand(*command, args[1]);
    if (row == nullptr) {
      Reject(client, reply,
             "ERR unknown subcommand '" + std::string(args[1].substr(0, kMostNamedBytes)) + "'. Try " +
                 ToUpper(command->row->name) + " HELP.");
      return nullptr;
    }
    if (row->run == nullptr) {
      Reject(client, reply, LackText(std::string(args[0]) + ' ' + std::string(args[1])));
      return nullptr;
    }
  }
  if (AcceptsCount(*row, args.size())) return row;
  Reject(client, reply, "ERR wrong number of arguments for '" + std::string(row->name) + "' command",
         row->run == commands::Exec);
  return nullptr;
}

bool Store::Admits(Client& client, const CommandRow& row, ReplyWriter& reply) {
  if (client.proto == 3 || client.subscriptions() == 0) return true;
  if (row.name == "ping" || row.name == "quit" || row.name == "reset" || row.name.ends_with("subscribe")) return true;
  Reject(client, reply,
         "ERR Can't execute '" + std::string(row.name) +
             "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
         row.run == commands::Exec);
  return false;
}

// `error` begins with its code. An EXEC that can't run discards its transaction; any other command makes EXEC fail.
void Store::Reject(Client& client, ReplyWriter& reply, std::string_view error, bool is_exec) {
  if (is_exec) {
    DropQueue(client);
    reply.Error("EXECABORT Transaction discarded because of: " + std::string(error.substr(error.find(' ') + 1)));
    return;
  }
  if (client.in_multi) client.dirty_exec = true;
  reply.Error(error);
}

void Store::Queue(Client& client, const CommandRow& row, std::span<const std::string_view> args, ReplyWriter& reply) {
  if (!client.dirty_exec && !client.dirty_watch) {  // else nothing will run, so nothing is kept
    std::size_t size = kQueuedCommandBytes;
    for (const std::string_view arg : args) size += BlockEstimate(arg.size()) + sizeof(std::string);
    if (!Charge(size)) {
      Reject(client, reply, commands::kOutOfMemory);
      return;
    }
    client.queue.push_back({.row = &row, .args = {args.begin(), args.end()}, .charged = size});
  }
  reply.Simple("QUEUED");
}

void Store::Run(const CommandRow& row, Client& client, std::span<const std::string_view> args, ReplyWriter& reply) {
  client.last_command = &row;
  Call call{.store = *this, .client = client, .row = row, .args = args, .reply = reply};
  row.run(call);
  Release(watches_.TakeReleased());
}

void Store::RefuseLarge(Client& client, std::string& out) {
  ReplyWriter reply(out, client.proto, max_reply_bytes_);
  Reject(client, reply, commands::kOutOfMemory);
  ++counters_.errors;
}

void Store::Deliver(Client& client, std::string_view message) {
  if (&client == current_) {
    current_out_->append(message);
    return;
  }
  client.send(message);
  if (client.unsent() > kMostUnsentToSubscriber) doomed_.push_back(client.id);
}

void Store::DropQueue(Client& client) {
  for (const QueuedCommand& queued : client.queue) Release(queued.charged);
  client.queue.clear();
  client.queue.shrink_to_fit();
  client.in_multi = false;
  client.dirty_exec = false;
  client.dirty_watch = false;
  Unwatch(client);
}

void Store::Unwatch(Client& client) {
  Release(watches_.Unwatch(client));
  client.dirty_watch = false;
}

bool Store::Tick() {
  RefreshNow();
  const Keyspace::Sweep sweep = keys_.ExpireSome();
  Release(watches_.TakeReleased());
  return sweep.deleted * kManyDead > sweep.seen;
}

}  // namespace herdgate::upstream::memory
