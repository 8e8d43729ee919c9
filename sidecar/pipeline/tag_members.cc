#include "sidecar/pipeline/tag_members.h"

#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {

std::string TagMembersKey(std::string_view tag) {
  return std::string(policy::kOwnKeyPrefix).append("tag:").append(tag);
}

std::string TakenMembersKey(std::string_view tag) {
  return std::string(policy::kOwnKeyPrefix).append("tag-taken:").append(tag);
}

}  // namespace herdgate::pipeline
