// What `ctl status` shows: one screen of a Snapshot of the API.
//
// Threads: pure functions; any. What they return is harmless.
#pragma once

#include <string>
#include <vector>

#include "sidecar/app/ctl/style.h"
#include "sidecar/app/ctl/text_table.h"

namespace herdgate::app {

// `jobs` is the list of invalidations, or nothing.
std::vector<std::string> StatusLines(JsonView snapshot, JsonView jobs, const std::string& url, const Style& style);

// A Bypass of the API in one line; `now` is a time of the API.
TextTable::Cell BypassText(JsonView bypass, const std::string& now, const Style& style);

}  // namespace herdgate::app
