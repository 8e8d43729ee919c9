// herdgate_differential: the same random commands to a plain redis-server and through Herdgate; every reply byte must
// be equal. One mode with one seed is one test; ends with "N passed, N failed"; exit 1 if one failed, 2 on a wrong
// flag.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/author.h"
#include "tests/differential/mode.h"
#include "tests/differential/report.h"
#include "tests/differential/runner.h"
#include "tests/differential/shrink.h"

namespace herdgate::differential {
namespace {

constexpr std::string_view kUsage =
    "herdgate_differential [--herdgate PATH | --direct-direct] [--fixed-seed LIBRARY] [--mode NAME[,NAME]...]\n"
    "  [--policies NAME|FILE[,NAME|FILE]...] [--seed S] [--rounds N] [--commands N] [--loops N] [--port-base P] "
    "[--shrink-seconds N] [--out DIR]\n"
    "  [--replay FILE]... [--print] [--skew] [--forget-policies] [--redis-server PATH]\n";

struct Flags {
  ServerOptions servers;
  std::vector<std::string> modes;
  std::vector<const PolicyCase*> policies;  // null: none; each with all modes
  uint64_t seed = 1;
  uint64_t rounds = 1;        // each with the next seed
  uint64_t commands = 30000;  // of each test
  uint64_t shrink_seconds = 60;
  std::string out = ".";
  std::vector<std::string> replays;
  bool print = false;  // the script, and run nothing
};

bool Number(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool AddPolicies(Flags& flags, const std::string& names) {
  std::istringstream stream(names);
  for (std::string name; std::getline(stream, name, ',');) {
    std::string error;
    flags.policies.push_back(name == "none" ? nullptr : FindPolicyCase(name, error));
    if (!error.empty()) return (std::fprintf(stderr, "herdgate_differential: %s\n", error.c_str()), false);
  }
  return true;
}

bool SetValue(Flags& flags, std::string_view name, const std::string& value) {
  const std::pair<std::string_view, std::string*> texts[] = {{"--herdgate", &flags.servers.herdgate},
                                                             {"--fixed-seed", &flags.servers.fixed_seed},
                                                             {"--redis-server", &flags.servers.redis_server},
                                                             {"--out", &flags.out}};
  for (const auto& [flag, target] : texts) {
    if (name == flag) return (*target = value, true);
  }
  if (name == "--replay") return (flags.replays.push_back(value), true);
  if (name == "--policies") return AddPolicies(flags, value);
  uint64_t number = 0;
  if (name == "--mode") {
    std::istringstream names(value);
    for (std::string mode; std::getline(names, mode, ',');) flags.modes.push_back(mode);
    return std::all_of(flags.modes.begin(), flags.modes.end(),
                       [](const auto& mode) { return FindMode(mode) != nullptr; });
  }
  if (!Number(value, number)) return false;
  const std::pair<std::string_view, uint64_t*> numbers[] = {{"--seed", &flags.seed},
                                                            {"--rounds", &flags.rounds},
                                                            {"--commands", &flags.commands},
                                                            {"--shrink-seconds", &flags.shrink_seconds}};
  for (const auto& [flag, target] : numbers) {
    if (name == flag) return (*target = number, true);
  }
  if (name == "--loops") return (flags.servers.loops = static_cast<int>(number), true);
  if (name == "--port-base") return (flags.servers.port_base = static_cast<int>(number), true);
  return false;
}

bool ParseFlags(const std::vector<std::string>& arguments, Flags& flags) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--direct-direct") {
      flags.servers.direct_direct = true;
    } else if (name == "--skew") {
      flags.servers.skew = flags.servers.direct_direct = true;
    } else if (name == "--forget-policies") {
      flags.servers.forget_policies = true;
    } else if (name == "--print") {
      flags.print = true;
    } else if (i + 1 == arguments.size() || !SetValue(flags, name, arguments[++i])) {
      return false;
    }
  }
  if (flags.modes.empty()) {
    for (const Mode& mode : Modes()) flags.modes.emplace_back(mode.name);
  }
  if (flags.policies.empty()) flags.policies.push_back(nullptr);
  return flags.print || flags.servers.direct_direct || !flags.servers.herdgate.empty();
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Save(const std::string& path, const Script& script, const std::string& report) {
  std::ofstream file(path, std::ios::binary);
  std::istringstream lines(report);
  for (std::string line; std::getline(lines, line);) file << "# " << line << "\n";
  file << Format(script);
}

void TellFailure(const Flags& flags, Runner& runner, const Script& script, Mismatch mismatch) {
  const std::string policies =
      script.policies.empty() ? "" : std::filesystem::path(script.policies).stem().string() + "-";
  const std::string name = flags.out + "/differential-" + policies + script.mode + "-" + std::to_string(script.seed);
  const std::string report = Report(script, mismatch);
  std::fputs(report.c_str(), stdout);
  Save(name + ".full.replay", script, report);
  if (flags.shrink_seconds == 0) return;
  const Script small = Shrink(runner, script, std::chrono::seconds(flags.shrink_seconds), mismatch);
  const std::string small_report = Report(small, mismatch);
  Save(name + ".replay", small, small_report);
  std::printf("shrunk to %zu commands: --replay %s.replay (whole: %s.full.replay)\n%s", small.CommandCount(),
              name.c_str(), name.c_str(), small_report.c_str());
}

bool RunTest(const Flags& flags, Runner& runner, const Script& script) {
  const auto start = std::chrono::steady_clock::now();
  runner.set_patience(RunnerOptions{}.patience);
  const auto mismatch = runner.Run(script);
  std::printf(
      "%s policies %-8s mode %-12s seed %-6llu loops %d: %zu commands in %zu pipelines, %.1f MB of equal replies, %.1f "
      "s\n",
      mismatch ? "FAIL" : "ok  ", script.policies.empty() ? "none" : script.policies.c_str(), script.mode.c_str(),
      static_cast<unsigned long long>(script.seed), flags.servers.loops, script.CommandCount(), script.events.size(),
      static_cast<double>(runner.reply_bytes()) / 1e6, SecondsSince(start));
  if (runner.is_near())
    std::printf("     %llu keys from the near cache\n", static_cast<unsigned long long>(runner.near_hits()));
  if (mismatch) TellFailure(flags, runner, script, *mismatch);
  std::fflush(stdout);
  return !mismatch;
}

bool ReadScripts(const Flags& flags, std::vector<Script>& scripts) {
  for (const std::string& path : flags.replays) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::string error;
    if (Parse(text, scripts.emplace_back(), error)) continue;
    std::fprintf(stderr, "herdgate_differential: %s: %s\n", path.c_str(), error.c_str());
    return false;
  }
  if (!scripts.empty()) return true;
  for (uint64_t round = 0; round < flags.rounds; ++round) {
    for (const PolicyCase* policies : flags.policies) {
      for (const std::string& mode : flags.modes) {
        scripts.push_back(Author(*FindMode(mode), policies, flags.seed + round).Write(flags.commands));
      }
    }
  }
  return true;
}

