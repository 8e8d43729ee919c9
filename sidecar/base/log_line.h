// FormatLogLine: one log event as one line of text or JSON. Pure; log.cc adds the sink.
//
//   text   2026-11-21T00:00:00.000Z INFO listener.started address=127.0.0.1:6380
//   json   {"time":"2026-11-21T00:00:00.000Z","level":"info","event":"listener.started","address":"127.0.0.1:6380"}
//
// Whatever bytes a field holds, the result is valid UTF-8 without control characters and without a line break, so that
// no field can forge a line or drive a terminal. A control character becomes \n, \r, \t or \u00XX. A byte that is not
// part of well-formed UTF-8 becomes \xHH; JSON has no such escape, so there the text is \\xHH.
// Text quotes a value that is empty or holds a space, a quote, a backslash, '=' or anything escaped.
// Threads: any.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sidecar/base/log.h"

namespace herdgate::base {

// REQUIRES: format is not kAuto. No line break at the end.
std::string FormatLogLine(LogFormat format, LogLevel level, WallTime time, std::string_view event,
                          std::span<const LogField> fields);

// "debug", "info", "warn" or "error".
std::string_view LogLevelName(LogLevel level);

}  // namespace herdgate::base
