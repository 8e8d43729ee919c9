#include <chrono>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/glob.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

struct Setting {
  std::string_view name;
  std::string value;
};

// What clients ask for; all of it is fixed.
std::vector<Setting> Settings(Call& call) {
  return {{"appendonly", "no"},
          {"databases", std::to_string(kDatabases)},
          {"lfu-decay-time", "1"},
          {"maxclients", "10000"},
          {"maxmemory", std::to_string(call.keys().max_bytes())},
          {"maxmemory-policy", "allkeys-lru"},
          {"maxmemory-samples", "16"},
          {"notify-keyspace-events", ""},
          {"port", "0"},
          {"proto-max-bulk-len", std::to_string(kMaxStringBytes)},
          {"replica-read-only", "yes"},
          {"requirepass", ""},
          {"save", ""},
          {"slave-read-only", "yes"},
          {"timeout", "0"}};
}

}  // namespace

void ConfigGet(Call& call) {
  std::vector<Setting> found;
  for (Setting& setting : Settings(call)) {
    for (const std::string_view pattern : call.args.subspan(2)) {
      if (!GlobMatches(ToLower(pattern), setting.name)) continue;
      found.push_back(std::move(setting));
      break;
    }
  }
  call.reply.Map(found.size());
  for (const Setting& setting : found) {
    call.reply.Bulk(setting.name);
    call.reply.Bulk(setting.value);
  }
}

void ConfigSet(Call& call) {
  call.reply.Error(
      "ERR herdgate: the embedded store has fixed settings; use a Redis upstream (upstream.url: redis://...)");
}

void ConfigResetStat(Call& call) {
  call.keys().counters() = {};
  call.store.counters() = {};
  call.reply.Ok();
}

void Time(Call& call) {
  const std::int64_t milliseconds = call.store.now().time_since_epoch().count();
  call.reply.Array(2);
  call.reply.BulkInteger(milliseconds / 1000);
  call.reply.BulkInteger(milliseconds % 1000 * 1000);
}

void LastSave(Call& call) {
  call.reply.Integer(call.store.started_at().time_since_epoch().count() / 1000);
}

// There are no replicas, and so nothing to wait for.
void Wait(Call& call) {
  std::int64_t replicas = 0;
  std::int64_t timeout = 0;
  if (!ReadInteger(call, 1, replicas)) return;
  if (!ReadInteger(call, 2, timeout, "ERR timeout is not an integer or out of range")) return;
  if (timeout < 0) return call.reply.Error("ERR timeout is negative");
  call.reply.Integer(0);
}

void Role(Call& call) {
  call.reply.Array(3);
  call.reply.Bulk("master");
  call.reply.Integer(0);
  call.reply.Array(0);
}

void Lolwut(Call& call) {
  call.reply.Verbatim(
      "   __  __  __  __\n"
      "  (oo)(oo)(oo)(oo)   one herd, one gate\n"
      "   \\/  \\/  \\/  \\/\n"
      "Redis ver. 7.0.15\n");
}

void NoCluster(Call& call) {
  call.reply.Error("ERR This instance has cluster support disabled");
}

}  // namespace herdgate::upstream::memory::commands
