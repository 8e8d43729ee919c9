// IsPassing: whether what the upstream says to a write is that it may not carry it out now, but may later.
//
// Threads: pure function.
#pragma once

#include <string_view>

namespace herdgate::pipeline {

// `error`: a RESP error line, with its '-'.
inline bool IsPassing(std::string_view error) {
  for (const std::string_view word : {"-LOADING", "-READONLY", "-MASTERDOWN", "-BUSY", "-TRYAGAIN", "-CLUSTERDOWN",
                                      "-MOVED", "-MISCONF", "-OOM", "-NOREPLICAS"}) {
    if (error.starts_with(word)) return true;
  }
  return false;
}

}  // namespace herdgate::pipeline
