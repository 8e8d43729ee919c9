// The keys that apps have tagged (HERDGATE.TAG), as they stand in the upstream.
//
//   __herdgate:tag:TAG         a sorted set of logical keys, by the wall-clock millisecond until which they count
//   __herdgate:tag-taken:TAG   what an invalidation has taken of it and is not done with
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace herdgate::pipeline {

std::string TagMembersKey(std::string_view tag);
std::string TakenMembersKey(std::string_view tag);

}  // namespace herdgate::pipeline
