// The version of this program, as in the project() line of the top CMakeLists.txt, and the commit it was built from.
#pragma once

#include <string_view>

namespace herdgate::base {

inline constexpr std::string_view kVersion = "0.1.0";
#ifdef HERDGATE_REVISION
inline constexpr std::string_view kRevision = HERDGATE_REVISION;
#else
inline constexpr std::string_view kRevision = "unknown";
#endif

}  // namespace herdgate::base
