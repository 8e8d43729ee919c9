// Shrink: the smallest script found, within a time, that still shows a difference.
//
// Drops events and commands in halving chunks (delta debugging, Zeller and Hildebrandt 2002), then pauses and cuts.
// What counts is a difference of the same kind (missing, more, other bytes, ...) at the same last event. Threads: one
// owner.
#pragma once

#include <chrono>

#include "tests/differential/runner.h"
#include "tests/differential/script.h"

namespace herdgate::differential {

// REQUIRES: runner.Run(script) gave `mismatch`. Sets it to that of the script returned.
Script Shrink(Runner& runner, const Script& script, std::chrono::seconds budget, Mismatch& mismatch);

}  // namespace herdgate::differential
