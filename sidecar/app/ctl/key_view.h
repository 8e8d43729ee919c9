// What ctl shows of keys: the hottest, and all that is known of one.
//
// Threads: pure functions; any. What they return is harmless.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

// The answer of GET /hot-keys, at most `most` of them.
std::vector<std::string> HotKeyLines(JsonView answer, std::size_t most, const Style& style);
// A KeyReport.
std::vector<std::string> KeyLines(JsonView report, const Style& style);

}  // namespace herdgate::app
