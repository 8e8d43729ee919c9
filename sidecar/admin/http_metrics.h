// HttpMetrics: what an HTTP server of the sidecar counts about itself.
//
// Threads: the server's thread counts, any thread reads (metrics/cell.h).
#pragma once

#include <string_view>

#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::admin {

struct HttpMetrics {
  metrics::Gauge connections;
  metrics::Counter answered_ok;            // 1xx to 3xx
  metrics::Counter answered_client_error;  // 4xx of a handler or of routing
  metrics::Counter answered_server_error;  // 5xx of a handler; a readiness probe that says no is one
  metrics::Counter refused;                // the guard refused the request before routing
  metrics::Counter evicted;                // closed to make room for another connection, or for its memory
  metrics::Counter timed_out;              // too slow to send a request or to take an answer

  // Adds herdgate_http_* with the label listener=`name`.
  void Collect(metrics::SampleSink& sink, std::string_view name) const;
};

}  // namespace herdgate::admin
