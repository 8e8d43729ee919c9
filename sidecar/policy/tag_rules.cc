#include "sidecar/policy/tag_rules.h"

#include <re2/re2.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "sidecar/policy/glob.h"

namespace herdgate::policy {
namespace {

using base::ErrorCode;
using base::Status;

constexpr int kMostGroups = 10;  // {0} to {9}

RE2::Options Options() {
  RE2::Options options;
  // Keys may hold any byte.
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{1} << 20U);
  return options;
}

// A piece of a tag: text, then maybe a group.
struct Part {
  std::string text;
  int group = -1;
};

// Nothing if a brace is not part of a group like {1}.
bool Split(std::string_view tag, std::vector<Part>& parts) {
  constexpr std::size_t kGroupBytes = 3;
  parts.emplace_back();
  for (std::size_t i = 0; i < tag.size(); ++i) {
    if (tag[i] == '}') return false;
    if (tag[i] != '{') {
      parts.back().text += tag[i];
      continue;
    }
    const std::string_view group = tag.substr(i, kGroupBytes);
    if (group.size() < kGroupBytes || group[1] < '0' || group[1] > '9' || group[2] != '}') return false;
    parts.back().group = group[1] - '0';
    parts.emplace_back();
    i += kGroupBytes - 1;
  }
  return true;
}

std::string_view WhatIsWrong(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorMissingBracket:
      return "a '[' is not closed";
    case RE2::ErrorMissingParen:
    case RE2::ErrorUnexpectedParen:
      return "the parentheses do not match";
    case RE2::ErrorTrailingBackslash:
    case RE2::ErrorBadEscape:
      return "an unknown escape, or a '\\' at the end";
    case RE2::ErrorRepeatArgument:
    case RE2::ErrorRepeatOp:
      return "nothing stands before a '*', '+' or '?', or two of them stand together";
    case RE2::ErrorRepeatSize:
      return "the numbers in '{}' are not valid, or above 1000";
    case RE2::ErrorBadCharClass:
    case RE2::ErrorBadCharRange:
      return "an unknown class of characters, or a range in '[]' that ends before it starts";
    case RE2::ErrorBadPerlOp:
      return "looking ahead or behind is not possible";
    case RE2::ErrorPatternTooLarge:
      return "it is too large";
    default:
      return "RE2 can't read it";
  }
}

Status Wrong(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

class TagRules::Rule {
 public:
  explicit Rule(const TagRule& rule) : expression_(rule.match, Options()) {
    valid_ = Split(rule.tag, parts_) && expression_.ok();
    for (const Part& part : parts_) {
      groups_ = std::max(groups_, part.group + 1);
      glob_ += EscapeGlob(part.text) + (part.group >= 0 ? "*" : "");
    }
    valid_ = valid_ && groups_ <= expression_.NumberOfCapturingGroups() + 1;
  }

  // The key's tag, in `memory`; empty: none.
  std::string_view TagOf(std::string_view key, std::array<char, kMostTagBytes>& memory) const {
    if (!valid_) return {};
    std::array<re2::StringPiece, kMostGroups> groups;
    const re2::StringPiece text(key.data(), key.size());
    if (!expression_.Match(text, 0, text.size(), RE2::ANCHOR_BOTH, groups.data(), groups_)) return {};
    std::size_t size = 0;
    const auto add = [&](std::string_view piece) {
      if (piece.size() > memory.size() - size) return false;
      std::copy(piece.begin(), piece.end(), memory.data() + size);
      size += piece.size();
      return true;
    };
    for (const Part& part : parts_) {
      if (!add(part.text)) return {};
      if (part.group < 0) continue;
      const re2::StringPiece& group = groups[static_cast<std::size_t>(part.group)];
      if (group.data() == nullptr || !add({group.data(), group.size()})) return {};
    }
    return {memory.data(), size};
  }
  bool CanGive(std::string_view tag) const { return valid_ && GlobMatches(glob_, tag); }

 private:
  const RE2 expression_;
  std::vector<Part> parts_;
  std::string glob_;  // that every tag of it matches
  int groups_ = 0;    // to be asked for, the whole included
  bool valid_ = false;
};

Status TagRules::Check(const TagRule& rule) {
  if (rule.match.empty() || rule.match.size() > kMostMatchBytes)
    return Wrong("match: expected a regular expression of 1 to 1024 bytes");
  if (rule.tag.empty() || rule.tag.size() > kMostTagBytes) return Wrong("tag: expected a text of 1 to 256 bytes");
  const RE2 expression(rule.match, Options());
  if (!expression.ok())
    return Wrong("match: not a regular expression: " + std::string(WhatIsWrong(expression.error_code())));
  std::vector<Part> parts;
  if (!Split(rule.tag, parts)) return Wrong("tag: a brace is part of a group, like {1}; the groups are {0} to {9}");
  const int groups = expression.NumberOfCapturingGroups();
  for (const Part& part : parts) {
    if (part.group > groups)
      return Wrong("tag: there is no group {" + std::to_string(part.group) + "}: 'match' has " +
                   std::to_string(groups) + ", each in parentheses");
  }
  return {};
}

std::uint64_t TagRules::Fingerprint(const std::vector<TagRule>& rules) {
  std::vector<std::string> texts;
  texts.reserve(rules.size());
  for (const TagRule& rule : rules) texts.push_back(std::to_string(rule.match.size()) + ":" + rule.match + rule.tag);
  std::ranges::sort(texts);
  std::string all;
  for (const std::string& text : texts) all += std::to_string(text.size()) + ":" + text;
  return all.empty() ? 0 : std::max<std::uint64_t>(1, XXH3_64bits(all.data(), all.size()));
}

TagRules::TagRules(const std::vector<TagRule>& rules) {
  for (const TagRule& rule : rules) rules_.push_back(std::make_unique<Rule>(rule));
}

TagRules::~TagRules() = default;

void TagRules::ForEach(std::string_view key, const Visit& visit) const {
  std::array<char, kMostTagBytes> memory;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  for (const auto& rule : rules_) {
    if (const std::string_view tag = rule->TagOf(key, memory); !tag.empty()) visit(tag);
  }
}

bool TagRules::Gives(std::string_view key, std::string_view tag) const {
  bool gives = false;
  ForEach(key, [&](std::string_view given) { gives |= given == tag; });
  return gives;
}

bool TagRules::CanGive(std::string_view tag) const {
  return std::ranges::any_of(rules_, [&](const auto& rule) { return rule->CanGive(tag); });
}

}  // namespace herdgate::policy
