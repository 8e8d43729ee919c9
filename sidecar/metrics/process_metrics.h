// ProcessMetrics: what every process says of itself (process_*), which build it is, and how many lines it logged.
//
// Figures come from /proc at each scrape; one that can't be read is left out, never shown as 0.
// Threads: construct and destroy anywhere; the collector runs on the scraping thread. Ownership: the registry outlives
// it.
#pragma once

#include <string>

#include "sidecar/metrics/registry.h"

namespace herdgate::metrics {

struct BuildInfo {
  std::string version;   // such as 0.1.0
  std::string revision;  // the commit, or "unknown"
};

class ProcessMetrics {
 public:
  // `proc_root` is for tests.
  ProcessMetrics(Registry& registry, BuildInfo build, std::string proc_root = "/proc");

 private:
  void Collect(SampleSink& sink) const;

  const BuildInfo build_;
  const std::string proc_root_;
  Registration registration_;
};

}  // namespace herdgate::metrics
