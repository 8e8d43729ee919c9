// Numbers, spans and sizes as people read them; "-" for what is not known.
//
// Threads: pure functions; any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herdgate::app {

// 1234567 -> "1,234,567".
std::string CountText(std::uint64_t value);
std::string CountText(std::optional<std::uint64_t> value);
// "1 key", "2,000 keys".
std::string PluralText(std::uint64_t value, std::string_view one);
// A second; decimals where it is small: "0.25/s", "8.9/s", "4,210/s".
std::string RateText(std::optional<double> per_second);
// A share between 0 and 1; never rounded up to all: "99.99 %", "100 %".
std::string PercentText(std::optional<double> share);
// "1023 B", "1.5 KiB", "64 MiB".
std::string BytesText(std::optional<std::uint64_t> bytes);
// "0.35 ms", "250 ms", "59.9 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
std::string SpanText(std::optional<double> seconds);

}  // namespace herdgate::app
