// What the flags of `herdgate serve` in a container's args say. "--flag=value" and "--flag", "value" are the same.
//
// Threads: pure functions; any.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::inject {

using Args = std::vector<std::string>;

// `value` in the place of all that the flag has: a flag twice is a mistake.
void SetFlag(Args& args, std::string_view flag, std::string_view value);
// Where it listens: the TCP ports of --listen, --admin and --telemetry.
std::set<std::uint16_t> PortsOf(const Args& args);

// "128Mi", "1.5Gi" and "200M" as Kubernetes has them; "48MiB" as Herdgate does. None: no such size.
std::optional<std::uint64_t> SizeOf(std::string_view text);
// What the caches of these flags may hold, in bytes, and what the process needs beside them at the least.
std::uint64_t LeastMemory(const Args& args);

}  // namespace herdgate::inject
