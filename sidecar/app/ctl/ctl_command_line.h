// ParseCtl: the arguments behind `herdgate ctl` -> what RunCtl has to do, with nothing printed and nobody asked.
//
//   herdgate ctl status | top | inspect KEY | jobs ... | bypass ... | bump POLICY | invalidate KIND TARGET...
//
// The rules are those of ParseCommandLine: one line for a mistake, and no value is repeated. A token on the command
// line is a mistake, as every user of the host can see it. Threads: main's.
#pragma once

#include <functional>
#include <string>

#include "sidecar/app/command_line.h"

namespace herdgate::app {

// The value of an environment variable; empty if there is none.
using Environment = std::function<std::string(const char* name)>;
Environment ProcessEnvironment();

// argv[0] is "ctl".
CommandLine ParseCtl(int argc, const char* const* argv, const Environment& environment);

}  // namespace herdgate::app
