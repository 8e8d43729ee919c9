// RunCtl: `herdgate ctl`: the HTTP API of a running sidecar from a terminal.
//
// Prints to stdout what was asked for, to stderr questions, progress and what went wrong, each mistake one line that
// begins with "herdgate: ". Bytes of keys and texts of others reach a terminal only as printable characters; a token
// never does. Exit codes: kExitOk; kExitRuntime: failed or refused, by the sidecar or by the person asked; kExitUsage:
// nothing was tried; kExitUnreachable: no answer of a sidecar; kExitInterrupted: Ctrl-C ended the watching of a job
// that goes on.
//
// Threads: main's; blocks. Reads the token's file and the terminal.
#pragma once

#include "sidecar/app/ctl/ctl_request.h"
#include "sidecar/app/exit_code.h"

namespace herdgate::app {

int RunCtl(const CtlRequest& request);

}  // namespace herdgate::app
