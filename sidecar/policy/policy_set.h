// PolicySet: all policies of a configuration, and which of them a key belongs to.
//
// The longest literal prefix of a pattern wins, then the order of the file. One lookup per key, whatever the number of
// policies: a byte-wise radix tree over the literal prefixes (PATRICIA: Morrison 1968) is walked once, and the patterns
// met on the way are tried from the deepest up.
// Threads: immutable; any thread. Owner: a Snapshot, by shared_ptr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sidecar/policy/policy.h"
#include "sidecar/policy/tag_rules.h"

namespace herdgate::policy {

class PolicySet {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // REQUIRES: valid policies (config checks them). A `require` that is no regular expression never matches.
  explicit PolicySet(std::vector<Policy> policies);
  ~PolicySet();
  PolicySet(const PolicySet&) = delete;
  PolicySet& operator=(const PolicySet&) = delete;

  // The index of the policy that `key` (as the app writes it) belongs to, or kNone.
  std::size_t Match(std::string_view key) const;
  // The indices that keys beginning with `prefix` may have, kNone included; each once, and maybe more than there are.
  std::vector<std::size_t> Possible(std::string_view prefix) const;
  // The one index that every key beginning with `prefix` has, kNone included; nothing if keys differ.
  struct PrefixMatch {
    bool same = false;
    std::size_t index = kNone;  // if same
  };
  PrefixMatch MatchPrefix(std::string_view prefix) const;
  // Whether `key` satisfies the policy's `require`.
  bool Permits(std::size_t index, std::string_view key) const;

  // Null: the policy has none.
  const TagRules* tags(std::size_t index) const { return tags_[index].get(); }

  const std::vector<Policy>& policies() const { return policies_; }
  const Policy& at(std::size_t index) const { return policies_[index]; }
  std::size_t size() const { return policies_.size(); }

 private:
  class Index;
  class Patterns;

  const std::vector<Policy> policies_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<Patterns> require_;
  std::vector<std::unique_ptr<const TagRules>> tags_;
};

}  // namespace herdgate::policy
