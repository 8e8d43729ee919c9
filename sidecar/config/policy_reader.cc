#include "sidecar/config/policy_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sidecar/config/policy_check.h"
#include "sidecar/config/policy_fields.h"
#include "sidecar/policy/glob.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::config {
namespace {

using policy::Policy;

// Keys of the design that later versions have.
constexpr std::array<std::string_view, 1> kLaterKeys = {"origin"};
constexpr std::string_view kExample = "{name: user, match: \"user:*\"}";
constexpr std::string_view kMatch = "match";
constexpr std::string_view kTags = "tags";
constexpr std::string_view kTagExample = "tags: [{match: \"user:([0-9]+):.*\", tag: \"tenant:{1}\"}]";
constexpr std::size_t kMaxShownBytes = 60;

// A pattern in quotes on one line of ASCII.
std::string Shown(std::string_view pattern) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (const char c : pattern.substr(0, kMaxShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]};
    }
  }
  return out + (pattern.size() > kMaxShownBytes ? "...'" : "'");
}

// Two patterns that only differ in repeated stars are the same.
std::string WithoutRepeatedStars(std::string_view pattern) {
  std::string out;
  bool escaped = false;
  bool in_class = false;
  for (const char c : pattern) {
    const bool star = c == '*' && !escaped && !in_class;
    if (star && out.ends_with('*') && !out.ends_with("\\*")) continue;
    out += c;
    if (!escaped && c == '[') in_class = true;
    if (!escaped && c == ']') in_class = false;
    escaped = !escaped && c == '\\';
  }
  return out;
}

bool HasOpenClass(std::string_view pattern) {
  bool escaped = false;
  bool in_class = false;
  for (const char c : pattern) {
    if (!escaped && !in_class && c == '[')
      in_class = true;
    else if (!escaped && in_class && c == ']')
      in_class = false;
    escaped = !escaped && c == '\\';
  }
  return in_class;
}

// The names that may stand directly in `section` of a policy, which is "" for the policy itself.
std::vector<std::string_view> NamesIn(std::string_view section) {
  std::vector<std::string_view> names;
  for (const PolicyField& field : PolicyFields()) {
    const std::size_t dot = field.key.find('.');
    const bool nested = dot != std::string_view::npos;
    std::string_view name;
    if (section.empty()) {
      name = field.key.substr(0, dot);
    } else if (nested && field.key.substr(0, dot) == section) {
      name = field.key.substr(dot + 1);
    }
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(name);
    if (name == "name") names.push_back(kMatch);
    if (section.empty() && name == "version") names.push_back(kTags);
  }
  return names;
}

// What the policies read so far have taken.
struct Taken {
  struct By {
    std::string pattern;
    std::string title;
    int line = 0;

    std::string ToString() const { return "in line " + std::to_string(line) + ", in " + title; }
  };
  std::map<std::string, int> names;    // and their lines
  std::map<std::string, By> patterns;  // without repeated stars
  std::map<std::string, By> prefixes;  // whose keys one pattern takes all
  std::size_t count = 0;               // of patterns, the repeated ones too
};

// Reads one policy.
class Reader {
 public:
  Reader(std::string title, const Report& report, Taken& taken)
      : title_(std::move(title)), report_(report), taken_(taken) {}

  Policy Read(const YAML::Node& node, Position at) {
    ReadSection(node, "");
    Require(at, "name");
    Require(at, std::string(kMatch));
    CheckTogether(policy_, given_, [this](Position where, const std::string& message) { Add(where, message); });
    return std::move(policy_);
  }

 private:
  void ReadSection(const YAML::Node& node, const std::string& section) {
    ReadMap(
        node, {title_ + ": ", section}, report_,
        [&](const std::string& name, Position at, const YAML::Node& value) { ReadEntry(section, name, at, value); });
  }

