// MonitorFilter: MONITOR's stream without what the sidecar's own connections say to introduce themselves.
//
// A line is `+<time> [<db> <address>] "COMMAND" ...`. Dropped are HELLO and SELECT of a connection that is the
// sidecar's: clients' own HELLO and SELECT never reach the upstream over shared lanes.
//
// Threads: one owner. Memory: an unfinished line.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/upstream/own_addresses.h"

namespace herdgate::pipeline {

class MonitorFilter {
 public:
  explicit MonitorFilter(const upstream::OwnAddresses& own) : own_(own) {}

  // The whole lines that `bytes` completes, without the sidecar's own.
  std::string Take(std::string_view bytes);

 private:
  bool IsOwn(std::string_view line) const;

  const upstream::OwnAddresses& own_;
  std::string partial_;
};

}  // namespace herdgate::pipeline
