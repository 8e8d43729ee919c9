// The goals of the cases, and which of them a run has missed. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/herd/options.h"
#include "tests/bench/herd/report.h"

namespace herdgate::bench {

// One sentence for each goal that a protected run has missed; none for an unprotected one, which has no goals but to be
// sound.
std::vector<std::string> MissedGoals(const Options& options, const RunReport& run);

}  // namespace herdgate::bench
