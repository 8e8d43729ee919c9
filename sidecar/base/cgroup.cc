#include "sidecar/base/cgroup.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::base {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxAutoLoops = 4;

std::optional<std::string> FirstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<double> Ratio(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return std::nullopt;
  return quota / period;
}

// "max 100000" or "150000 100000".
std::optional<double> QuotaV2(const fs::path& group) {
  const std::optional<std::string> line = FirstLine(group / "cpu.max");
  if (!line) return std::nullopt;
  std::istringstream words(*line);
  double quota = 0;
  double period = 0;
  if (!(words >> quota >> period)) return std::nullopt;
  return Ratio(quota, period);
}

// -1 means no quota.
std::optional<double> QuotaV1(const fs::path& group) {
  const std::optional<std::string> quota = FirstLine(group / "cpu.cfs_quota_us");
  const std::optional<std::string> period = FirstLine(group / "cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  double quota_us = 0;
  double period_us = 0;
  if (!(std::istringstream(*quota) >> quota_us) || !(std::istringstream(*period) >> period_us)) return std::nullopt;
  return Ratio(quota_us, period_us);
}

// "max", or bytes; v1 has no word for no limit, but a number that no machine reaches.
std::optional<std::uint64_t> Bytes(const fs::path& file) {
  constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60U;
  const std::optional<std::string> line = FirstLine(file);
  if (!line) return std::nullopt;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), bytes);
  if (error != std::errc() || end != line->data() + line->size() || bytes >= kNoLimit) return std::nullopt;
  return bytes;
}

std::optional<std::uint64_t> MemoryV2(const fs::path& group) {
  return Bytes(group / "memory.max");
}

std::optional<std::uint64_t> MemoryV1(const fs::path& group) {
  return Bytes(group / "memory.limit_in_bytes");
}

template <typename T>
std::optional<T> Smaller(std::optional<T> a, std::optional<T> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// The smallest limit from `group` up to `mount`, both included. A group that does not exist below the mount is one
// named from outside the container; the mount itself is then this process's group.
template <typename T>
std::optional<T> SmallestUpwards(const fs::path& mount, const std::string& group,
                                 std::optional<T> (*read)(const fs::path& group)) {
  std::optional<T> smallest = read(mount);
  fs::path at = mount;
  for (const fs::path& part : fs::path(group).relative_path()) {
    // A path with ".." is a group outside our view: nothing below this mount is ours.
    if (part == "..") return smallest;
    at /= part;
    smallest = Smaller(smallest, read(at));
  }
  return smallest;
}

bool Lists(const std::string& controllers, std::string_view controller) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == controller) return true;
  }
  return false;
}

// The smallest limit of the process: in version 2, and in version 1 under `controller`.
template <typename T>
std::optional<T> SmallestLimit(const fs::path& root, const std::string& controller,
                               std::optional<T> (*read_v2)(const fs::path& group),
                               std::optional<T> (*read_v1)(const fs::path& group)) {
  const fs::path mounts = root / "sys/fs/cgroup";
  std::optional<T> smallest;
  std::ifstream groups(root / "proc/self/cgroup");
  // Each line is hierarchy:controllers:path; version 2 is hierarchy 0 with no controllers.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      smallest = Smaller(smallest, SmallestUpwards(mounts, group, read_v2));
    } else if (Lists(controllers, controller)) {
      smallest = Smaller(smallest, SmallestUpwards(mounts / controller, group, read_v1));
      smallest = Smaller(smallest, SmallestUpwards(mounts / controllers, group, read_v1));
    }
  }
  return smallest;
}

}  // namespace

std::optional<double> CgroupCpuQuota(const fs::path& root) {
  return SmallestLimit(root, "cpu", QuotaV2, QuotaV1);
}

std::optional<std::uint64_t> CgroupMemoryLimit(const fs::path& root) {
  return SmallestLimit(root, "memory", MemoryV2, MemoryV1);
}

unsigned OnlineCpus() {
  // Machines with more CPUs than the mask holds make the call fail with a smaller mask; grow it until it fits.
  for (std::size_t cpus = 1024; cpus <= 65536; cpus *= 2) {
    std::vector<unsigned long> mask(cpus / (8 * sizeof(unsigned long)), 0);
    const std::size_t bytes = mask.size() * sizeof(unsigned long);
    auto* const set = reinterpret_cast<cpu_set_t*>(mask.data());
    if (sched_getaffinity(0, bytes, set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT_S(bytes, set)));
  }
  return 1;
}

unsigned LoopsFor(std::optional<double> quota, unsigned online_cpus) {
  const unsigned cpus = std::clamp(online_cpus, 1U, kMaxAutoLoops);
  if (!quota) return cpus;
  const double wanted = std::clamp(std::ceil(*quota - 0.25), 1.0, static_cast<double>(kMaxAutoLoops));
  return std::min(cpus, static_cast<unsigned>(wanted));
}

unsigned AutoLoops() {
  return LoopsFor(CgroupCpuQuota(), OnlineCpus());
}

}  // namespace herdgate::base
