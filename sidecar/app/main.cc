// herdgate: flags, signals, reloads, exit codes. What it serves is built by app::Server.
#include <csignal>
#include <cstdio>
#include <optional>

#include "sidecar/app/bump.h"
#include "sidecar/app/command_line.h"
#include "sidecar/app/ctl/ctl.h"
#include "sidecar/app/exit_code.h"
#include "sidecar/app/memory_keeper.h"
#include "sidecar/app/reloader.h"
#include "sidecar/app/server.h"
#include "sidecar/app/signal_loop.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/config/file_watch.h"

namespace herdgate::app {
namespace {

int Serve(const CommandLine& line) {
  base::ConfigureLog(line.options.log.format, line.options.log.level);
  BlockSignals();
  Server server(line.options);
  Reloader reloader(
      line.options, line.load_again, [&](const config::Options& options) { server.Reload(options); },
      base::SystemClock());
  const metrics::Registration metrics =
      server.registry().Register([&](metrics::SampleSink& sink) { reloader.Collect(sink); });
  server.ShowConfig([&reloader] { return reloader.View(); });
  if (const base::Status status = server.Start(); !status.ok()) {
    std::fprintf(stderr, "herdgate: %s\n", status.message().c_str());
    return kExitUsage;
  }

  SignalLoop loop;
  std::optional<config::FileWatch> watch;
  if (line.load_again != nullptr) {
    watch.emplace(loop.uv(), line.config_file, [&] { (void)reloader.Reload("file"); });
    if (!watch->has_events()) base::LogWarn("config.watch_failed", {{"detail", "the file is looked at now and then"}});
    reloader.CatchUp();
  }
  const int signal = loop.Run([&] { (void)reloader.Reload("SIGHUP"); });
  base::LogInfo("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  watch.reset();
  server.Stop();
  return kExitOk;
}

}  // namespace
}  // namespace herdgate::app

int main(int argc, char** argv) {
  using namespace herdgate;
  app::TuneAllocator();
  const app::CommandLine line = app::ParseCommandLine(argc, argv);
  std::fwrite(line.out.data(), 1, line.out.size(), stdout);
  std::fputs(line.err.c_str(), stderr);
  if (line.action == app::CommandLine::Action::kExit) return line.exit_code;
  if (line.action == app::CommandLine::Action::kBump) {
    const app::BumpOutcome outcome = app::Bump(line.options, line.policy);
    std::fputs(outcome.out.c_str(), stdout);
    std::fputs(outcome.err.c_str(), stderr);
    return outcome.exit_code;
  }
  if (line.action == app::CommandLine::Action::kCtl) return app::RunCtl(line.ctl);
  if (line.action == app::CommandLine::Action::kInject) return app::RunInject(line.inject);
  return app::Serve(line);
}
