// Report: a difference told to a person.
#pragma once

#include <string>

#include "tests/differential/runner.h"
#include "tests/differential/script.h"

namespace herdgate::differential {

// Several lines: where, what either side said from there on, and the commands of that client around it.
std::string Report(const Script& script, const Mismatch& mismatch);

}  // namespace herdgate::differential
