#include "sidecar/base/version.h"

namespace herdgate::base {

// The only source that is compiled anew for each commit.
std::string_view Revision() {
#ifdef HERDGATE_REVISION
  return HERDGATE_REVISION;
#else
  return "unknown";
#endif
}

}  // namespace herdgate::base
