#include "sidecar/policy/snapshot.h"

#include <utility>

namespace herdgate::policy {
namespace {

constexpr std::string_view kTags = ".t";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Bytes of the digits from `at` on.
std::size_t Digits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end - at;
}

}  // namespace

std::size_t VersionPrefixSize(std::string_view physical) {
  if (physical.size() < 3 || (physical[0] != 'v' && physical[0] != 'g')) return 0;
  std::size_t at = 1;
  std::size_t digits = Digits(physical, at);
  if (digits == 0) return 0;
  at += digits;
  bool generation = physical[0] == 'g';
  if (!generation && at < physical.size() && physical[at] == '.') {
    digits = Digits(physical, ++at);
    if (digits == 0) return 0;
    at += digits;
    generation = true;
  }
  if (generation && physical.substr(at).starts_with(kTags)) {
    digits = Digits(physical, at += kTags.size());
    if (digits == 0) return 0;
    at += digits;
  }
  return at < physical.size() && physical[at] == ':' ? at + 1 : 0;
}

std::string VersionPrefix(std::optional<std::uint64_t> schema, std::uint64_t generation, std::uint64_t tags) {
  std::string prefix = schema ? "v" + std::to_string(*schema) : std::string();
  if (generation != 0) prefix += (schema ? "." : "g") + std::to_string(generation);
  if (generation != 0 && tags != 0) prefix.append(kTags).append(std::to_string(tags));
  return prefix.empty() ? prefix : prefix + ":";
}

Snapshot::Snapshot(std::shared_ptr<const PolicySet> set, std::vector<std::uint64_t> generations,
                   std::vector<TagTablePtr> tags)
    : set_(std::move(set)), generations_(std::move(generations)) {
  generations_.resize(set_->size());
  tags.resize(set_->size());
  for (std::size_t i = 0; i < set_->size(); ++i) {
    const Policy& policy = set_->at(i);
    const bool versioned = policy.mode == Mode::kEnforce && policy.version.any();
    versions_ |= versioned;
    nears_ |= policy.mode == Mode::kEnforce && policy.near.enabled;
    watches_ |= policy.watched();
    caches_ |= policy.cache();
    near_.push_back(policy.mode == Mode::kEnforce && policy.near.enabled && !IsWaiting(i) ? 1 : 0);
    audits_versions_ |= policy.mode == Mode::kAudit && policy.version.any();
    Names names{.prefix = versioned ? VersionPrefix(policy.version.schema, generations_[i]) : std::string()};
    const bool counts = tags[i] != nullptr && policy.tagged() && tags[i]->generation() == generations_[i];
    if (counts && !tags[i]->empty() && set_->tags(i) != nullptr) {
      names.table = std::move(tags[i]);
      names.rules = set_->tags(i);
    }
    names_.push_back(std::move(names));
    if (first_waiting_ == PolicySet::kNone && IsWaiting(i)) first_waiting_ = i;
  }
}

bool Snapshot::IsWaiting(std::size_t index) const {
  if (index == PolicySet::kNone) return false;
  const Policy& policy = set_->at(index);
  return policy.mode == Mode::kEnforce && policy.version.generation && generations_[index] == 0;
}

std::string_view Snapshot::Tagged(const Names& names, std::string_view logical) {
  const std::string_view prefix = names.table->PrefixOf(*names.rules, logical);
  return prefix.empty() ? std::string_view(names.prefix) : prefix;
}

std::string Snapshot::Physical(std::string_view logical) const {
  std::string physical(Prefix(set_->Match(logical), logical));
  physical += logical;
  return physical;
}

std::optional<std::string_view> Snapshot::Visible(std::string_view physical) const {
  if (physical.starts_with(kOwnKeyPrefix)) return std::nullopt;
  if (const std::size_t size = VersionPrefixSize(physical); size > 0) {
    const std::string_view logical = physical.substr(size);
    const std::size_t index = set_->Match(logical);
    if (const std::string_view prefix = Prefix(index, logical); !prefix.empty()) {
      if (prefix == physical.substr(0, size)) return logical;
      // Another version's, unless the app itself writes keys of this form outside every versioned policy.
      return std::nullopt;
    }
  }
  if (!BasePrefix(set_->Match(physical)).empty()) return std::nullopt;
  return physical;
}

std::string_view Snapshot::Logical(std::string_view physical) const {
  const std::size_t size = VersionPrefixSize(physical);
  if (size == 0) return physical;
  const std::string_view logical = physical.substr(size);
  return BasePrefix(set_->Match(logical)).empty() ? physical : logical;
}

}  // namespace herdgate::policy
