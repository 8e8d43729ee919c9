#include "tests/bench/herd/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>

#include "tests/bench/herd/cases.h"

namespace herdgate::bench {
namespace {

// What needs more than a value to be put in place.
struct Typed {
  std::string pool;
  std::string leases;
  std::string target;
  std::string origins;
  bool only_protected = false;
  bool only_unprotected = false;
};

void DescribeLoad(CLI::App& app, Options& options, Typed& typed) {
  HerdPlan& plan = options.plan;
  app.add_option("--rate", plan.arrivals.rate, "requests a second in all, Poisson")->check(CLI::PositiveNumber);
  app.add_option("--cost", plan.cost, "seconds to compute a value at an idle origin")->check(CLI::PositiveNumber);
  app.add_option("--slots", plan.slots, "jobs that the origin does at full speed; 0: no limit");
  app.add_option("--ttl", plan.ttl, "seconds to live of each SET")->check(CLI::PositiveNumber);
  app.add_option("--keys", plan.arrivals.keys, "hot keys")->check(CLI::Range(1, 100000));
  app.add_option("--origins", typed.origins, "shared, or per-key: each key has slots of its own")
      ->check(CLI::IsMember({"shared", "per-key"}));
  app.add_option("--expiries", plan.expiries, "expiries that are counted, of all keys together");
  app.add_option("--unprotected-expiries", options.unprotected_expiries, "and in the unprotected run");
  app.add_option("--warmup", plan.warmup, "expiries of each key before them, with sidecars");
  app.add_option("--max-seconds", plan.max_seconds, "end each run then; 0: never");
  app.add_option("--seed", plan.arrivals.seed, "of the arrivals");
  app.add_option("--clients", plan.clients, "requests under way at once, in all; others queue; 0: no limit");
  app.add_option("--pool", typed.pool, "lifo, fifo, or thread: a connection for each request from GET to SET")
      ->check(CLI::IsMember({"lifo", "fifo", "thread"}));
  app.add_flag("--nx", plan.set_nx, "store with SET NX");
  app.add_option("--value-bytes", plan.value_bytes, "size of a value");
  app.add_option("--timeout", plan.timeout, "seconds until a client gives a command up")->check(CLI::PositiveNumber);
  app.add_option("--older-allowed", plan.older_allowed,
                 "seconds for which a replaced value may be read (0.05 with --near)");
}

void DescribeFleet(CLI::App& app, Options& options, Typed& typed) {
  SidecarPolicy& policy = options.fleet.policy;
  app.add_option("--sidecars", options.sidecars, "how many; a run for each number given")->check(CLI::Range(1, 500));
  app.add_option("--leases", typed.leases, "on, off (the sidecars may not run scripts) or both")
      ->check(CLI::IsMember({"on", "off", "both"}));
  app.add_option("--coalesce", policy.coalesce, "of the sidecars' policy: on, auto, off; omit: a policy without it")
      ->check(CLI::IsMember({"on", "auto", "off", "omit"}));
  app.add_option("--max-wait", policy.max_wait_ms, "of the policy, in milliseconds");
  app.add_option("--refresh", policy.beta, "early refresh with this beta; 0: none");
  app.add_flag("--near", policy.near, "with a near cache");
  app.add_option("--policy-line", policy.lines, "one more option of the policy, in YAML")->allow_extra_args(false);
  app.add_option("--herdgate", options.fleet.herdgate, "the sidecar's program (herdgate beside this one)");
  app.add_option("--redis-server", options.fleet.redis_server, "the program");
  app.add_option("--port-base", options.fleet.port_base, "use ports from this one on; 0: free ones");
  app.add_flag("--only-protected", typed.only_protected, "leave the unprotected run out");
  app.add_flag("--only-unprotected", typed.only_unprotected, "leave the runs with sidecars out");
}

bool ParseTarget(const std::string& text, Endpoint& target) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  target.host = text.substr(0, colon);
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, target.port);
  return error == std::errc{} && stop == end && target.port > 0;
}

// What is wrong; empty: nothing.
std::string Place(const Typed& typed, Options& options) {
  if (!typed.pool.empty()) {
    options.plan.pinned = typed.pool == "thread";
    options.plan.order = typed.pool == "fifo" ? PoolOrder::kFifo : PoolOrder::kLifo;
  }
  if (!typed.origins.empty()) options.plan.own_origins = typed.origins == "per-key";
  if (typed.leases == "both") options.leases = {true, false};
  if (typed.leases == "on" || typed.leases == "off") options.leases = {typed.leases == "on"};
  options.protected_run = !typed.only_unprotected;
  options.unprotected_run = !typed.only_protected;
  if (typed.only_protected && typed.only_unprotected) return "--only-protected and --only-unprotected leave nothing";
  if (options.demo && !ParseTarget(typed.target, options.target)) return "--demo needs --target HOST:PORT";
  if (!options.demo && !typed.target.empty()) return "--target is for --demo";
  return "";
}

// Parses once onto the options that it is given: those that the command line does not name stay.
Usage Parse(int argc, const char* const* argv, Options& options) {
  CLI::App app("Cache stampedes against real sidecars and a real Redis, with a simulated origin.", "herdgate-herd");
  Typed typed;
  app.add_option("--case", options.case_name, "S1 to S6; the flags below override what it sets")
      ->check(CLI::IsMember({"S1", "S2", "S3", "S4", "S5", "S6"}));
  app.add_flag("--quick", options.quick, "fewer expiries and a short time to live");
  app.add_flag("--check", options.check, "exit with 1 when a goal of the case is missed");
  app.add_option("--json", options.json, "write all figures to this file");
  app.add_option("--svg", options.svg, "write a chart of the origin's load to this file");
  app.add_flag("--demo", options.demo, "be an app behind a running Herdgate, and print a line a second");
  app.add_option("--target", typed.target, "HOST:PORT of the demo's Herdgate");
  app.add_option("--seconds", options.seconds, "end the demo then; 0: never");
  DescribeLoad(app, options, typed);
  DescribeFleet(app, options, typed);
  app.footer(CaseList());
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {0, app.help()};
  } catch (const CLI::ParseError& error) {
    return {2, std::string("herdgate-herd: ") + error.what() + "\n"};
  }
  const std::string problem = Place(typed, options);
  return problem.empty() ? Usage{} : Usage{2, "herdgate-herd: " + problem + "\n"};
}

}  // namespace

std::variant<Options, Usage> ParseOptions(int argc, const char* const* argv) {
  // Twice: the case and --quick first, then all flags onto what those two set.
  Options first;
  Usage usage = Parse(argc, argv, first);
  if (!usage.text.empty()) return usage;
  Options options = DefaultsOf(first);
  usage = Parse(argc, argv, options);
  if (!usage.text.empty()) return usage;
  return options;
}

}  // namespace herdgate::bench