  void ReadEntry(const std::string& section, const std::string& name, Position at, const YAML::Node& value) {
    const std::string key = Join(section, name);
    const Position value_at = ValueAt(value, at);
    if (key == kMatch) {
      given_.at[key] = value_at;
      ReadMatch(value, value_at);
    } else if (key == kTags) {
      given_.at[key] = value_at;
      ReadTags(value, value_at);
    } else if (const PolicyField* const field = FindPolicyField(key)) {
      given_.at[key] = value_at;
      ReadField(*field, value, value_at);
    } else if (section.empty() && !NamesIn(name).empty()) {
      ReadNested(name, value, value_at);
    } else {
      Add(at, UnknownKey({"", section}, name, NamesIn(section), Later(section), Elsewhere(name)));
    }
  }

  void ReadNested(const std::string& section, const YAML::Node& value, Position at) {
    const std::string example = section + ": {" + std::string(NamesIn(section).front()) + ": ...}";
    if (!value.IsMap()) {
      Add(at, section + ": expected a mapping, like " + example);
    } else if (value.size() == 0) {
      Add(at, section + ": it is empty; fill it, or leave the key out");
    } else {
      ReadSection(value, section);
    }
  }

  void ReadField(const PolicyField& field, const YAML::Node& value, Position at) {
    const std::string key(field.key);
    given_.bad.push_back(field.key);
    if (value.IsNull()) return Add(at, key + ": the value is missing");
    if (!value.IsScalar()) return Add(at, key + ": expected a single value");
    const base::Status status = field.set(value.Scalar(), policy_);
    if (!status.ok()) return Add(at, key + ": " + status.message());
    given_.bad.pop_back();
    if (key == "name") TakeName(at);
  }

  void TakeName(Position at) {
    const auto [first, fresh] = taken_.names.emplace(policy_.name, at.line);
    if (!fresh) {
      Add(at, "name: the policy in line " + std::to_string(first->second) + " has this name already; choose another");
    }
  }

  void ReadMatch(const YAML::Node& value, Position at) {
    if (!value.IsSequence()) {
      ReadPattern(value, at);
      return;
    }
    if (value.size() == 0) Add(at, "match: the list is empty; give at least one pattern");
    for (const YAML::Node& item : value) {
      if (taken_.count > kMaxPatterns) return;
      ReadPattern(item, ValueAt(item, at));
    }
  }

  void ReadTags(const YAML::Node& value, Position at) {
    if (!value.IsSequence()) return Add(at, "tags: expected a list, like " + std::string(kTagExample));
    if (value.size() == 0) return Add(at, "tags: the list is empty; give a rule, or leave the key out");
    for (const YAML::Node& item : value) {
      const Position item_at = ValueAt(item, at);
      if (policy_.tags.size() == policy::TagRules::kMostRules)
        return Add(item_at, "tags: more than 8 rules; merge some, with '|' in the expression");
      if (!item.IsMap()) {
        Add(item_at, "tags: expected a rule, like " + std::string(kTagExample));
      } else {
        ReadTag(item, item_at);
      }
    }
  }

  void ReadTag(const YAML::Node& item, Position at) {
    policy::TagRule rule;
    std::map<std::string, Position> found;
    bool fine = true;
    ReadMap(item, {title_ + ": ", std::string(kTags)}, report_,
            [&](const std::string& name, Position name_at, const YAML::Node& value) {
              std::string* const text = name == kMatch ? &rule.match : name == "tag" ? &rule.tag : nullptr;
              const Position value_at = ValueAt(value, name_at);
              fine &= text != nullptr && value.IsScalar();
              found[name] = value_at;
              if (text == nullptr) return Add(name_at, "tags: a rule has 'match' and 'tag' and nothing else");
              if (!value.IsScalar()) return Add(value_at, "tags." + name + ": expected a text");
              *text = value.Scalar();
            });
    for (const char* const name : {"match", "tag"}) {
      if (found.contains(name)) continue;
      Add(at, "tags: a rule without '" + std::string(name) + "'; it is like " + std::string(kTagExample));
      fine = false;
    }
    if (!fine) return;
    if (const base::Status status = policy::TagRules::Check(rule); !status.ok()) {
      const std::string& message = status.message();
      return Add(found[message.substr(0, message.find(':'))], "tags." + message);
    }
    policy_.tags.push_back(std::move(rule));
  }

