// What the runs of a case are told as: a table beside the theory, and JSON.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/herd/cases.h"
#include "tests/bench/herd/herd.h"

namespace herdgate::bench {

struct RunReport {
  RunSpec spec;
  HerdResult result;
};

// The conditions in a line, then two lines for each run: what was measured, what theory says.
std::string TableOf(const Options& options, const std::vector<RunReport>& runs);
// What the table has no column for: errors, reads that should not have been, a herd that could not keep up.
std::string RemarksOf(const std::vector<RunReport>& runs);
std::string JsonOf(const Options& options, const std::vector<RunReport>& runs);

}  // namespace herdgate::bench
