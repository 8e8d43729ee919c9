#include "sidecar/policy/tag_table.h"

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

TagTable::TagTable(std::optional<std::uint64_t> schema, std::uint64_t generation, const TagVersions& versions)
    : generation_(generation) {
  names_.reserve(versions.size());
  for (const auto& [tag, version] : versions)
    names_.emplace(tag, Name{.version = version, .prefix = VersionPrefix(schema, generation, version)});
}

std::string_view TagTable::PrefixOf(const TagRules& rules, std::string_view key) const {
  const Name* greatest = nullptr;
  rules.ForEach(key, [&](std::string_view tag) {
    const auto found = names_.find(tag);
    if (found == names_.end()) return;
    if (greatest == nullptr || found->second.version > greatest->version) greatest = &found->second;
  });
  return greatest == nullptr ? std::string_view() : std::string_view(greatest->prefix);
}

}  // namespace herdgate::policy
