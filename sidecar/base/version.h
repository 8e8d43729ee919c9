// The version of this program, as in the project() line of the top CMakeLists.txt.
#pragma once

#include <string_view>

namespace herdgate::base {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace herdgate::base
