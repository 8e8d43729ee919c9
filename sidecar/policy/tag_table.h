// TagTable: the tags of one policy that were invalidated under its generation, and the names that their keys have
// since.
//
// Invalidating a tag gives it a version, greater than any before; a key's name holds the greatest version among its
// tags, so it changes whenever one of them is invalidated, and no name ever comes back. Tags without a version are not
// here, and keys none of whose tags is here have the policy's plain prefix.
// A table that differs from another in a few tags shares the rest with it.
// Threads: immutable; any thread. Owner: snapshots, by shared_ptr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sidecar/policy/tag_rules.h"

namespace herdgate::policy {

// Tag -> version, found by string_view.
struct TagHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard library's
  std::size_t operator()(std::string_view tag) const { return std::hash<std::string_view>()(tag); }
};
using TagVersions = std::unordered_map<std::string, std::uint64_t, TagHash, std::equal_to<>>;

class TagTable {
 public:
  TagTable(std::optional<std::uint64_t> schema, std::uint64_t generation, const TagVersions& versions);

  // This one with these tags added or changed.
  std::shared_ptr<const TagTable> With(const TagVersions& changes) const;

  std::uint64_t generation() const { return generation_; }
  bool empty() const { return names_->empty() && recent_.empty(); }
  // Of the key, if one of its tags has a version; else empty. Lives as long as the table.
  std::string_view PrefixOf(const TagRules& rules, std::string_view key) const;

 private:
  struct Name {
    std::uint64_t version = 0;
    std::string prefix;
  };

  using Names = std::unordered_map<std::string, Name, TagHash, std::equal_to<>>;
  static constexpr std::size_t kMostRecent = 256;

  const Name* Find(std::string_view tag) const;
  void Put(Names& names, const TagVersions& versions) const;

  const std::optional<std::uint64_t> schema_;
  const std::uint64_t generation_;
  std::shared_ptr<const Names> names_;
  Names recent_;  // instead of those of names_
};
using TagTablePtr = std::shared_ptr<const TagTable>;

}  // namespace herdgate::policy
