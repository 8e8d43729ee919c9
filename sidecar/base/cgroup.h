// Cgroup: the CPU quota and the memory that a container gives this process, and the number of loops that fits it.
//
// Reads cgroup v2 (cpu.max, memory.max) and v1 (cpu.cfs_quota_us, memory.limit_in_bytes). The process's own group and
// all its parents count; the smallest limit wins. A file that is missing or unreadable means "no limit" at that level.
// Threads: any; reads files, so call it at start and at a reload.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace herdgate::base {

// CPUs per second of wall time: 0.5 is half a CPU. Nothing if no quota is set. `root` stands for "/" in tests.
std::optional<double> CgroupCpuQuota(const std::filesystem::path& root = "/");

// Bytes; above them the kernel ends the process. Nothing if no limit is set. `root` as above.
std::optional<std::uint64_t> CgroupMemoryLimit(const std::filesystem::path& root = "/");

// CPUs this process may run on (sched_getaffinity); at least 1.
unsigned OnlineCpus();

// One loop per CPU that can be kept busy, 1 to 4. A quota is rounded up unless the fraction is a quarter or less: a
// loop more than the quota feeds is throttled in the middle of its work, which costs more latency than it gains.
unsigned LoopsFor(std::optional<double> quota, unsigned online_cpus);

// LoopsFor this process.
unsigned AutoLoops();

}  // namespace herdgate::base
