#include "sidecar/admin/scope.h"

#include <algorithm>

namespace herdgate::admin {

std::optional<ScopeSet> ScopeSet::Parse(std::string_view text) {
  ScopeSet scopes;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto* const found = std::ranges::find(kScopeNames, text.substr(0, comma));
    if (found == kScopeNames.end()) return std::nullopt;
    scopes.Add(static_cast<Scope>(found - kScopeNames.begin()));
    if (comma == std::string_view::npos) return scopes;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace herdgate::admin
