#include "sidecar/policy/tag_table.h"

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

TagTable::TagTable(std::optional<std::uint64_t> schema, std::uint64_t generation, const TagVersions& versions)
    : schema_(schema), generation_(generation) {
  auto names = std::make_shared<Names>();
  names->reserve(versions.size());
  Put(*names, versions);
  names_ = std::move(names);
}

std::shared_ptr<const TagTable> TagTable::With(const TagVersions& changes) const {
  auto table = std::make_shared<TagTable>(*this);
  Put(table->recent_, changes);
  if (table->recent_.size() <= kMostRecent) return table;
  auto names = std::make_shared<Names>(*names_);
  for (const auto& [tag, name] : table->recent_) names->insert_or_assign(tag, name);
  table->names_ = std::move(names);
  table->recent_.clear();
  return table;
}

void TagTable::Put(Names& names, const TagVersions& versions) const {
  for (const auto& [tag, version] : versions)
    names.insert_or_assign(tag, Name{.version = version, .prefix = VersionPrefix(schema_, generation_, version)});
}

const TagTable::Name* TagTable::Find(std::string_view tag) const {
  if (const auto recent = recent_.find(tag); recent != recent_.end()) return &recent->second;
  const auto found = names_->find(tag);
  return found == names_->end() ? nullptr : &found->second;
}

std::string_view TagTable::PrefixOf(const TagRules& rules, std::string_view key) const {
  const Name* greatest = nullptr;
  rules.ForEach(key, [&](std::string_view tag) {
    const Name* const name = Find(tag);
    if (name != nullptr && (greatest == nullptr || name->version > greatest->version)) greatest = name;
  });
  return greatest == nullptr ? std::string_view() : std::string_view(greatest->prefix);
}

}  // namespace herdgate::policy
