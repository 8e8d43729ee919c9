// The keys that apps tag (HERDGATE.TAG key tag [tag ...]), as they stand in the upstream.
//
//   __herdgate:tag:TAG         a sorted set of logical keys, by the wall-clock millisecond until which they count
//   __herdgate:tag-taken:TAG   what an invalidation has taken of it and is not done with
//   __herdgate:tag-v7:TAG, __herdgate:tag-taken-v7:TAG   likewise, of keys whose policy has schema 7
//
// So deployments with several schemas do not use up each other's tags.
// A key counts for as long as its value may live: without an expiry, for ever. How long a value will live that is not
// there yet, or is given another expiry later, is told by the policy's ttl.max; where there is none, it is kMemberLife
// at least. A set lives a little longer than its last member. Each tagging drops a few members whose time is over.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {

inline constexpr std::chrono::milliseconds kMemberLife = std::chrono::hours(7 * 24);
inline constexpr std::size_t kMostTagsAtOnce = 16;

using TagSchema = std::optional<std::uint64_t>;

std::string TagMembersKey(std::string_view tag, TagSchema schema);
std::string TakenMembersKey(std::string_view tag, TagSchema schema);

// That of the key's policy, if it is enforced. `policy`: an index of the snapshot's set, or PolicySet::kNone.
TagSchema TagSchemaOf(const policy::SnapshotPtr& snapshot, std::size_t policy);
// Each that keys may have, once; none is one of them. `snapshot` null: no policies.
std::vector<TagSchema> TagSchemasOf(const policy::SnapshotPtr& snapshot);

// Whether this is the command's name, in any case.
bool IsTagCommand(std::string_view name);
// The error line for these arguments, the name first; empty: they are right.
std::string_view WrongTagArguments(std::span<const std::string_view> args);

struct TaggedKey {
  std::string_view logical;
  std::string physical;
  TagSchema schema{};
  std::chrono::milliseconds longest{0};  // that its value may live; 0: not known
};
// What the upstream is asked in the command's place: one EVAL, answered +OK.
std::string TagRequest(const TaggedKey& key, std::span<const std::string_view> tags);

}  // namespace herdgate::pipeline
