// ReadPolicies: the list `policies` of the file -> policies, with every problem of them at once.
//
// Besides bad values it refuses what can't be meant: a name or a pattern given twice, a pattern that another one leaves
// no key, a rule that has no effect. Messages name policies and patterns, never a value.
// Threads: any.
#pragma once

#include <cstddef>
#include <vector>

#include "sidecar/config/yaml_map.h"
#include "sidecar/policy/policy.h"

namespace herdgate::config {

inline constexpr std::size_t kMaxPolicies = 1000;
inline constexpr std::size_t kMaxPatterns = 10000;  // of all policies
inline constexpr std::size_t kMaxPatternBytes = 1024;

// `at` is where the key `policies` stands. Only usable if nothing was reported.
std::vector<policy::Policy> ReadPolicies(const YAML::Node& list, Position at, const Report& report);

}  // namespace herdgate::config
