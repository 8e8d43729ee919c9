// PolicyIndex: the patterns of all policies, found by the literal prefix of a key.
//
// A byte-wise radix tree (PATRICIA: Morrison 1968) in three flat arrays: the children of a node lie side by side, so a
// step is one memchr over their first bytes and one comparison of the label. Each node knows the nearest node above it
// that has patterns, so a key is walked down once and the patterns that it met are tried from the deepest up.
// Internal to sidecar/policy: use PolicySet. Threads: immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/policy.h"

namespace herdgate::policy {

class PolicyIndex {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  explicit PolicyIndex(const std::vector<Policy>& policies);

  std::size_t Match(std::string_view key) const;
  // Whether every key that begins with `prefix` has the same policy, and which. May say no where keys that can't match
  // would have to be told apart: "user:[0-9]" for the prefix "user:x".
  bool MatchesAlike(std::string_view prefix, std::size_t& index) const;

 private:
  enum class Kind : std::uint8_t { kPrefix, kExact, kGlob };
  struct Pattern {
    std::string literal;  // what the glob begins with
    std::string glob;
    std::size_t policy = kNone;
    Kind kind = Kind::kGlob;
  };
  struct Node {
    std::uint32_t label_begin = 0;  // in labels_; the first byte is in first_bytes_ too
    std::uint32_t label_size = 0;
    std::uint32_t child_begin = 0;  // in nodes_ and first_bytes_
    std::uint32_t child_count = 0;
    std::uint32_t pattern_begin = 0;  // in patterns_
    std::uint32_t pattern_count = 0;
    std::uint32_t above = kRootless;  // the nearest node on the way here that has patterns
  };
  static constexpr std::uint32_t kRootless = static_cast<std::uint32_t>(-1);
  static constexpr std::uint32_t kRoot = 0;

  // The patterns [begin, end) whose literals all begin with the node's path of `depth` bytes.
  struct Group {
    std::uint32_t node = kRoot;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t depth = 0;  // bytes of the path to the node, its label included
  };
  void Build();
  void AddChildren(const Group& group, std::vector<Group>& groups);
  // The child of `node` that `rest` goes on with, or kRootless.
  std::uint32_t ChildFor(const Node& node, char first) const;
  std::string_view Label(const Node& node) const {
    return std::string_view(labels_).substr(node.label_begin, node.label_size);
  }
  // The node with patterns nearest to `node`, itself included.
  std::uint32_t Holder(std::uint32_t node) const { return nodes_[node].pattern_count > 0 ? node : nodes_[node].above; }
  bool AllBelow(std::uint32_t node, bool with_own, std::size_t index) const;

  std::vector<Pattern> patterns_;  // by literal, then by policy
  std::vector<Node> nodes_;        // the root is first
  std::string first_bytes_;        // of each node's label, beside nodes_
  std::string labels_;
};

}  // namespace herdgate::policy
