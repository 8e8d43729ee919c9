// PolicyCase: a configuration of policies that Herdgate runs with in a test, and what a script must leave out and a
// run may demand under it. One row a case, in policy_case.cc.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::differential {

// What holds for every expiry behind Herdgate.
struct TtlBounds {
  std::chrono::milliseconds missing{0};  // the longest that a key gets whose writer asked for none; 0: TTLs are free
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max{0};
  double jitter = 0;
};

struct PolicyCase {
  // The version prefix of the keys that begin so; the longest beginning wins.
  struct Prefix {
    std::string_view begins;
    std::string_view version;
  };

  std::string name;
  std::string yaml;  // of the configuration file
  // Keys have other names in Redis: what lists keys lists them in another order.
  bool versions = false;
  // TTLs are others than those that were asked for.
  bool ttls = false;
  // Reads are answered from the near cache, whose own key comes and goes in Redis: what lists keys may list them in
  // another order.
  bool near = false;
  // The names are known, so that those in Redis can be judged; not for a file of the user's.
  bool names_known = true;
  std::vector<Prefix> prefixes;
  TtlBounds bounds;

  bool reorders_keys() const { return versions || ttls || near; }
  std::string PhysicalName(std::string_view logical) const;
  // The logical name of a key in Redis, or nothing if no key has this name under the case. REQUIRES: names_known
  bool LogicalName(std::string_view physical, std::string& logical) const;
};

std::span<const PolicyCase> PolicyCases();
// A built-in case, or the file at that path; nullptr and `error` if there is none. The result lives as long as the
// program.
const PolicyCase* FindPolicyCase(const std::string& name, std::string& error);

}  // namespace herdgate::differential