  void ReadPattern(const YAML::Node& value, Position at) {
    if (value.IsNull()) return Add(at, "match: the value is missing");
    if (!value.IsScalar()) return Add(at, "match: expected a text or a list of texts");
    if (++taken_.count > kMaxPatterns) {
      if (taken_.count == kMaxPatterns + 1) Add(at, "match: more than 10000 patterns in the file; merge some");
      return;
    }
    const std::string& pattern = value.Scalar();
    if (pattern.empty()) return Add(at, "match: the pattern is empty; \"*\" matches every key");
    if (pattern.size() > kMaxPatternBytes) return Add(at, "match: expected a pattern of at most 1024 bytes");
    if (HasOpenClass(pattern)) {
      return Add(at, "match: " + Shown(pattern) + ": a '[' is not closed; a key's own '[' is written \\[");
    }
    policy_.match.push_back(pattern);
    TakePattern(pattern, at);
  }

  void TakePattern(const std::string& pattern, Position at) {
    const std::string prefix = policy::LiteralPrefix(pattern);
    if (prefix.starts_with(policy::kOwnKeyPrefix)) {
      return Add(at, "match: " + Shown(pattern) + ": keys that begin with " + std::string(policy::kOwnKeyPrefix) +
                         " are the sidecar's own");
    }
    const Taken::By self{pattern, title_, at.line};
    if (const auto [first, fresh] = taken_.patterns.emplace(WithoutRepeatedStars(pattern), self); !fresh) {
      return Add(at, "match: " + Shown(pattern) + " stands already " + first->second.ToString() + "; keep one");
    }
    if (const auto all = taken_.prefixes.find(prefix); all != taken_.prefixes.end()) {
      return Add(at, "match: " + Shown(pattern) + " never gets a key: " + Shown(all->second.pattern) + " " +
                         all->second.ToString() + ", takes them all; put this one before it");
    }
    if (policy::IsPrefixGlob(pattern)) taken_.prefixes.emplace(prefix, self);
  }

  void Require(Position at, const std::string& key) {
    if (!given_.Contains(key)) Add(at, key + ": it is missing; a policy is at least " + std::string(kExample));
  }

  static std::span<const std::string_view> Later(const std::string& section) {
    if (section.empty()) return kLaterKeys;
    return {};
  }

  // The full name of an option that stands in another section.
  static std::string_view Elsewhere(std::string_view name) {
    for (const PolicyField& field : PolicyFields()) {
      if (field.key.ends_with("." + std::string(name))) return field.key;
    }
    return {};
  }

  void Add(Position at, const std::string& message) { report_(at, title_ + ": " + message); }

  const std::string title_;
  const Report& report_;
  Taken& taken_;
  Policy policy_;
  GivenKeys given_;
};

// "policy 'user'" where the name can be shown, "policies[3]" otherwise.
std::string TitleOf(const YAML::Node& node, std::size_t index) {
  for (const auto& pair : node) {
    const bool name = pair.first.IsScalar() && pair.first.Scalar() == "name";
    if (name && pair.second.IsScalar() && IsPolicyName(pair.second.Scalar())) {
      return "policy '" + pair.second.Scalar() + "'";
    }
  }
  return "policies[" + std::to_string(index) + "]";
}

}  // namespace

std::vector<Policy> ReadPolicies(const YAML::Node& list, Position at, const Report& report) {
  std::vector<Policy> policies;
  if (!list.IsSequence()) {
    report(at, "policies: expected a list, like policies: [" + std::string(kExample) + "]");
    return policies;
  }
  Taken taken;
  std::size_t index = 0;
  for (const YAML::Node& node : list) {
    const Position node_at = ValueAt(node, at);
    if (index == kMaxPolicies) {
      report(node_at, "policies: more than 1000; merge some");
      break;
    }
    if (node.IsMap()) {
      policies.push_back(Reader(TitleOf(node, index), report, taken).Read(node, node_at));
    } else {
      report(node_at, "policies[" + std::to_string(index) + "]: expected a mapping, like " + std::string(kExample));
    }
    ++index;
  }
  return policies;
}

}  // namespace herdgate::config
