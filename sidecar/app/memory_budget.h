// MemoryBudget: whether what the configuration may hold in memory fits the memory that the process is given.
//
// Threads: any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sidecar/config/options.h"

namespace herdgate::app {

// One sentence with both figures if the caches that are used may grow beyond `limit` bytes; empty otherwise. The near
// cache is used where an enforced policy has it; the embedded store as the upstream, and as a policy's fallback.
std::string MemoryProblem(const config::Options& options, std::optional<std::uint64_t> limit);

}  // namespace herdgate::app
