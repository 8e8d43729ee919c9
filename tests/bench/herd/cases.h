// The cases S1 to S6: what each sets, which runs it makes, and what theory says of each run.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/herd/herd.h"
#include "tests/bench/herd/options.h"

namespace herdgate::bench {

// For --help.
std::string CaseList();
// The options of the case that `chosen` names, quick or not. Of the rest of `chosen` only the early refresh and the
// near cache count: a quick case's time to live depends on the one, how late a read may be on the other.
Options DefaultsOf(const Options& chosen);

// What theory says of a run; 0: nothing.
struct Expectation {
  double recomputes = 0;      // mean of an expiry
  double recomputes_p99 = 0;  // 99 of 100 expiries have no more
  double window = 0;          // seconds from the first miss to the first value
  double gap = 0;             // seconds of early refresh
  double slow_share = 0;      // of all requests: those that compute
  double in_epoch_p99 = 0;    // seconds, of the requests that came while there was no value
};

struct RunSpec {
  std::string name;
  bool is_protected = false;
  unsigned sidecars = 0;
  bool leases = false;
  HerdPlan plan;  // without pods
  Expectation theory;
};

// In the order in which they are made; the unprotected one first.
std::vector<RunSpec> RunsOf(const Options& options);

}  // namespace herdgate::bench
