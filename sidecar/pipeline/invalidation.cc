#include "sidecar/pipeline/invalidation.h"

#include <algorithm>

#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {
namespace {

using Kind = InvalidationKind;

// Whether some byte of the glob stands for itself.
bool NamesAByte(std::string_view glob) {
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] == '*' || glob[i] == '?') continue;
    if (glob[i] != '[') return true;
    for (++i; i < glob.size() && glob[i] != ']'; ++i) {
      if (glob[i] == '\\') ++i;
    }
  }
  return false;
}

base::Status Wrong(std::string message) {
  return {base::ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

std::string_view NameOf(InvalidationKind kind) {
  constexpr std::string_view kNames[] = {"key", "keys", "prefix", "pattern", "policy", "tag", "everything"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view NameOf(InvalidationMode mode) {
  return mode == InvalidationMode::kHard ? "hard" : "soft";
}

std::string_view NameOf(InvalidationScope scope) {
  constexpr std::string_view kNames[] = {"both", "upstream", "near"};
  return kNames[static_cast<std::size_t>(scope)];
}

std::string_view NameOf(InvalidationState state) {
  constexpr std::string_view kNames[] = {"queued", "running", "paused", "done", "cancelled", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

bool CoversAll(const InvalidationRequest& request) {
  if (request.kind == Kind::kEverything) return true;
  if (request.targets.empty()) return false;
  if (request.kind == Kind::kPrefix) return request.targets.front().empty();
  return request.kind == Kind::kPattern && !NamesAByte(request.targets.front());
}

base::Status Check(const InvalidationRequest& request) {
  const std::size_t count = request.targets.size();
  if (request.kind == Kind::kEverything && count > 0) return Wrong("'everything' takes no target");
  if (request.kind == Kind::kKeys && (count == 0 || count > InvalidationRequest::kMostKeys))
    return Wrong("1 to " + std::to_string(InvalidationRequest::kMostKeys) + " keys can be named at once");
  if (request.kind != Kind::kEverything && request.kind != Kind::kKeys && count != 1)
    return Wrong("'" + std::string(NameOf(request.kind)) + "' takes one target");
  std::size_t bytes = 0;
  const bool names_keys = NamesKeys(request.kind);
  for (const std::string& target : request.targets) {
    bytes += target.size();
    if (names_keys && target.starts_with(policy::kOwnKeyPrefix))
      return Wrong("the sidecar's own keys are not the apps'");
  }
  if (bytes > InvalidationRequest::kMostTargetBytes) return Wrong("the targets are larger than 4 MiB together");
  if (request.kind == Kind::kPattern && request.targets.front().empty())
    return Wrong("an empty pattern matches the empty key only: name it as a key");
  if (request.kind == Kind::kTag && (bytes == 0 || bytes > policy::TagRules::kMostTagBytes))
    return Wrong("a tag has 1 to 256 bytes");
  const InvalidationOptions& options = request.options;
  // Negated, so that a NaN is wrong too.
  if (!(options.rate > 0) || !(options.scan_rate > 0)) return Wrong("rates are greater than 0");
  if (options.soft_window.count() <= 0) return Wrong("soft_window is greater than 0");
  if (CoversAll(request) && !request.purge_all)
    return Wrong("this means every key: it has to be confirmed (purge_all)");
  return {};
}

}  // namespace herdgate::pipeline
