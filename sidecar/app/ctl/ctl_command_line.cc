#include "sidecar/app/ctl/ctl_command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "sidecar/app/ctl/ctl_words.h"
#include "sidecar/app/usage.h"
#include "sidecar/config/nearest.h"

namespace herdgate::app {
namespace {

using Verb = CtlRequest::Verb;

// What each takes follows it.
constexpr std::array<std::string_view, 7> kValueFlags = {"--url",   "--token-file", "--limit", "--db",
                                                         "--scope", "--rate",       "--policy"};
constexpr std::array<std::string_view, 9> kPlainFlags = {"--json",    "--value",  "--hard", "--soft", "--yes",
                                                         "--preview", "--detach", "--help", "-h"};
constexpr std::array<std::string_view, 7> kCommands = {"status", "top",  "inspect", "invalidate",
                                                       "jobs",   "bump", "bypass"};

constexpr const char* kFooter =
    "Examples:\n"
    "  herdgate ctl status\n"
    "  herdgate ctl invalidate prefix user:\n"
    "  herdgate ctl invalidate key 'session:\\x00\\xff' --hard --yes\n"
    "  herdgate ctl jobs cancel JOB\n"
    "  herdgate ctl bypass on 60 --policy user\n"
    "\n"
    "Where: --url, else HERDGATE_URL, else http://127.0.0.1:6381. Who: --token-file, else HERDGATE_TOKEN, else the "
    "file\n"
    "~/.local/state/herdgate/token if only you may read it and the sidecar is on this host.\n"
    "A KEY is bytes: write one as \\x00 and a backslash as \\\\. Write -- before words that begin with '-'.\n"
    "Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 no sidecar answers, 130 stopped watching a job.";

struct Typed {
  std::vector<std::string> words;
  std::string url, token_file, limit, database, scope = "both", rate;
  std::vector<std::string> policies;
  bool json = false, value = false, hard = false, soft = false, yes = false, preview = false, detach = false;
};

// Words are kept from CLI11, which takes a pattern like [ab] apart: it gets the flags, and the command's name.
struct Split {
  std::vector<std::string> flags;
  std::vector<std::string> words;
};

Split SplitArguments(int argc, const char* const* argv) {
  Split split;
  bool only_words = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (only_words || argument.size() < 2 || argument[0] != '-') {
      split.words.push_back(argument);
    } else if (argument == "--") {
      only_words = true;
    } else {
      split.flags.push_back(argument);
      if (std::ranges::find(kValueFlags, argument) != kValueFlags.end() && i + 1 < argc) {
        split.flags.emplace_back(argv[++i]);
      }
    }
  }
  return split;
}

CLI::App* Command(CLI::App& app, const char* name, const char* does, const char* words) {
  CLI::App* const command = app.add_subcommand(name, does)->group("Commands");
  // For the help alone.
  if (*words != '\0') command->add_option(words)->type_name("");
  return command;
}

void DescribeInvalidation(CLI::App& command, Typed& typed) {
  command.add_flag("--yes", typed.yes, "don't ask");
  command.add_flag("--preview", typed.preview, "show what would be touched, and end");
  command.add_flag("--detach", typed.detach, "print the job's id and don't wait for its end");
}

void Describe(CLI::App& app, Typed& typed) {
  app.set_help_flag("-h,--help", "print this text and exit");
  app.get_formatter()->column_width(34);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--url", typed.url, "where the HTTP API is [http://127.0.0.1:6381]")->type_name("URL");
  app.add_option("--token-file", typed.token_file, "the first line is the token")->type_name("FILE");
  app.add_flag("--json", typed.json, "print the API's own answer");
  Command(app, "status", "how the sidecar is, in one screen", "");
  CLI::App* const top = Command(app, "top", "the hottest keys, live on a terminal", "");
  top->add_option("--limit", typed.limit, "so many at most, 1 to 100 [20]")->type_name("N");
  CLI::App* const inspect = Command(app, "inspect", "what is known of a key", "KEY");
  inspect->add_flag("--value", typed.value, "its value too");
  inspect->add_option("--db", typed.database, "its database [that of the upstream's URL]")->type_name("N");
  CLI::App* const invalidate = Command(
      app, "invalidate", "key, prefix, pattern, policy, tag, everything: preview, confirm, follow", "KIND TARGET");
  invalidate->footer(
      "  invalidate key KEY...       prefix PREFIX    pattern GLOB    policy POLICY    tag TAG    everything\n"
      "Exit codes: 0 done, 1 failed, refused or not confirmed, 2 wrong usage, 3 no sidecar answers, 130 stopped "
      "watching.");
  invalidate->add_flag("--hard", typed.hard, "gone at once: the next reader computes");
  invalidate->add_flag("--soft", typed.soft, "stale: served until computed anew in the background [yes]");
  invalidate->add_option("--scope", typed.scope, "near, upstream or both [both]")->type_name("SCOPE");
  invalidate->add_option("--rate", typed.rate, "keys a second at most [as Redis' latency allows]")->type_name("N");
  DescribeInvalidation(*invalidate, typed);
  Command(app, "jobs", "list them; or JOB; or pause, resume, cancel, follow or report JOB", "WHAT JOB");
  DescribeInvalidation(*Command(app, "bump", "hide all keys of a policy behind a new generation", "POLICY"), typed);
  CLI::App* const bypass =
      Command(app, "bypass", "near cache, coalescing and refresh off for a while: on SECONDS, or off", "WHAT");
  bypass->add_option("--policy", typed.policies, "only this one; repeatable [all]")
      ->allow_extra_args(false)
      ->type_name("POLICY");
}

CommandLine UnknownCommand(const std::string& word) {
  const std::string name = Quotable(word);
  const std::string_view nearest = config::NearestName(name, kCommands);
  const std::string hint =
      nearest.empty() ? "; see herdgate ctl --help" : "; did you mean " + std::string(nearest) + "?";
  return Usage("unknown command" + (name.empty() ? "" : " " + name) + hint);
}

CommandLine UnknownFlag(const std::string& flag, const std::string& command) {
  const std::string name = Quotable(flag);
  std::vector<std::string_view> known(kValueFlags.begin(), kValueFlags.end());
  known.insert(known.end(), kPlainFlags.begin(), kPlainFlags.end());
  const std::string_view nearest = config::NearestName(name, known);
  if (!nearest.empty() && nearest == name) return Usage("ctl " + command + " takes no " + name);
  const std::string help = "; see herdgate ctl " + command + " --help";
  return Usage("unknown flag" + (name.empty() ? "" : " " + name) +
               (nearest.empty() ? help : "; did you mean " + std::string(nearest) + "?"));
}

CommandLine Refused(const CLI::App& app, const CLI::ParseError& error, const std::string& command) {
  const std::vector<std::string> rest = app.remaining(true);
  if (!rest.empty()) return UnknownFlag(rest.front(), command);
  return NeedsOneValue(error.what());
}

// The token would be seen by every user of the host.
bool HoldsToken(const std::vector<std::string>& flags) {
  return std::ranges::any_of(flags,
                             [](const std::string& flag) { return flag == "--token" || flag.starts_with("--token="); });
}

std::string DefaultTokenFile(const Environment& environment) {
  // A relative one counts for nothing (XDG Base Directory Specification).
  std::string state = environment("XDG_STATE_HOME");
  if (!state.starts_with('/')) state.clear();
  if (state.empty() && !environment("HOME").empty()) state = environment("HOME") + "/.local/state";
  return state.empty() ? "" : state + "/herdgate/token";
}

// Where and who.
std::string Connect(const Typed& typed, const Environment& environment, CtlRequest& request) {
  std::string url = typed.url;
  const bool from_environment = url.empty();
  if (from_environment) url = environment("HERDGATE_URL");
  const base::Result<AdminUrl> parsed = AdminUrl::Parse(url.empty() ? AdminUrl::kDefault : url);
  if (!parsed.ok()) return (from_environment ? "HERDGATE_URL " : "--url ") + parsed.status().message();
  request.url = parsed.value();
  request.token_file = typed.token_file;
  request.token = environment("HERDGATE_TOKEN");
  request.default_token = DefaultTokenFile(environment);
  return "";
}

std::string Fill(const Typed& typed, CtlRequest& request) {
  request.json = typed.json;
  request.value = typed.value;
  request.yes = typed.yes;
  request.preview = typed.preview;
  request.detach = typed.detach;
  request.hard = typed.hard;
  request.policies = typed.policies;
  if (typed.hard && typed.soft) return "--hard and --soft exclude each other";
  if (typed.scope != "near" && typed.scope != "upstream" && typed.scope != "both") {
    return "--scope must be near, upstream or both";
  }
  request.scope = typed.scope;
  if (!typed.limit.empty()) {
    const auto limit = WholeNumber(typed.limit, 1, 100);
    if (!limit) return "--limit must be a whole number from 1 to 100";
    request.limit = *limit;
  }
  if (!typed.database.empty() && !(request.database = WholeNumber(typed.database, 0, 65'535))) {
    return "--db must be a whole number from 0 to 65535";
  }
  if (!typed.rate.empty() && !(request.rate = WholeNumber(typed.rate, 1, 1'000'000))) {
    return "--rate must be a whole number from 1 to 1000000";
  }
  return ReadWords(typed.words, request);
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::string {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
}

CommandLine ParseCtl(int argc, const char* const* argv, const Environment& environment) {
  Split split = SplitArguments(argc, argv);
  if (HoldsToken(split.flags)) {
    return Usage("a token on the command line is seen by every user of this host: use --token-file or HERDGATE_TOKEN");
  }
  Typed typed;
  CLI::App app("See and invalidate through the HTTP API of a running sidecar.", "herdgate ctl");
  Describe(app, typed);
  const std::string command = split.words.empty() ? "" : split.words.front();
  const bool is_known = std::ranges::find(kCommands, command) != kCommands.end();
  if (!command.empty() && !is_known) return UnknownCommand(command);
  try {
    // CLI11 takes them from the back.
    std::vector<std::string> arguments(split.flags.rbegin(), split.flags.rend());
    if (is_known) arguments.push_back(command);
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return Exit(kExitOk, app.help(), "");
  } catch (const CLI::ParseError& error) {
    if (!is_known && app.remaining(true).empty()) return Usage("ctl needs a command; see herdgate ctl --help");
    return Refused(app, error, command);
  }
  typed.words = std::move(split.words);
  CommandLine line;
  line.action = CommandLine::Action::kCtl;
  std::string mistake = Connect(typed, environment, line.ctl);
  if (mistake.empty()) mistake = Fill(typed, line.ctl);
  return mistake.empty() ? line : Usage(mistake);
}

}  // namespace herdgate::app
