// herdgate-herd: cache stampedes against real sidecars, beside the theory and beside the same without. See --help.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "tests/bench/herd/cases.h"
#include "tests/bench/herd/chart.h"
#include "tests/bench/herd/demo.h"
#include "tests/bench/herd/fleet.h"
#include "tests/bench/herd/goals.h"
#include "tests/bench/herd/options.h"
#include "tests/bench/herd/report.h"

namespace herdgate::bench {
namespace {

volatile std::sig_atomic_t g_stopped = 0;
constexpr double kProgressSeconds = 15;

void Stop(int) {
  g_stopped = 1;
}

// A stampede opens thousands of connections.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The sidecar's program, beside this one unless it is named.
std::string FindHerdgate(const std::string& named) {
  if (!named.empty()) return named;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "herdgate").string();
}

// The step function of the origin's load, in seconds since the first counted epoch opened.
ChartLine LineOf(const RunReport& run, const std::string& color) {
  ChartLine line;
  line.color = color;
  line.label = run.spec.name + ": " + std::to_string(run.result.peak_jobs) + " jobs at most";
  const double zero = run.result.epochs.empty() ? 0 : run.result.epochs.front().opened;
  for (const ProcessorSharing::Step& step : run.result.steps) {
    line.steps.push_back({step.at - zero, static_cast<double>(step.jobs)});
  }
  return line;
}

// Until the origin is idle again after the first epoch, and a little more.
double ShownSeconds(const std::vector<RunReport>& runs) {
  double shown = 0;
  for (const RunReport& run : runs) {
    if (run.result.epochs.empty()) continue;
    const Epoch& epoch = run.result.epochs.front();
    double end = epoch.closed;
    for (const ProcessorSharing::Step& step : run.result.steps) {
      if (step.at < epoch.closed) continue;
      end = step.at;
      if (step.jobs == 0) break;
    }
    shown = std::max(shown, end - epoch.opened);
  }
  return std::max(shown, 0.01);
}

std::string ChartOf(const Options& options, const std::vector<RunReport>& runs) {
  constexpr const char* kColors[] = {"#d1352b", "#1f6fb4", "#2a8c4a", "#8a4fbf", "#c77d0a", "#11808c", "#6b6b6b"};
  Chart chart;
  chart.title = options.case_name + ": jobs at the origin while a hot key is missing";
  chart.x_label = "seconds since the first request that found nothing";
  chart.y_label = "jobs at work";
  const double shown = ShownSeconds(runs);
  chart.from = -shown * 0.1;
  chart.to = shown * 1.1;
  chart.mark = options.plan.slots;
  chart.mark_label = std::to_string(static_cast<int>(options.plan.slots)) + " slots";
  for (std::size_t i = 0; i < runs.size(); ++i) chart.lines.push_back(LineOf(runs[i], kColors[i % std::size(kColors)]));
  return SvgOf(chart);
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.flush();
  if (file) return true;
  std::fprintf(stderr, "herdgate-herd: %s can't be written\n", path.c_str());
  return false;
}

// What went wrong; empty: nothing.
std::string MakeRun(const RunSpec& spec, Fleet& fleet, std::vector<RunReport>& reports) {
  HerdPlan plan = spec.plan;
  if (spec.is_protected) {
    const std::string problem = fleet.StartSidecars(spec.sidecars, spec.leases);
    if (!problem.empty()) return problem;
  }
  plan.pods = spec.is_protected ? fleet.sidecars() : std::vector<Endpoint>{fleet.redis()};
  // Each run has keys of its own.
  plan.prefix = "herd:" + std::to_string(reports.size()) + ":";
  double told = 0;
  std::string dead;
  plan.stopped = [] { return g_stopped != 0; };
  plan.each_second = [&](double seconds) {
    dead = fleet.Dead();
    if (seconds - told >= kProgressSeconds) {
      told = seconds;
      std::fprintf(stderr, "%s: %.0f s\n", spec.name.c_str(), seconds);
    }
    return dead.empty();
  };
  std::fprintf(stderr, "%s\n", spec.name.c_str());
  Herd herd(std::move(plan));
  HerdResult result = herd.Run();
  fleet.StopSidecars();
  if (!dead.empty()) return dead;
  reports.push_back({spec, std::move(result)});
  return "";
}

// Prints the goals that were missed; whether that is a success.
bool Judge(const Options& options, const std::vector<RunReport>& reports) {
  std::size_t count = 0;
  for (const RunReport& report : reports) {
    for (const std::string& missed : MissedGoals(options, report)) {
      std::printf("missed: %s\n", missed.c_str());
      ++count;
    }
  }
  if (count == 0) std::printf("all goals met\n");
  return count == 0;
}

int RunCase(const Options& options) {
  FleetOptions fleet_options = options.fleet;
  fleet_options.herdgate = FindHerdgate(options.fleet.herdgate);
  Fleet fleet(fleet_options);
  std::string problem = fleet.StartRedis();
  std::vector<RunReport> reports;
  for (const RunSpec& spec : RunsOf(options)) {
    if (problem.empty() && g_stopped == 0) problem = MakeRun(spec, fleet, reports);
  }
  std::fputs(TableOf(options, reports).c_str(), stdout);
  std::fputs(("\n" + RemarksOf(reports)).c_str(), stdout);
  if (!problem.empty()) std::fprintf(stderr, "herdgate-herd: %s\n", problem.c_str());
  bool good = problem.empty() && g_stopped == 0;
  if (options.check && good) good = Judge(options, reports);
  if (!options.json.empty()) good = WriteFile(options.json, JsonOf(options, reports)) && good;
  if (!options.svg.empty()) good = WriteFile(options.svg, ChartOf(options, reports)) && good;
  return good ? 0 : 1;
}

int Main(int argc, char** argv) {
  const auto parsed = ParseOptions(argc, argv);
  if (const Usage* usage = std::get_if<Usage>(&parsed)) {
    std::fputs(usage->text.c_str(), usage->exit_code == 0 ? stdout : stderr);
    return usage->exit_code;
  }
  const Options& options = std::get<Options>(parsed);
  std::signal(SIGINT, Stop);
  std::signal(SIGTERM, Stop);
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  if (options.demo) return RunDemo(options, [] { return g_stopped != 0; });
  return RunCase(options);
}

}  // namespace
}  // namespace herdgate::bench

int main(int argc, char** argv) {
  return herdgate::bench::Main(argc, argv);
}
