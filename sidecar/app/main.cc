// herdgate: flags, signals, exit codes. What it serves is built by app::Server.
#include <csignal>
#include <cstdio>

#include "sidecar/app/command_line.h"
#include "sidecar/app/exit_code.h"
#include "sidecar/app/memory_keeper.h"
#include "sidecar/app/server.h"
#include "sidecar/base/log.h"

int main(int argc, char** argv) {
  using namespace herdgate;
  app::TuneAllocator();
  const app::CommandLine line = app::ParseCommandLine(argc, argv);
  std::fputs(line.out.c_str(), stdout);
  std::fputs(line.err.c_str(), stderr);
  if (line.action == app::CommandLine::Action::kExit) return line.exit_code;

  base::ConfigureLog(line.options.log.format, line.options.log.level);
  std::signal(SIGPIPE, SIG_IGN);
  // Blocked before any thread starts, so that only main takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  app::Server server(line.options);
  if (const base::Status status = server.Start(); !status.ok()) {
    std::fprintf(stderr, "herdgate: %s\n", status.message().c_str());
    return app::kExitUsage;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  base::LogInfo("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  server.Stop();
  return app::kExitOk;
}
