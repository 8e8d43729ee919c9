// How a command line that main has not to act on ends: the texts and exit codes that all commands share.
//
// No argument is repeated as it was typed, because it may hold a password or a token. Threads: main's; pure functions.
// Ownership: the texts are the caller's.
#pragma once

#include <string>
#include <vector>

#include "sidecar/app/command_line.h"
#include "sidecar/config/loader.h"

namespace herdgate::app {

// Texts end with a line break unless empty.
CommandLine Exit(int code, std::string out, std::string err);
// kExitUsage and one line; `message` is without a line break.
CommandLine Usage(const std::string& message);
// What is left when CLI11 refuses for no other reason: a flag without its value, or twice. `what` is its own text, of
// which the flag alone is told.
CommandLine NeedsOneValue(const std::string& what);

// A line each. Those with a place in a file are shown as compilers do, if `positions_alone`; all others say who speaks.
std::string ProblemLines(const std::vector<config::Problem>& problems, bool positions_alone);

// `argument` without its value, if it looks like a flag or a plain word; else nothing.
std::string Quotable(const std::string& argument);

}  // namespace herdgate::app
