#include "sidecar/policy/policy_set.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <utility>

#include "sidecar/policy/glob.h"

namespace herdgate::policy {

namespace {

struct Pattern {
  std::string glob;
  std::size_t policy = 0;
  bool is_prefix = false;  // matches whatever begins with its literal prefix
};

struct Node {
  std::string label;  // bytes from the parent to here
  std::vector<Pattern> patterns;
  std::vector<std::unique_ptr<Node>> children;  // sorted by the first byte of their labels
  // Both set by Link.
  const Node* above = nullptr;      // the nearest one on the way to the root that has patterns
  std::vector<std::uint8_t> which;  // by the first byte of a label, its index in `children`; empty where there are none

  Node* Child(char first) const {
    const auto at = std::ranges::lower_bound(children, first, {}, [](const auto& node) { return node->label.front(); });
    return at != children.end() && (*at)->label.front() == first ? at->get() : nullptr;
  }
  void Adopt(std::unique_ptr<Node> child) {
    const char first = child->label.front();
    const auto at = std::ranges::lower_bound(children, first, {}, [](const auto& node) { return node->label.front(); });
    children.insert(at, std::move(child));
  }
};

std::size_t CommonBytes(std::string_view left, std::string_view right) {
  const auto [at, other] = std::ranges::mismatch(left, right);
  return static_cast<std::size_t>(at - left.begin());
}

// The node of `prefix`, made if it is missing.
Node& Place(Node& root, std::string_view prefix) {
  Node* node = &root;
  while (!prefix.empty()) {
    Node* child = node->Child(prefix.front());
    if (child == nullptr) {
      auto made = std::make_unique<Node>();
      made->label = prefix;
      Node& placed = *made;
      node->Adopt(std::move(made));
      return placed;
    }
    const std::size_t common = CommonBytes(child->label, prefix);
    if (common < child->label.size()) {
      auto rest = std::make_unique<Node>();
      rest->label = child->label.substr(common);
      rest->patterns.swap(child->patterns);
      rest->children.swap(child->children);
      child->label.resize(common);
      child->Adopt(std::move(rest));
    }
    prefix.remove_prefix(common);
    node = child;
  }
  return *node;
}

// Completes the node and all below it for the walk.
void Link(Node& node) {
  constexpr std::size_t kBytes = 256;
  if (!node.children.empty()) node.which.resize(kBytes);
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    Node& child = *node.children[i];
    node.which[static_cast<unsigned char>(child.label.front())] = static_cast<std::uint8_t>(i);
    child.above = node.patterns.empty() ? node.above : &node;
    Link(child);
  }
}

// Every index below (and at) the node.
void Gather(const Node& node, std::vector<std::size_t>& into) {
  for (const Pattern& pattern : node.patterns) into.push_back(pattern.policy);
  for (const auto& child : node.children) Gather(*child, into);
}

}  // namespace

class PolicySet::Index {
 public:
  void Add(const std::string& glob, std::size_t policy) {
    Place(root_, LiteralPrefix(glob)).patterns.push_back({glob, policy, IsPrefixGlob(glob)});
  }

  // Once all are added.
  void Finish() { Link(root_); }

  std::size_t Match(std::string_view key) const {
    const Node* node = &root_;
    for (std::string_view rest = key; !rest.empty() && !node->which.empty();) {
      const Node& child = *node->children[node->which[static_cast<unsigned char>(rest.front())]];
      if (!rest.starts_with(child.label)) break;
      rest.remove_prefix(child.label.size());
      node = &child;
    }
    for (; node != nullptr; node = node->above) {
      for (const Pattern& pattern : node->patterns) {
        if (pattern.is_prefix || GlobMatches(pattern.glob, key)) return pattern.policy;
      }
    }
    return kNone;
  }

  std::vector<std::size_t> Possible(std::string_view prefix) const {
    std::vector<const Node*> path = {&root_};
    std::vector<std::size_t> possible;
    std::string_view rest = prefix;
    while (!rest.empty()) {
      const Node* child = path.back()->Child(rest.front());
      if (child == nullptr) break;
      const std::size_t common = CommonBytes(child->label, rest);
      if (common < child->label.size()) {
        if (common == rest.size()) Gather(*child, possible);  // longer than the prefix
        break;
      }
      path.push_back(child);
      rest.remove_prefix(common);
    }
    if (rest.empty()) {
      for (const auto& child : path.back()->children) Gather(*child, possible);
    }
    possible.push_back(Surely(path, possible));
    std::ranges::sort(possible);
    possible.erase(std::unique(possible.begin(), possible.end()), possible.end());
    return possible;
  }

 private:
  // The index of keys that match no pattern but those which match everything below; the ones that match some are added
  // to `possible`.
  static std::size_t Surely(const std::vector<const Node*>& path, std::vector<std::size_t>& possible) {
    for (auto node = path.rbegin(); node != path.rend(); ++node) {
      for (const Pattern& pattern : (*node)->patterns) {
        if (pattern.is_prefix) return pattern.policy;
        possible.push_back(pattern.policy);
      }
    }
    return kNone;
  }

  Node root_;
};

class PolicySet::Patterns {
 public:
  explicit Patterns(const std::vector<Policy>& policies) {
    for (const Policy& policy : policies) compiled_.push_back(Compile(policy.version.require));
  }

  bool Permits(std::size_t index, std::string_view key) const {
    const Rule& rule = compiled_[index];
    if (rule.any) return true;
    // The library's matcher recurses once a byte.
    constexpr std::size_t kMostBytes = 4096;
    if (!rule.regex || key.size() > kMostBytes) return false;
    try {
      return std::regex_match(key.begin(), key.end(), *rule.regex);
    } catch (const std::regex_error&) {  // too complex for this key
      return false;
    }
  }

 private:
  struct Rule {
    bool any = true;
    std::optional<std::regex> regex;
  };

  static Rule Compile(const std::string& pattern) {
    if (pattern.empty()) return {};
    try {
      return {.any = false, .regex = std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial)};
    } catch (const std::regex_error&) {
      return {.any = false, .regex = std::nullopt};
    }
  }

  std::vector<Rule> compiled_;
};

PolicySet::PolicySet(std::vector<Policy> policies)
    : policies_(std::move(policies)),
      index_(std::make_unique<Index>()),
      require_(std::make_unique<Patterns>(policies_)) {
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    for (const std::string& glob : policies_[i].match) index_->Add(glob, i);
    tags_.push_back(policies_[i].tags.empty() ? nullptr : std::make_unique<const TagRules>(policies_[i].tags));
  }
  index_->Finish();
}

PolicySet::~PolicySet() = default;

std::size_t PolicySet::Match(std::string_view key) const {
  return index_->Match(key);
}

std::vector<std::size_t> PolicySet::Possible(std::string_view prefix) const {
  return index_->Possible(prefix);
}

PolicySet::PrefixMatch PolicySet::MatchPrefix(std::string_view prefix) const {
  const std::vector<std::size_t> possible = Possible(prefix);
  if (possible.size() > 1) return {};
  return {.same = true, .index = possible.front()};
}

bool PolicySet::Permits(std::size_t index, std::string_view key) const {
  return require_->Permits(index, key);
}

}  // namespace herdgate::policy
