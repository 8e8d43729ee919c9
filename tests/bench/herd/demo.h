// The demo: an app behind a Herdgate that runs already, which prints a line a second. Threads: one.
#pragma once

#include <functional>

#include "tests/bench/herd/options.h"

namespace herdgate::bench {

// Runs until options.seconds have passed (0: for ever) or `stopped` says so.
int RunDemo(const Options& options, const std::function<bool()>& stopped);

}  // namespace herdgate::bench
