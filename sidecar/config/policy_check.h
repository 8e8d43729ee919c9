// CheckTogether: values of one policy that are fine alone and wrong together. Each problem stands at one of the keys
// and names all of them; nothing is said of a value that is wrong by itself.
//
// Threads: any; pure but for the report.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/yaml_map.h"
#include "sidecar/policy/policy.h"

namespace herdgate::config {

// What a file says of one policy, key by key ("ttl.min").
struct GivenKeys {
  std::map<std::string, Position, std::less<>> at;  // where each value stands
  std::vector<std::string_view> bad;                // those of them whose value was refused

  bool Contains(std::string_view key) const { return at.find(key) != at.end(); }
  bool IsBad(std::string_view key) const { return std::find(bad.begin(), bad.end(), key) != bad.end(); }
  // Whether it is given and was read.
  bool Has(std::string_view key) const { return Contains(key) && !IsBad(key); }
  // REQUIRES: Contains(key).
  Position At(std::string_view key) const { return at.find(key)->second; }
};

// `policy` has the values that were read, and the defaults of all others.
void CheckTogether(const policy::Policy& policy, const GivenKeys& given, const Report& report);

}  // namespace herdgate::config
