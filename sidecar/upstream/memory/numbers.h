// Numbers as Redis reads and writes them in string values and arguments.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace herdgate::upstream::memory {

// A signed decimal of 64 bits: no sign but '-', no spaces, no leading zeros.
bool ParseInteger(std::string_view text, std::int64_t& value);
// What strtold reads, whole, without leading space; no NaN.
bool ParseFloat(std::string_view text, long double& value);
// Plain notation with up to 17 decimals, trailing zeros cut.
std::string FormatFloat(long double value);
// a + b, or false where that overflows.
bool AddInteger(std::int64_t a, std::int64_t b, std::int64_t& sum);

// ASCII, any case. `lower` is in lower case.
bool EqualsIgnoringCase(std::string_view text, std::string_view lower);
std::string ToLower(std::string_view text);

}  // namespace herdgate::upstream::memory
