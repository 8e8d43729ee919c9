// Dial opens the connections of the load generator.
#pragma once

#include <string>

#include "tests/bench/load/options.h"

namespace herdgate::bench {

struct DialResult {
  int fd = -1;        // connected, non-blocking, without Nagle's delay; the caller closes it
  std::string error;  // why not, when fd is -1
};

// Blocks until the peer accepts or refuses.
DialResult Dial(const LoadOptions& options);

}  // namespace herdgate::bench
