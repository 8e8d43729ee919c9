// ReadFile: the bytes of a configuration file. Threads: any, but not on a loop that serves.
#pragma once

#include <cstddef>
#include <string>

#include "sidecar/base/result.h"

namespace herdgate::config {

inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

// Errors: no name (kInvalidArgument), larger than kMaxFileBytes (kInvalidArgument), unreadable (kIo).
base::Result<std::string> ReadFile(const std::string& path);

}  // namespace herdgate::config
