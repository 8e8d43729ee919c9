// What ctl shows of invalidation jobs (Invalidation of the API): a table, one in full, a progress line, a last line.
//
// Threads: pure functions; any. What they return is harmless.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/app/ctl/pace_meter.h"
#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

bool HasEnded(JsonView job);
// 0 to 1; nothing: not known.
std::optional<double> ProgressOf(JsonView job);

// `columns` wide: "[#####-----]" or the like.
std::string BarText(double share, std::size_t columns, const Style& style);
// Bar, share, time left, done, rate: as much as fits into one line. Without a pace what the job says of its own.
std::string ProgressLine(JsonView job, const Pace& pace, const Style& style);
// Of one that has ended: "done: 412,000 keys deleted in 1 min 22 s (5,000/s), ..."
std::string SummaryLine(JsonView job, const Style& style);

// All that is known of one. `now` since the Unix epoch.
std::vector<std::string> JobLines(JsonView job, std::chrono::milliseconds now, const Style& style);
std::vector<std::string> JobTable(JsonView jobs, std::chrono::milliseconds now, const Style& style);

}  // namespace herdgate::app
