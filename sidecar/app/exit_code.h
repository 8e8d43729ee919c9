// The exit codes of the program; service managers and scripts rely on them.
//
// Threads: constants; any.
#pragma once

namespace herdgate::app {

inline constexpr int kExitOk = 0;       // served and drained, or did what was asked
inline constexpr int kExitRuntime = 1;  // failed while serving
inline constexpr int kExitUsage = 2;    // never served: a flag, the configuration, or an address that is in use

// Of herdgate ctl besides.
inline constexpr int kExitUnreachable = 3;    // no sidecar answers
inline constexpr int kExitInterrupted = 130;  // Ctrl-C: no longer watches a job, which goes on

}  // namespace herdgate::app
