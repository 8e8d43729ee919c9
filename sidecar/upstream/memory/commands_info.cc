// INFO: the fields that clients, frameworks and exporters look for, with true values.
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

using Out = std::string&;

template <typename Value>
void Field(Out out, std::string_view name, const Value& value) {
  fmt::format_to(std::back_inserter(out), "{}:{}\r\n", name, value);
}

std::string Human(std::size_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{}B", bytes);
  if (bytes < 1024UL * 1024) return fmt::format("{:.2f}K", amount / 1024);
  if (bytes < 1024UL * 1024 * 1024) return fmt::format("{:.2f}M", amount / (1024 * 1024));
  return fmt::format("{:.2f}G", amount / (1024.0 * 1024 * 1024));
}

void Server(Call& call, Out out) {
  const std::int64_t now = call.store.now().time_since_epoch().count();
  const std::int64_t uptime = std::max<std::int64_t>(0, (call.store.now() - call.store.started_at()).count() / 1000);
  Field(out, "redis_version", kRedisVersion);
  Field(out, "redis_git_sha1", "00000000");
  Field(out, "redis_git_dirty", 0);
  Field(out, "redis_mode", "standalone");
  Field(out, "herdgate_store", "memory");
  Field(out, "arch_bits", sizeof(void*) * 8);
  Field(out, "multiplexing_api", "uv");
  Field(out, "process_id", getpid());
  Field(out, "tcp_port", 0);
  Field(out, "server_time_usec", now * 1000);
  Field(out, "uptime_in_seconds", uptime);
  Field(out, "uptime_in_days", uptime / 86400);
  Field(out, "hz", 10);
}

void Clients(Call& call, Out out) {
  const std::size_t subscribed =
      static_cast<std::size_t>(std::count_if(call.store.clients().begin(), call.store.clients().end(),
                                             [](const auto& client) { return client.second->subscriptions() > 0; }));
  Field(out, "connected_clients", call.store.clients().size());
  Field(out, "cluster_connections", 0);
  Field(out, "maxclients", 10000);
  Field(out, "blocked_clients", 0);
  Field(out, "tracking_clients", 0);
  Field(out, "pubsub_clients", subscribed);
}

void Memory(Call& call, Out out) {
  const Keyspace& keys = call.keys();
  Field(out, "used_memory", keys.bytes());
  Field(out, "used_memory_human", Human(keys.bytes()));
  Field(out, "used_memory_peak", keys.peak_bytes());
  Field(out, "used_memory_peak_human", Human(keys.peak_bytes()));
  Field(out, "used_memory_overhead", keys.bytes() - keys.entry_bytes());
  Field(out, "used_memory_dataset", keys.entry_bytes());
  Field(out, "used_memory_clients", keys.charged_bytes());
  Field(out, "maxmemory", keys.max_bytes());
  Field(out, "maxmemory_human", Human(keys.max_bytes()));
  Field(out, "maxmemory_policy", "allkeys-lru");
  Field(out, "mem_allocator", "libc");
}

void Persistence(Call& /*call*/, Out out) {
  Field(out, "loading", 0);
  Field(out, "async_loading", 0);
  Field(out, "rdb_changes_since_last_save", 0);
  Field(out, "rdb_bgsave_in_progress", 0);
  Field(out, "aof_enabled", 0);
}

void Stats(Call& call, Out out) {
  const KeyspaceCounters& keys = call.keys().counters();
  Field(out, "total_connections_received", call.store.counters().connections);
  Field(out, "total_commands_processed", call.store.counters().commands);
  Field(out, "rejected_connections", 0);
  Field(out, "expired_keys", keys.expired);
  Field(out, "evicted_keys", keys.evicted);
  Field(out, "keyspace_hits", keys.hits);
  Field(out, "keyspace_misses", keys.misses);
  Field(out, "pubsub_channels", call.store.subscriptions().names(Topic::kChannel).size());
  Field(out, "pubsub_patterns", call.store.subscriptions().names(Topic::kPattern).size());
  Field(out, "total_error_replies", call.store.counters().errors);
}

void Replication(Call& /*call*/, Out out) {
  Field(out, "role", "master");
  Field(out, "connected_slaves", 0);
  Field(out, "master_repl_offset", 0);
}

void Cluster(Call& /*call*/, Out out) {
  Field(out, "cluster_enabled", 0);
}
void Modules(Call& /*call*/, Out /*out*/) {}

void KeyspaceSection(Call& call, Out out) {
  for (int db = 0; db < kDatabases; ++db) {
    if (call.keys().size(db) == 0) continue;
    fmt::format_to(std::back_inserter(out), "db{}:keys={},expires={},avg_ttl=0\r\n", db, call.keys().size(db),
                   call.keys().volatile_size(db));
  }
}

struct Section {
  std::string_view name;
  std::string_view title;
  void (*write)(Call&, Out);
};

constexpr std::array<Section, 9> kSections = {{
    {"server", "Server", Server},
    {"clients", "Clients", Clients},
    {"memory", "Memory", Memory},
    {"persistence", "Persistence", Persistence},
    {"stats", "Stats", Stats},
    {"replication", "Replication", Replication},
    {"modules", "Modules", Modules},
    {"cluster", "Cluster", Cluster},
    {"keyspace", "Keyspace", KeyspaceSection},
}};

bool Wanted(const Call& call, std::string_view name) {
  if (call.args.size() == 1) return true;
  return std::any_of(call.args.begin() + 1, call.args.end(), [name](std::string_view arg) {
    return EqualsIgnoringCase(arg, name) || EqualsIgnoringCase(arg, "default") || EqualsIgnoringCase(arg, "all") ||
           EqualsIgnoringCase(arg, "everything");
  });
}

}  // namespace

void Info(Call& call) {
  std::string text;
  for (const Section& section : kSections) {
    if (!Wanted(call, section.name)) continue;
    if (!text.empty()) text += "\r\n";
    text.append("# ").append(section.title).append("\r\n");
    section.write(call, text);
  }
  call.reply.Verbatim(text);
}

}  // namespace herdgate::upstream::memory::commands