// Equal replies say nothing about a near cache that answered nothing.
bool NearCacheWasUsed(std::size_t commands, std::size_t hits) {
  constexpr std::size_t kCommandsPerHit = 50;
  if (hits >= commands / kCommandsPerHit) return true;
  std::printf("FAIL: in %zu commands under a near cache %zu keys were answered from there\n", commands, hits);
  return false;
}

int Main(const std::vector<std::string>& arguments) {
  Flags flags;
  if (!ParseFlags(arguments, flags)) {
    std::fputs(kUsage.data(), stderr);
    return 2;
  }
  std::vector<Script> scripts;
  if (!ReadScripts(flags, scripts)) return 2;
  if (flags.print) {
    for (const Script& script : scripts) std::fputs(Format(script).c_str(), stdout);
    return 0;
  }
  std::string directory = (std::filesystem::temp_directory_path() / "herdgate-differential-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return 2;
  flags.servers.directory = directory;
  std::size_t failed = 0;
  {
    Servers servers(flags.servers);
    Runner runner(servers, RunnerOptions{});
    std::size_t near_commands = 0;
    std::size_t near_hits = 0;
    for (const Script& script : scripts) {
      failed += RunTest(flags, runner, script) ? 0 : 1;
      if (runner.is_near()) near_commands += script.CommandCount();
      near_hits += runner.near_hits();
    }
    if (failed == 0 && flags.replays.empty() && !NearCacheWasUsed(near_commands, near_hits)) ++failed;
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  std::printf("%zu passed, %zu failed\n", scripts.size() - failed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace herdgate::differential

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return herdgate::differential::Main(std::vector<std::string>(argv + 1, argv + argc));
}
