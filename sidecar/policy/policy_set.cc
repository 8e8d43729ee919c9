#include "sidecar/policy/policy_set.h"

#include <optional>
#include <regex>
#include <string>
#include <utility>

#include "sidecar/policy/policy_index.h"

namespace herdgate::policy {

class PolicySet::Index : public PolicyIndex {
  using PolicyIndex::PolicyIndex;
};

// The compiled `require` of each policy.
//
// Keys come from outside, so a match must not take exponential time nor a stack frame for each byte: libstdc++'s
// polynomial matcher does neither. It knows no back-references; an expression that has some is none here.
class PolicySet::Patterns {
 public:
  explicit Patterns(const std::vector<Policy>& policies) {
    for (const Policy& policy : policies) {
      Pattern& pattern = patterns_.emplace_back();
      pattern.wanted = !policy.version.require.empty();
      if (!pattern.wanted) continue;
      try {
        pattern.regex.emplace(policy.version.require, kSyntax);
      } catch (const std::regex_error&) {
        pattern.regex.reset();
      }
    }
  }

  bool Permits(std::size_t index, std::string_view key) const {
    const Pattern& pattern = patterns_[index];
    if (!pattern.wanted) return true;
    if (!pattern.regex) return false;
    try {
      return std::regex_match(key.begin(), key.end(), *pattern.regex);
    } catch (const std::regex_error&) {
      return false;
    }
  }

 private:
  static constexpr std::regex::flag_type kSyntax =
      std::regex::ECMAScript | std::regex::optimize | std::regex_constants::__polynomial;

  struct Pattern {
    bool wanted = false;
    std::optional<std::regex> regex;  // none: not one that can be compiled
  };
  std::vector<Pattern> patterns_;
};

PolicySet::PolicySet(std::vector<Policy> policies)
    : policies_(std::move(policies)),
      index_(std::make_unique<Index>(policies_)),
      require_(std::make_unique<Patterns>(policies_)) {}

PolicySet::~PolicySet() = default;

std::size_t PolicySet::Match(std::string_view key) const {
  return index_->Match(key);
}

PolicySet::PrefixMatch PolicySet::MatchPrefix(std::string_view prefix) const {
  PrefixMatch match;
  match.same = index_->MatchesAlike(prefix, match.index);
  if (!match.same) match.index = kNone;
  return match;
}

bool PolicySet::Permits(std::size_t index, std::string_view key) const {
  return require_->Permits(index, key);
}

}  // namespace herdgate::policy
