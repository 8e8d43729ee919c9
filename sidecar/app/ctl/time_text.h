// RFC 3339 times of the API as spans from now.
//
// Threads: pure functions; any.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace herdgate::app {

// As the API writes it, in UTC: 2026-11-21T12:00:05.123Z. Nothing if it is not that.
std::optional<std::chrono::milliseconds> ParseTime(std::string_view text);
// "3 min 20 s ago", "in 4 min", "now"; empty if a time is none.
std::string FromNow(std::string_view text, std::chrono::milliseconds now);

}  // namespace herdgate::app
