#include "sidecar/policy/reply_names.h"

#include <algorithm>

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {
namespace {

// A key as Redis quotes it in an error: printed with %s, so it ends at a NUL, and line ends become spaces.
std::string Quoted(std::string_view key) {
  std::string quoted(key.substr(0, key.find('\0')));
  for (char& c : quoted) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return quoted;
}

}  // namespace

std::optional<std::string_view> ReplyNames::Find(std::string_view text) {
  // Only versioned names differ, and they begin alike: most texts need no search.
  if (VersionPrefixSize(text) == 0) return std::nullopt;
  if (names_.size() <= kMostSearched) {
    const auto found = std::find_if(names_.begin(), names_.end(), [&](const auto& name) { return name.first == text; });
    return found == names_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  if (index_.empty()) index_.insert(names_.begin(), names_.end());
  const auto found = index_.find(text);
  return found == index_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::optional<std::string> ReplyNames::InError(std::string_view error) {
  Names quoted;
  for (const auto& [physical, logical] : names_) {
    if (physical == logical) continue;
    quoted.emplace_back(Quoted(physical), Quoted(logical));
  }
  std::sort(quoted.begin(), quoted.end(), [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  std::string changed;
  bool any = false;
  for (std::size_t at = 0; at < error.size();) {
    // Names begin with v or g and a digit: other places need no search.
    const bool possible = VersionPrefixSize(error.substr(at)) > 0;
    const auto found = !possible ? quoted.end() : std::find_if(quoted.begin(), quoted.end(), [&](const auto& name) {
      return error.substr(at).starts_with(name.first);
    });
    if (found == quoted.end()) {
      changed += error[at++];
      continue;
    }
    changed += found->second;
    at += found->first.size();
    any = true;
  }
  return any ? std::optional<std::string>(std::move(changed)) : std::nullopt;
}

}  // namespace herdgate::policy
