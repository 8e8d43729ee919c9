// The exit codes of the program; service managers and scripts rely on them.
#pragma once

namespace herdgate::app {

inline constexpr int kExitOk = 0;       // served and drained, or did what was asked
inline constexpr int kExitRuntime = 1;  // failed while serving
inline constexpr int kExitUsage = 2;    // never served: a flag, the configuration, or an address that is in use

}  // namespace herdgate::app
