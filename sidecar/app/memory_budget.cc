#include "sidecar/app/memory_budget.h"

#include <algorithm>

#include "sidecar/config/units.h"

namespace herdgate::app {
namespace {

template <typename Condition>
bool AnyEnforced(const config::Options& options, Condition condition) {
  return std::ranges::any_of(options.policies, [&](const policy::Policy& policy) {
    return policy.mode == policy::Mode::kEnforce && condition(policy);
  });
}

bool UsesStore(const config::Options& options) {
  return options.upstream.url.kind == base::UpstreamUrl::Kind::kMemory ||
         AnyEnforced(options,
                     [](const policy::Policy& policy) { return policy.offline.fallback == policy::Fallback::kMemory; });
}

std::string Shown(std::string_view key, std::uint64_t bytes) {
  return std::string(key) + " (" + config::FormatBytes(bytes) + ")";
}

}  // namespace

std::string MemoryProblem(const config::Options& options, std::optional<std::uint64_t> limit) {
  const bool near = AnyEnforced(options, [](const policy::Policy& policy) { return policy.near.enabled; });
  const bool store = UsesStore(options);
  const std::uint64_t held = (near ? options.near.max_bytes : 0) + (store ? options.memory.max_bytes : 0);
  if (!limit || held <= *limit) return {};
  std::string out;
  if (near) out = Shown("near.max_bytes", options.near.max_bytes);
  if (near && store) out += " and ";
  if (store) out += Shown("memory.max_bytes", options.memory.max_bytes);
  out += near && store ? ": together they are larger" : ": it is larger";
  return out + " than the memory limit of this process's cgroup (" + config::FormatBytes(*limit) +
         "); lower it, or raise the limit";
}

}  // namespace herdgate::app
