#include "sidecar/app/ctl/ctl.h"

#include <csignal>

#include "sidecar/app/ctl/ctl_commands.h"
#include "sidecar/app/ctl/token_source.h"

namespace herdgate::app {

namespace {

int Run(CtlSession& session) {
  using Verb = CtlRequest::Verb;
  switch (session.request().verb) {
    case Verb::kStatus:
      return CtlStatus(session);
    case Verb::kTop:
      return CtlTop(session);
    case Verb::kInspect:
      return CtlInspect(session);
    case Verb::kInvalidate:
    case Verb::kBump:
      return CtlInvalidate(session);
    case Verb::kJobs:
    case Verb::kJob:
    case Verb::kPause:
    case Verb::kResume:
    case Verb::kCancel:
    case Verb::kFollow:
    case Verb::kReport:
      return CtlJobs(session);
    case Verb::kBypass:
    case Verb::kBypassOn:
    case Verb::kBypassOff:
      return CtlBypass(session);
  }
  return kExitUsage;
}

}  // namespace

int RunCtl(const CtlRequest& request) {
  // A reader that has gone, like head, shows in what Print returns.
  std::signal(SIGPIPE, SIG_IGN);
  const Terminal terminal = Terminal::OfProcess();
  base::Result<std::string> token = FindCtlToken(request);
  if (!token.ok()) {
    (void)Print(stderr, "herdgate: " + terminal.err.Text(token.status().message()) + "\n");
    return kExitUsage;
  }
  CtlSession session(request, AdminClient(request.url, std::move(token.value())), terminal);
  return Run(session);
}

}  // namespace herdgate::app
