// Snapshot: a PolicySet with the generations of the moment: what one command is judged by, from its arrival to its
// reply. Keys have two names: the logical one, which the app uses, and the physical one, which Redis has.
//
//   physical = prefix + logical          prefix: "v7:"   schema 7
//                                                "v7.1763680000123:"   schema 7 and a generation
//                                                "g1763680000123:"     a generation alone
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

namespace herdgate::policy {

// Keys of the sidecar's own: never shown to an app.
inline constexpr std::string_view kOwnKeyPrefix = "__herdgate:";

// Bytes of the version prefix at the front of `physical`; 0 if there is none.
std::size_t VersionPrefixSize(std::string_view physical);
std::string VersionPrefix(std::optional<std::uint64_t> schema, std::uint64_t generation);

class Snapshot {
 public:
  // generations[i] belongs to policy i; 0: not known (yet), or the policy has none.
  Snapshot(std::shared_ptr<const PolicySet> set, std::vector<std::uint64_t> generations);

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
  // The prefix of policy `index`; "" for PolicySet::kNone.
  std::string_view Prefix(std::size_t index) const {
    return index == PolicySet::kNone ? std::string_view() : prefixes_[index];
  }
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
  std::shared_ptr<const PolicySet> set_;
  std::vector<std::uint64_t> generations_;
  std::vector<std::string> prefixes_;
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
