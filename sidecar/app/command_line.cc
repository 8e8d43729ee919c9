#include "sidecar/app/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
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
#include "sidecar/app/serve_command.h"
#include "sidecar/app/usage.h"
#include "sidecar/base/version.h"
#include "sidecar/config/loader.h"
#include "sidecar/config/nearest.h"

namespace herdgate::app {
namespace {

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
  ServeTyped serve;
  std::string check_file;
  std::string explain_file;
  std::vector<std::string> keys;
  std::string bump_file;
  std::string bump_policy;
  std::string token_name;
  std::string token_scopes;
  InjectTyped inject;
};

struct Commands {
  CLI::App* serve = nullptr;
  CLI::App* check = nullptr;
  CLI::App* explain = nullptr;
  CLI::App* bump = nullptr;
  CLI::App* token = nullptr;
  CLI::App* inject = nullptr;
  CLI::App* version = nullptr;
};

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

  commands.serve = DescribeServe(app, typed.serve, kFooter);
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
    const std::vector<std::string_view>& flags = injecting ? InjectFlags() : ServeFlags();
    known.insert(known.end(), flags.begin(), flags.end());
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

config::Loaded LoadWhole(const std::string& file) {
  config::Loaded loaded = config::LoadFile(file);
  if (loaded.problems.empty()) loaded.problems = config::FindConflicts(loaded);
  return loaded;
}

CommandLine Check(const std::string& file) {
  const config::Loaded loaded = LoadWhole(file);
  if (loaded.problems.empty()) return Exit(kExitOk, file + ": OK\n", "");
  return Exit(kExitUsage, "", ProblemLines(loaded.problems, true));
}

CommandLine Explain(const std::string& file, const std::vector<std::string>& keys) {
  const config::Loaded loaded = LoadWhole(file);
  if (!loaded.problems.empty()) return Exit(kExitUsage, "", ProblemLines(loaded.problems, true));
  Explainer explainer(loaded.options.policies);
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : "\n") + explainer.Explain(key);
  return Exit(kExitOk, std::move(out), "");
}

CommandLine Bump(const Typed& typed) {
  config::Loaded loaded = LoadWhole(typed.bump_file);
  if (!loaded.problems.empty()) return Exit(kExitUsage, "", ProblemLines(loaded.problems, true));
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
  return Serve(*commands.serve, typed.serve, root);
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
