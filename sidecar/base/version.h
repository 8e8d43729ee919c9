// The version of this program, as in the project() line of the top CMakeLists.txt, and the commit it was built from.
//
// Threads: constant; any.
#pragma once

#include <string_view>

namespace herdgate::base {

inline constexpr std::string_view kVersion = "0.1.0";
// 12 hex digits, or "unknown" where there was no git.
std::string_view Revision();

}  // namespace herdgate::base
