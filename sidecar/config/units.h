// Units: durations, byte sizes and counts as people write them in a configuration.
//
//   duration   500ms  2s  1.5s  10m  24h      a unit is required; whole milliseconds
//   bytes      65536  64KiB  64MiB  1GiB      powers of 1024; a bare number counts bytes
//   count      10000                          decimal digits only
//   share      0.1  10%                       a part of the whole, 0 to 1
//   factor     2  1.5                         greater than 0
//
// Everything ambiguous is refused: a bare duration, 64MB (10^6 or 2^20?), a leading zero (octal to some YAML readers).
// Errors (kInvalidArgument) say what to write and never repeat the text. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"

namespace herdgate::config {

// `least` and `most` are part of the range.
base::Result<std::chrono::milliseconds> ParseDuration(std::string_view text, std::chrono::milliseconds least,
                                                      std::chrono::milliseconds most);
// The bound of a histogram's bucket: above 0, up to 1h, in whole microseconds, with a unit: us, ms or s. Not whole
// seconds, which Prometheus writes in two ways.
base::Result<std::chrono::nanoseconds> ParseBound(std::string_view text);
base::Result<std::uint64_t> ParseBytes(std::string_view text, std::uint64_t least, std::uint64_t most);
base::Result<std::uint64_t> ParseCount(std::string_view text, std::uint64_t least, std::uint64_t most);
// 0 to 1, or 0% to 100%; at most nine digits behind the point.
base::Result<double> ParseShare(std::string_view text);
// Greater than 0, `most` included; at most nine digits behind the point. REQUIRES: most <= 100.
base::Result<double> ParseFactor(std::string_view text, std::uint64_t most);

// The shortest exact form, which the parsers read back: 1500ms, 2s, 64MiB.
std::string FormatBound(std::chrono::nanoseconds bound);
std::string FormatDuration(std::chrono::milliseconds duration);
std::string FormatBytes(std::uint64_t bytes);

}  // namespace herdgate::config
