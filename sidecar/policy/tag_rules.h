// TagRules: which tags a key has by its name: the rules of one policy, compiled.
//
//   match: "user:([0-9]+):.*"   tag: "tenant:{1}"       user:42:cart has the tag tenant:42
//
// The expression is RE2's, over bytes, and matches the whole key; the time it takes is linear in the key's length. A
// group that took no part gives no tag, nor does one that would be empty or longer than kMostTagBytes.
// Threads: immutable; any thread. Ownership: a PolicySet's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"
#include "sidecar/policy/policy.h"

namespace herdgate::policy {

class TagRules {
 public:
  static constexpr std::size_t kMostRules = 8;
  static constexpr std::size_t kMostTagBytes = 256;
  static constexpr std::size_t kMostMatchBytes = 1024;

  // kInvalidArgument says what is wrong with the rule; the key ("match" or "tag") is before the first ':'.
  static base::Status Check(const TagRule& rule);
  // The same for the same rules, in whatever order; 0: no rules.
  static std::uint64_t Fingerprint(const std::vector<TagRule>& rules);

  // Rules that are wrong give no tag.
  explicit TagRules(const std::vector<TagRule>& rules);
  ~TagRules();
  TagRules(const TagRules&) = delete;
  TagRules& operator=(const TagRules&) = delete;

  // Each tag of the key, maybe one twice. What is visited lives as long as the call.
  using Visit = std::function<void(std::string_view tag)>;
  void ForEach(std::string_view key, const Visit& visit) const;
  bool Gives(std::string_view key, std::string_view tag) const;
  // False: no key at all has this tag by these rules.
  bool CanGive(std::string_view tag) const;

 private:
  class Rule;
  std::vector<std::unique_ptr<Rule>> rules_;
};

}  // namespace herdgate::policy
