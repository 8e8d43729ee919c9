// Snapshot: a PolicySet with the generations of the moment: what one command is judged by, from its arrival to its
// reply. Keys have two names: the logical one, which the app uses, and the physical one, which Redis has.
//
//   physical = prefix + logical          prefix: "v7:"   schema 7
//                                                "v7.1763680000123:"   schema 7 and a generation
//                                                "g1763680000123:"     a generation alone
//                                                "v7.1763680000123.t1763690000456:"   and a tag's version (tag_table.h)
//                                                "g1763680000123.t1763690000456:"
//                                                ""      no version, or the policy is not enforced
// The prefix holds no '{', so a hash tag keeps its slot.
// Threads: immutable; any thread. Owner: shared_ptr, swapped whole on each loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/policy_set.h"
#include "sidecar/policy/tag_table.h"

namespace herdgate::policy {

// Keys of the sidecar's own: never shown to an app.
inline constexpr std::string_view kOwnKeyPrefix = "__herdgate:";

// Bytes of the version prefix at the front of `physical`; 0 if there is none.
std::size_t VersionPrefixSize(std::string_view physical);
// `tags`: the greatest version of a key's tags; 0: none. REQUIRES: a generation, if there is one.
std::string VersionPrefix(std::optional<std::uint64_t> schema, std::uint64_t generation, std::uint64_t tags = 0);

class Snapshot {
 public:
  // generations[i] belongs to policy i; 0: not known (yet), or the policy has none. So does tags[i]; null: no tag of
  // it has a version.
  Snapshot(std::shared_ptr<const PolicySet> set, std::vector<std::uint64_t> generations,
           std::vector<TagTablePtr> tags = {});

  const PolicySet& set() const { return *set_; }
  const std::shared_ptr<const PolicySet>& shared_set() const { return set_; }
  const std::vector<std::uint64_t>& generations() const { return generations_; }

  // Whether any enforced policy gives its keys a version: if not, no reply needs a look.
  bool versions() const { return versions_; }
  // Whether any policy in audit mode would.
  bool audits_versions() const { return audits_versions_; }
  // Whether any enforced policy has a near cache.
  bool nears() const { return nears_; }
  // Whether any policy is watched (Policy::watched).
  bool watches() const { return watches_; }
  // Whether any policy is a cache policy (Policy::cache).
  bool caches() const { return caches_; }
  // The prefix of those keys of policy `index` none of whose tags has a version; "" for PolicySet::kNone.
  std::string_view BasePrefix(std::size_t index) const {
    return index == PolicySet::kNone ? std::string_view() : names_[index].prefix;
  }
  // The prefix of this key, which is of policy `index`. Lives as long as the snapshot.
  std::string_view Prefix(std::size_t index, std::string_view logical) const {
    if (index == PolicySet::kNone) return {};
    const Names& names = names_[index];
    return names.table == nullptr ? names.prefix : Tagged(names, logical);
  }
  // Null: every key of the policy has its base prefix. REQUIRES: not PolicySet::kNone.
  const TagTable* tag_table(std::size_t index) const { return names_[index].table.get(); }
  // Whether the policy is enforced, has generations, and its generation is not known: its keys have no name yet.
  bool IsWaiting(std::size_t index) const;
  // Whether the policy is enforced and has a near cache, and its keys have a name. REQUIRES: not PolicySet::kNone.
  bool IsNear(std::size_t index) const { return near_[index] != 0; }
  // The first such policy, or PolicySet::kNone.
  std::size_t first_waiting() const { return first_waiting_; }

  std::string Physical(std::string_view logical) const;
  // The logical name under which an app sees this key in a listing; nothing if it belongs to another version or to the
  // sidecar.
  std::optional<std::string_view> Visible(std::string_view physical) const;
  // The logical name whatever the version, for keys that the app itself named.
  std::string_view Logical(std::string_view physical) const;

 private:
  struct Names {
    std::string prefix;
    TagTablePtr table{};  // null: none that counts
    const TagRules* rules = nullptr;
  };

  static std::string_view Tagged(const Names& names, std::string_view logical);

  std::shared_ptr<const PolicySet> set_;
  std::vector<std::uint64_t> generations_;
  std::vector<Names> names_;
  std::vector<char> near_;  // IsNear
  bool versions_ = false;
  bool nears_ = false;
  bool watches_ = false;
  bool caches_ = false;
  bool audits_versions_ = false;
  std::size_t first_waiting_ = PolicySet::kNone;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace herdgate::policy
