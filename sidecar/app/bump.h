// Bump: `herdgate bump FILE POLICY`: begins a new generation of a policy from outside the sidecars, which learn it from
// the upstream. O(1), whatever the number of keys it hides.
//
// Connects to the upstream of the configuration, waits at most its timeout, and stays a moment longer, so that a
// counter that is lost right then is written again. Threads: blocks the caller; runs a loop of its own meanwhile. Log
// lines of level error only.
#pragma once

#include <string>

#include "sidecar/app/exit_code.h"
#include "sidecar/config/options.h"

namespace herdgate::app {

struct BumpOutcome {
  int exit_code = kExitOk;  // kExitUsage: nothing to bump here; kExitRuntime: the upstream
  std::string out;          // the new generation
  std::string err;          // "herdgate: ..."; both end with a line break unless empty
};

// REQUIRES: valid options.
BumpOutcome Bump(const config::Options& options, const std::string& policy);

}  // namespace herdgate::app
