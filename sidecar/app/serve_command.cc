#include "sidecar/app/serve_command.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

#include "sidecar/app/memory_budget.h"
#include "sidecar/app/usage.h"
#include "sidecar/base/cgroup.h"
#include "sidecar/config/diff.h"
#include "sidecar/config/fields.h"
#include "sidecar/config/loader.h"

namespace herdgate::app {
namespace {

constexpr const char* kConfigFlag = "--config";

struct Flag {
  std::string_view name;
  std::string_view key;  // of config::Field
  const char* type;
  const char* help;
};

// clang-format off
constexpr std::array<Flag, kServeFlags> kFlags = {{
    {"--listen", "listen", "URL", "where clients connect: tcp://HOST:PORT or unix:///PATH; may be repeated [tcp://127.0.0.1:6380]"},
    {"--upstream", "upstream.url", "URL", "where the data lives: redis://, unix:// or memory:// [redis://127.0.0.1:6379]"},
    {"--upstream-timeout", "upstream.timeout", "TIME", "wait this long for an upstream that can't be reached [2s]"},
    {"--telemetry", "telemetry.listen", "HOST:PORT|off", "/metrics, /livez, /readyz and /startupz [127.0.0.1:9638]"},
    {"--admin", "admin.listen", "HOST:PORT|off", "the web UI and the HTTP API [off]"},
    {"--admin-tokens-file", "admin.tokens_file", "FILE", "who may use the HTTP API [nobody: loopback may read]"},
    {"--admin-allowed-host", "admin.allowed_hosts", "NAME", "another name that the HTTP API goes by; repeatable"},
    {"--admin-audit-file", "admin.audit_file", "FILE", "where each change by the HTTP API is written down"},
    {"--loops", "loops", "N|auto", "threads that serve clients [auto: the cgroup CPU quota, 1 to 4]"},
    {"--max-clients", "limits.max_clients", "N", "clients connected at once [10000]"},
    {"--max-dedicated", "limits.max_dedicated", "N", "upstream connections held by single sessions [1000]"},
    {"--client-output-limit", "limits.client_output_limit", "SIZE", "replies that may wait for one client [1GiB]"},
    {"--memory-max-bytes", "memory.max_bytes", "SIZE", "what memory:// holds before it evicts [64MiB]"},
    {"--near-max-bytes", "near.max_bytes", "SIZE", "what the near cache holds before it evicts [64MiB]"},
    {"--offline-max-deletes", "offline.max_deletes", "N", "deletes remembered while the upstream is away [100000]"},
    {"--offline-max-bytes", "offline.max_bytes", "SIZE", "what the remembered deletes may hold [16MiB]"},
    {"--shutdown-delay", "shutdown.delay", "TIME", "SIGTERM changes nothing but readiness for this long [0ms]"},
    {"--drain", "shutdown.drain", "TIME", "SIGTERM waits this long for commands in flight [1500ms]"},
    {"--log-level", "log.level", "LEVEL", "debug, info, warn or error [info]"},
    {"--log-format", "log.format", "FORMAT", "auto, text or json [auto: text on a terminal, else json]"},
}};
// clang-format on

constexpr const char* kServeFooter =
    "Flags override the file. TIME is like 500ms, 2s or 1m; SIZE is like 65536, 64MiB or 1GiB.\n\n";
// A flag of serve that was given, which overrides the file.
struct Override {
  std::string_view flag;
  const config::Field* field = nullptr;
  std::vector<std::string> values;
};

std::vector<Override> OverridesOf(const CLI::App& serve, const ServeTyped& typed) {
  std::vector<Override> overrides;
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    if (serve.count(std::string(kFlags[i].name)) == 0) continue;
    const config::Field* const field = config::FindField(kFlags[i].key);
    overrides.push_back(
        {kFlags[i].name, field, field->is_list ? typed.lists[i] : std::vector<std::string>{typed.single[i]}});
  }
  return overrides;
}

// The file, then the flags, whose mistakes are added to those of the file. `file` is null if none was given.
config::Loaded Load(const std::string* file, const std::vector<Override>& overrides) {
  config::Loaded loaded;
  if (file != nullptr) loaded = config::LoadFile(*file);
  for (const Override& given : overrides) {
    loaded.given.erase(std::string(given.field->key));
    if (given.field->is_list) given.field->clear(loaded.options);
    for (const std::string& value : given.values) {
      const base::Status status = given.field->set(value, loaded.options);
      if (!status.ok()) loaded.problems.push_back({"", {}, std::string(given.flag) + ": " + status.message()});
    }
  }
  if (loaded.problems.empty()) loaded.problems = config::FindConflicts(loaded);
  return loaded;
}

// Adds a problem if `options` may hold more than the process is given; at the place of near.max_bytes, if that is
// known.
void CheckMemory(const config::Options& options, const std::filesystem::path& root, config::Loaded& loaded) {
  if (!loaded.problems.empty()) return;
  const std::string problem = MemoryProblem(options, base::CgroupMemoryLimit(root));
  if (problem.empty()) return;
  const auto given = loaded.given.find("near.max_bytes");
  const bool in_file = given != loaded.given.end();
  loaded.problems.push_back({in_file ? loaded.file : "", in_file ? given->second : config::Position{}, problem});
}

}  // namespace

CLI::App* DescribeServe(CLI::App& app, ServeTyped& typed, const std::string& footer) {
  CLI::App* const serve = app.add_subcommand("serve", "serve clients until SIGTERM or SIGINT")->group("Commands");
  serve->footer(kServeFooter + footer);
  serve->add_option(kConfigFlag, typed.config_file, "the configuration file (YAML)")->type_name("FILE");
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    const Flag& flag = kFlags[i];
    const std::string name(flag.name);
    // One value for each use: a stray word behind it is a mistake and not a second value.
    CLI::Option* const option = config::FindField(flag.key)->is_list
                                    ? serve->add_option(name, typed.lists[i], flag.help)->allow_extra_args(false)
                                    : serve->add_option(name, typed.single[i], flag.help);
    option->type_name(flag.type);
  }
  return serve;
}

const std::vector<std::string_view>& ServeFlags() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> names = {kConfigFlag};
    for (const Flag& flag : kFlags) names.push_back(flag.name);
    return names;
  }();
  return all;
}

CommandLine Serve(const CLI::App& serve, const ServeTyped& typed, const std::filesystem::path& root) {
  const bool has_file = serve.count(kConfigFlag) > 0;
  const std::vector<Override> overrides = OverridesOf(serve, typed);
  config::Loaded loaded = Load(has_file ? &typed.config_file : nullptr, overrides);
  CheckMemory(loaded.options, root, loaded);
  if (!loaded.problems.empty()) return Exit(kExitUsage, "", ProblemLines(loaded.problems, false));
  CommandLine line;
  line.action = CommandLine::Action::kServe;
  line.options = std::move(loaded.options);
  line.config_file = typed.config_file;
  if (!has_file) return line;
  line.load_again = [file = typed.config_file, overrides, root, started = line.options] {
    config::Loaded again = Load(&file, overrides);
    CheckMemory(again.options, root, again);
    // A limit that waits for a restart is not in force yet.
    CheckMemory(config::WithLive(started, again.options), root, again);
    return again;
  };
  return line;
}

}  // namespace herdgate::app
