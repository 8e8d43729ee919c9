// NearestName: the known name that a misspelt one most likely meant.
//
// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. Threads: any.
#pragma once

#include <span>
#include <string_view>

namespace herdgate::config {

// Empty if nothing is near: more than a third of the name's letters (at least one) would have to change.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> known);

}  // namespace herdgate::config
