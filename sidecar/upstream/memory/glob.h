// Redis' globs: * ? [a-z] [^a] and \x, on bytes.
//
// Threads: pure function. Cost: O(pattern * text) at worst; only the last star is ever tried again.
#pragma once

#include <string_view>

namespace herdgate::upstream::memory {

bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace herdgate::upstream::memory
