#include "sidecar/policy/policy_index.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <tuple>

#include "sidecar/policy/glob.h"

namespace herdgate::policy {

PolicyIndex::PolicyIndex(const std::vector<Policy>& policies) {
  for (std::size_t i = 0; i < policies.size(); ++i) {
    for (const std::string& glob : policies[i].match) {
      const std::string literal = LiteralPrefix(glob);
      Kind kind = Kind::kGlob;
      if (IsPrefixGlob(glob)) {
        kind = Kind::kPrefix;
      } else if (glob == EscapeGlob(literal) || glob == literal) {
        kind = Kind::kExact;
      }
      // "a[b" holds no '*', and its literal is not the whole of it.
      if (kind == Kind::kExact && glob.find_first_of("*?[") != std::string::npos && glob == literal) kind = Kind::kGlob;
      patterns_.push_back({literal, glob, i, kind});
    }
  }
  std::ranges::stable_sort(patterns_, {}, [](const Pattern& p) { return std::tie(p.literal, p.policy); });
  Build();
}

void PolicyIndex::Build() {
  nodes_.push_back({});
  first_bytes_.push_back('\0');
  std::vector<Group> groups{{kRoot, 0, static_cast<std::uint32_t>(patterns_.size()), 0}};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Group group = groups[i];
    // Those that end here come first, the shorter literal being the lesser.
    nodes_[group.node].pattern_begin = group.begin;
    while (group.begin < group.end && patterns_[group.begin].literal.size() == group.depth) ++group.begin;
    nodes_[group.node].pattern_count = group.begin - nodes_[group.node].pattern_begin;
    AddChildren(group, groups);
  }
}

void PolicyIndex::AddChildren(const Group& group, std::vector<Group>& groups) {
  nodes_[group.node].child_begin = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t above = Holder(group.node);
  for (std::uint32_t begin = group.begin; begin < group.end;) {
    const std::string& first = patterns_[begin].literal;
    std::uint32_t end = begin + 1;
    while (end < group.end && patterns_[end].literal[group.depth] == first[group.depth]) ++end;
    // All between begin and end share what the first and the last share.
    const std::string& last = patterns_[end - 1].literal;
    const auto split = std::ranges::mismatch(first, last).in1 - first.begin();
    const auto depth = static_cast<std::uint32_t>(split);
    Node node;
    node.label_begin = static_cast<std::uint32_t>(labels_.size());
    node.label_size = depth - group.depth;
    node.above = above;
    labels_.append(first, group.depth, node.label_size);
    groups.push_back({static_cast<std::uint32_t>(nodes_.size()), begin, end, depth});
    nodes_.push_back(node);
    first_bytes_.push_back(first[group.depth]);
    begin = end;
  }
  nodes_[group.node].child_count = static_cast<std::uint32_t>(nodes_.size()) - nodes_[group.node].child_begin;
}

std::uint32_t PolicyIndex::ChildFor(const Node& node, char first) const {
  if (node.child_count == 0) return kRootless;
  const char* bytes = first_bytes_.data() + node.child_begin;
  const void* found = std::memchr(bytes, static_cast<unsigned char>(first), node.child_count);
  if (found == nullptr) return kRootless;
  return node.child_begin + static_cast<std::uint32_t>(static_cast<const char*>(found) - bytes);
}

std::size_t PolicyIndex::Match(std::string_view key) const {
  std::uint32_t node = kRoot;
  for (std::string_view rest = key; !rest.empty();) {
    const std::uint32_t child = ChildFor(nodes_[node], rest.front());
    if (child == kRootless || !rest.starts_with(Label(nodes_[child]))) break;
    rest.remove_prefix(nodes_[child].label_size);
    node = child;
  }
  for (std::uint32_t at = Holder(node); at != kRootless; at = nodes_[at].above) {
    for (std::uint32_t i = 0; i < nodes_[at].pattern_count; ++i) {
      const Pattern& pattern = patterns_[nodes_[at].pattern_begin + i];
      if (pattern.kind == Kind::kPrefix || (pattern.kind == Kind::kExact && key.size() == pattern.literal.size()) ||
          (pattern.kind == Kind::kGlob && GlobMatches(pattern.glob, key))) {
        return pattern.policy;
      }
    }
  }
  return kNone;
}

bool PolicyIndex::AllBelow(std::uint32_t node, bool with_own, std::size_t index) const {
  const Node& here = nodes_[node];
  const std::span own = std::span(patterns_).subspan(here.pattern_begin, here.pattern_count);
  if (with_own && std::ranges::any_of(own, [&](const Pattern& p) { return p.policy != index; })) return false;
  for (std::uint32_t i = 0; i < here.child_count; ++i) {
    if (!AllBelow(here.child_begin + i, true, index)) return false;
  }
  return true;
}

bool PolicyIndex::MatchesAlike(std::string_view prefix, std::size_t& index) const {
  std::uint32_t node = kRoot;       // the deepest whose path `prefix` holds whole
  std::uint32_t below = kRootless;  // a child that goes on behind the end of `prefix`
  for (std::string_view rest = prefix; !rest.empty();) {
    const std::uint32_t child = ChildFor(nodes_[node], rest.front());
    if (child == kRootless) break;
    const std::string_view label = Label(nodes_[child]);
    if (label.size() > rest.size() && label.starts_with(rest)) below = child;
    if (!rest.starts_with(label)) break;
    rest.remove_prefix(label.size());
    node = child;
    if (rest.empty()) below = node;
  }
  if (prefix.empty()) below = kRoot;
  index = kNone;
  std::vector<std::size_t> others;  // policies that some of the keys may have instead
  for (std::uint32_t at = Holder(node); at != kRootless && index == kNone; at = nodes_[at].above) {
    for (std::uint32_t i = 0; i < nodes_[at].pattern_count && index == kNone; ++i) {
      const Pattern& pattern = patterns_[nodes_[at].pattern_begin + i];
      if (pattern.kind == Kind::kPrefix) {
        index = pattern.policy;
      } else if (pattern.kind == Kind::kGlob || pattern.literal.size() == prefix.size()) {
        others.push_back(pattern.policy);
      }
    }
  }
  if (std::ranges::any_of(others, [&](std::size_t other) { return other != index; })) return false;
  return below == kRootless || AllBelow(below, below != node, index);
}

}  // namespace herdgate::policy
