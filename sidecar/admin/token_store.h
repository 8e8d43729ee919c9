// TokenStore: the tokens of the file as it is now: looked at again when it changes, at most once a second.
//
// A file that can't be read or has a mistake leaves the tokens that were, and is told in the log and the metrics. At
// the start that is none: nobody gets in, and the sidecar serves.
// Threads: Current on one thread, the admin listener's; Collect on any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/admin/token_file.h"
#include "sidecar/base/clock.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::admin {

class TokenStore {
 public:
  // An empty path: there are no tokens and never will be.
  TokenStore(std::string path, const base::Clock& clock);

  bool configured() const { return !path_.empty(); }
  // Valid until the next call.
  const std::vector<Token>& Current();

  void Collect(metrics::SampleSink& sink) const;

 private:
  // What tells one state of the file from another.
  struct Mark {
    std::int64_t changed_ns = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // -1: there is none

    bool operator==(const Mark&) const = default;
  };

  Mark Look() const;
  void Read();

  const std::string path_;
  const base::Clock& clock_;
  base::SteadyTime look_at_{};
  Mark mark_;
  bool looked_ = false;
  std::vector<Token> tokens_;
  metrics::Gauge count_;
  metrics::Gauge good_;  // 1 or 0: the file when it was last read
  metrics::Counter loaded_;
  metrics::Counter refused_;
};

}  // namespace herdgate::admin
