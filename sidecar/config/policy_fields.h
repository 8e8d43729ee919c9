// PolicyFields: one row for each option of a policy that is a single value. sidecar/config/README.md is the same for
// people.
//
// Setters never repeat the text in an error. Threads: any; the table is constant.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"
#include "sidecar/policy/policy.h"

namespace herdgate::config {

struct PolicyField {
  std::string_view key;  // dotted, within the policy: "ttl.min"
  base::Status (*set)(std::string_view text, policy::Policy& policy) = nullptr;
  // The form that `set` reads back; empty where nothing is set.
  std::string (*show)(const policy::Policy& policy) = nullptr;
};

std::span<const PolicyField> PolicyFields();

// Nothing if no option of a policy has this key.
const PolicyField* FindPolicyField(std::string_view key);

// 1 to 64 of [a-z0-9_-].
bool IsPolicyName(std::string_view text);

}  // namespace herdgate::config
