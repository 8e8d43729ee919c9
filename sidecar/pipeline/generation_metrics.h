// What the generations of this process count, by policy and for the control connection.
//
// Threads: the cells are written on the loop of Generations; Show and Collect, any thread: a leaf mutex around the list
// of policies, taken at a reload and at a scrape.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::pipeline {

class GenerationMetrics {
 public:
  struct Cells {
    metrics::Counter bumps;      // by this process
    metrics::Counter changes;    // by anybody, as this process saw them
    metrics::Gauge known;        // 0 or 1
    metrics::Counter tag_bumps;  // by this process
    metrics::Gauge tags;         // that have a version
  };

  // The cells of a policy; they stay when the policy goes, and are found again.
  Cells& Of(const std::string& policy);
  // Which policies a scrape shows, and which of them have rules for tags.
  void Show(std::vector<std::string> policies, std::vector<std::string> tagged);

  metrics::Gauge tracking;  // 1: told of changes by pushes; 0: asks every second, or has no connection
  metrics::Counter errors;

  void Collect(metrics::SampleSink& sink) const;

 private:
  mutable std::mutex mutex_;  // guards all below, not what the cells hold
  std::map<std::string, Cells> cells_;
  std::vector<std::string> shown_;
  std::vector<std::string> tagged_;
};

}  // namespace herdgate::pipeline
