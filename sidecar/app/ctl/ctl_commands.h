// The commands of ctl, each from its request to its exit code. See ctl.h.
//
// Threads: main's.
#pragma once

#include "sidecar/app/ctl/ctl_session.h"

namespace herdgate::app {

int CtlStatus(CtlSession& session);
int CtlTop(CtlSession& session);
int CtlInspect(CtlSession& session);
// Of kInvalidate and kBump.
int CtlInvalidate(CtlSession& session);
// Of kJobs to kReport.
int CtlJobs(CtlSession& session);
// Of kBypass to kBypassOff.
int CtlBypass(CtlSession& session);

// Shows how the job goes until it has ended or Ctrl-C; then what became of it. `interrupt` came before the job.
int FollowJob(CtlSession& session, const std::string& id, Interrupt& interrupt);

}  // namespace herdgate::app
