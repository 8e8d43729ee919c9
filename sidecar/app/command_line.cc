#include "sidecar/app/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <exception>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/scope.h"
#include "sidecar/admin/text_codec.h"
#include "sidecar/admin/token_file.h"
#include "sidecar/app/ctl/ctl_command_line.h"
#include "sidecar/app/explain.h"
#include "sidecar/app/memory_budget.h"
#include "sidecar/app/usage.h"
#include "sidecar/base/cgroup.h"
#include "sidecar/base/version.h"
#include "sidecar/config/diff.h"
#include "sidecar/config/fields.h"
#include "sidecar/config/loader.h"
#include "sidecar/config/nearest.h"

namespace herdgate::app {
namespace {

struct Flag {
  std::string_view name;
  std::string_view key;  // of config::Field
  const char* type;
  const char* help;
};

// clang-format off
constexpr std::array<Flag, 20> kFlags = {{
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
constexpr const char* kFooter =
    "Examples:\n"
    "  herdgate serve --upstream redis://redis:6379\n"
    "  herdgate serve --listen tcp://127.0.0.1:6380 --listen unix:///run/herdgate/redis.sock --upstream memory://\n"
    "  herdgate serve --config /etc/herdgate/herdgate.yaml --log-level debug\n"
    "  herdgate check /etc/herdgate/herdgate.yaml\n"
    "  herdgate explain /etc/herdgate/herdgate.yaml user:42 session:abc\n"
    "  herdgate bump /etc/herdgate/herdgate.yaml user\n"
    "  herdgate token alice read,inspect\n"
    "  herdgate ctl status\n"
    "  herdgate inject --tls-cert tls.crt --tls-key tls.key --image IMAGE\n"
    "\n"
    "A password in --upstream is visible to other users of this host; put it into the configuration file instead.\n"
    "Exit codes: 0 done, 1 failed while serving, 2 a wrong flag or configuration, or an address in use.";

// What the user typed, as CLI11 collects it; parsed by the field table afterwards.
struct Typed {
  std::string config_file;
  std::string check_file;
  std::string explain_file;
  std::vector<std::string> keys;
  std::string bump_file;
  std::string bump_policy;
  std::string token_name;
  std::string token_scopes;
  InjectTyped inject;
  std::array<std::string, kFlags.size()> single;
  std::array<std::vector<std::string>, kFlags.size()> lists;
};

struct Commands {
  CLI::App* serve = nullptr;
  CLI::Option* config = nullptr;
  std::array<CLI::Option*, kFlags.size()> flags{};
  CLI::App* check = nullptr;
  CLI::App* explain = nullptr;
  CLI::App* bump = nullptr;
  CLI::App* token = nullptr;
  CLI::App* inject = nullptr;
  CLI::App* version = nullptr;
};

void DescribeServe(CLI::App& app, Typed& typed, Commands& commands) {
  commands.serve = app.add_subcommand("serve", "serve clients until SIGTERM or SIGINT")->group("Commands");
  commands.serve->footer(kServeFooter + std::string(kFooter));
  commands.config = commands.serve->add_option("--config", typed.config_file, "the configuration file (YAML)");
  commands.config->type_name("FILE");
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    const Flag& flag = kFlags[i];
    const std::string name(flag.name);
    // One value for each use: a stray word behind it is a mistake and not a second value.
    commands.flags[i] = config::FindField(flag.key)->is_list
                            ? commands.serve->add_option(name, typed.lists[i], flag.help)->allow_extra_args(false)
                            : commands.serve->add_option(name, typed.single[i], flag.help);
    commands.flags[i]->type_name(flag.type);
  }
}

// The commands that read a file and end.
void DescribeFileCommands(CLI::App& app, Typed& typed, Commands& commands) {
  commands.check =
      app.add_subcommand("check", "read a configuration file and print every problem in it")->group("Commands");
  commands.check->footer("Exit codes: 0 no problem, 2 at least one.");
  commands.check->add_option("FILE", typed.check_file, "the configuration file (YAML)")->required()->type_name("");
  commands.explain = app.add_subcommand("explain", "print what the policies of a configuration file make of keys");
  commands.explain->group("Commands");
  commands.explain->footer(
      "If a key begins with '-', write -- before the first one.\nExit codes: 0 done, 2 the file has a problem.");
  commands.explain->add_option("FILE", typed.explain_file, "the configuration file (YAML)")->required()->type_name("");
  commands.explain->add_option("KEY", typed.keys, "keys, as the app writes them")->required()->type_name("");
  commands.bump =
      app.add_subcommand("bump", "begin a new generation of a policy: hides all its keys")->group("Commands");
  commands.bump->footer(
      "Prints the new generation. Exit codes: 0 done, 1 the upstream can't be reached or refuses, 2 a wrong FILE or "
      "POLICY.");
  commands.bump->add_option("FILE", typed.bump_file, "the configuration file (YAML)")->required()->type_name("");
  commands.bump->add_option("POLICY", typed.bump_policy, "the name of a policy with generation: true")
      ->required()
      ->type_name("");
}

Commands Describe(CLI::App& app, Typed& typed) {
  Commands commands;
  app.set_version_flag("--version", "herdgate " + std::string(base::kVersion), "print the version and exit");
  app.set_help_flag("-h,--help", "print this text and exit");
  app.get_formatter()->column_width(34);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.footer(kFooter);
  app.require_subcommand(1);

  DescribeServe(app, typed, commands);
  DescribeFileCommands(app, typed, commands);
  commands.token = app.add_subcommand("token", "make a token for the HTTP API, and its line for admin.tokens_file");
  commands.token->group("Commands");
  commands.token->footer(
      "Prints two lines: the token, which nobody can read back, and the line of admin.tokens_file that lets it in.\n"
      "SCOPES is a list like read,inspect: read, inspect, invalidate, purge_all, operate.");
  commands.token->add_option("NAME", typed.token_name, "whose it is, for the audit log")->required()->type_name("");
  commands.token->add_option("SCOPES", typed.token_scopes, "what it may do")->required()->type_name("");
  app.add_subcommand("ctl", "see and invalidate through the HTTP API of a running sidecar")->group("Commands");
  commands.inject = DescribeInject(app, typed.inject);
  commands.version = app.add_subcommand("version", "print the version and exit")->group("Commands");
  return commands;
}

CommandLine Version() {
  return Exit(kExitOk, "herdgate " + std::string(base::kVersion) + "\n", "");
}

CommandLine Unexpected(const std::string& argument, const Commands& commands, bool has_command) {
  const bool serving = commands.serve->parsed();
  const bool injecting = commands.inject->parsed();
  const std::string text = Quotable(argument);
  const bool is_flag = text.starts_with('-');
  std::vector<std::string_view> known = {"serve", "check", "explain", "bump", "token", "ctl", "inject", "version"};
  if (is_flag) {
    known = {"--help", "--version"};
    if (injecting) known.insert(known.end(), InjectFlags().begin(), InjectFlags().end());
    if (!injecting) known.emplace_back("--config");
    for (const Flag& flag : kFlags) {
      if (!injecting) known.push_back(flag.name);
    }
  }
  const std::string_view nearest = config::NearestName(text, known);
  std::string hint = std::string("; see herdgate ") + (serving ? "serve " : injecting ? "inject " : "") + "--help";
  if (!nearest.empty()) hint = "; did you mean " + std::string(nearest) + "?";
  if (is_flag && nearest == "--version" && text == nearest) return Usage("--version stands alone: herdgate --version");
  if (is_flag && nearest == text && !injecting)
    return Usage(text + " is a flag of serve and follows it: herdgate serve " + text);
  if (is_flag) return Usage("unknown flag " + text + hint);
  if (has_command) return Usage("unexpected argument" + hint);
  return Usage("unknown command" + (text.empty() ? "" : " " + text) + hint);
}

// CLI11's own messages end here: they repeat arguments.
CommandLine Refused(const CLI::App& app, const Commands& commands, const CLI::ParseError& error) {
  const bool serving = commands.serve->parsed();
  const bool has_command = serving || commands.check->parsed() || commands.explain->parsed() ||
                           commands.bump->parsed() || commands.token->parsed() || commands.inject->parsed() ||
                           commands.version->parsed();
  const std::vector<std::string> rest = app.remaining(true);
  if (!rest.empty()) return Unexpected(rest.front(), commands, has_command);
  if (commands.check->parsed()) return Usage("check needs the FILE to read");
  if (commands.bump->parsed()) return Usage("bump needs the FILE to read and the name of a POLICY in it");
  if (commands.token->parsed()) return Usage("token needs a NAME and SCOPES, like: herdgate token alice read,inspect");
  if (commands.explain->parsed()) return Usage("explain needs the FILE to read and at least one KEY");
  if (!has_command) return Usage("no command; see herdgate --help");
  return NeedsOneValue(error.what());
}

// A problem without a place in a file is the program's own to tell, and says so.
std::string Lines(const std::vector<config::Problem>& problems, bool positions_alone) {
  std::string out;
  for (const config::Problem& problem : problems) {
    const bool alone = positions_alone && problem.at.line > 0;
    out += (alone ? "" : "herdgate: ") + problem.ToString() + "\n";
  }
  return out;
}

config::Loaded LoadWhole(const std::string& file) {
  config::Loaded loaded = config::LoadFile(file);
  if (loaded.problems.empty()) loaded.problems = config::FindConflicts(loaded);
  return loaded;
}

CommandLine Check(const std::string& file) {
  const config::Loaded loaded = LoadWhole(file);
  if (loaded.problems.empty()) return Exit(kExitOk, file + ": OK\n", "");
  return Exit(kExitUsage, "", Lines(loaded.problems, true));
}

CommandLine Explain(const std::string& file, const std::vector<std::string>& keys) {
  const config::Loaded loaded = LoadWhole(file);
  if (!loaded.problems.empty()) return Exit(kExitUsage, "", Lines(loaded.problems, true));
  Explainer explainer(loaded.options.policies);
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : "\n") + explainer.Explain(key);
  return Exit(kExitOk, std::move(out), "");
}

// A flag of serve that was given, which overrides the file.
struct Override {
  std::string_view flag;
  const config::Field* field = nullptr;
  std::vector<std::string> values;
};

std::vector<Override> OverridesOf(const Typed& typed, const Commands& commands) {
  std::vector<Override> overrides;
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    if (commands.flags[i]->count() == 0) continue;
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

CommandLine Serve(const Typed& typed, const Commands& commands, const std::filesystem::path& root) {
  const bool has_file = commands.config->count() > 0;
  const std::vector<Override> overrides = OverridesOf(typed, commands);
  config::Loaded loaded = Load(has_file ? &typed.config_file : nullptr, overrides);
  CheckMemory(loaded.options, root, loaded);
  if (!loaded.problems.empty()) return Exit(kExitUsage, "", Lines(loaded.problems, false));
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

CommandLine Bump(const Typed& typed) {
  config::Loaded loaded = Load(&typed.bump_file, {});
  if (!loaded.problems.empty()) return Exit(kExitUsage, "", Lines(loaded.problems, true));
  CommandLine line;
  line.action = CommandLine::Action::kBump;
  line.options = std::move(loaded.options);
  line.policy = typed.bump_policy;
  return line;
}

CommandLine Inject(const Typed& typed) {
  base::Result<InjectCommand> command = ReadInject(typed.inject);
  CommandLine line;
  if (command.ok()) {
    line.action = CommandLine::Action::kInject;
    line.inject = std::move(command.value());
    return line;
  }
  std::string err;
  std::istringstream problems(command.status().message());
  for (std::string problem; std::getline(problems, problem);) err += "herdgate: " + problem + "\n";
  return Exit(kExitUsage, "", std::move(err));
}

CommandLine MakeToken(const Typed& typed) {
  if (!admin::IsTokenName(typed.token_name)) {
    return Usage("token: NAME must be 1 to 64 letters, digits, dots, underscores or dashes");
  }
  if (!admin::ScopeSet::Parse(typed.token_scopes)) {
    return Usage("token: SCOPES must be a list of read, inspect, invalidate, purge_all and operate, with commas");
  }
  const std::optional<std::string> token = admin::RandomToken();
  if (!token) return Exit(kExitRuntime, "", "herdgate: the system gives no randomness\n");
  const std::string line = admin::TokenLine(typed.token_name, typed.token_scopes, *token);
  return Exit(kExitOk, *token + "\n" + line + "\n", "");
}

CommandLine Parse(int argc, const char* const* argv, const std::filesystem::path& root) {
  if (argc > 1 && argv[1] == std::string_view("ctl")) return ParseCtl(argc - 1, argv + 1, ProcessEnvironment());
  Typed typed;
  CLI::App app("A cache sidecar for Redis: point the app's Redis client at it, and nothing else changes.", "herdgate");
  const Commands commands = Describe(app, typed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Exit(kExitOk, app.help(), "");
  } catch (const CLI::CallForVersion&) {
    return Version();
  } catch (const CLI::ParseError& error) {
    return Refused(app, commands, error);
  }
  if (commands.version->parsed()) return Version();
  if (commands.check->parsed()) return Check(typed.check_file);
  if (commands.bump->parsed()) return Bump(typed);
  if (commands.token->parsed()) return MakeToken(typed);
  if (commands.explain->parsed()) return Explain(typed.explain_file, typed.keys);
  if (commands.inject->parsed()) return Inject(typed);
  return Serve(typed, commands, root);
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv, const std::filesystem::path& root) {
  // The border to CLI11, whose set-up may throw as its parser does.
  try {
    return Parse(argc, argv, root);
  } catch (const std::exception&) {
    return Usage("the command line could not be read");
  }
}

}  // namespace herdgate::app
