// ShowMonitored: lines of MONITOR with logical names in the place of physical ones.
//
// A line is `+<time> [<db> <address>] "COMMAND" "argument" ...`, arguments quoted as Redis quotes them. Whatever
// argument has the form of a versioned name is shown as its logical one: which arguments are keys the line does not
// tell. Threads: pure function.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

// REQUIRES: whole lines.
std::string ShowMonitored(const Snapshot& snapshot, std::string_view lines);

}  // namespace herdgate::policy
