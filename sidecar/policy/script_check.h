// BuildsKeyNames: whether a Lua script seems to reach keys that it was not given in KEYS. Under versioned keys such a
// script would read and write names that nobody else uses.
//
// A look at the text, not a proof: the key arguments of redis.call and redis.pcall must come from KEYS. What it misses
// and what it takes for a name by mistake: sidecar/policy/README.md.
// Threads: pure function.
#pragma once

#include <string_view>

namespace herdgate::policy {

bool BuildsKeyNames(std::string_view script);

}  // namespace herdgate::policy
