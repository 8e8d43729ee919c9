// Names of the keys that the sidecar keeps beside a data key: in its slot, one for each data key.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace herdgate::stampede {

// `prefix` says what is kept there; it has no brace and ends with ':'.
std::string NameBeside(std::string_view prefix, std::string_view key);
// The key beside which `name` is; nothing if it is no such name. The view is into `name`.
std::optional<std::string_view> KeyBeside(std::string_view prefix, std::string_view name);

}  // namespace herdgate::stampede
