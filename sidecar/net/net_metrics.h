// What net counts, one instance per loop.
#pragma once

#include <array>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::net {

struct alignas(metrics::kCacheLine) NetMetrics {
  metrics::Gauge connections;
  metrics::Counter connections_opened;
  std::array<metrics::Counter, 8> connections_closed;  // by CloseReason
  metrics::Counter received_bytes;
  metrics::Counter sent_bytes;
  metrics::Counter protocol_errors;
  metrics::Histogram pipeline_depth{metrics::kDepthBuckets};
  metrics::Gauge output_bytes;  // replies that clients have not taken yet

  // Any thread.
  void Collect(metrics::SampleSink& sink) const;
};

}  // namespace herdgate::net
