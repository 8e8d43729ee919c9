// What net counts, one instance per loop.
#pragma once

#include <array>

#include "sidecar/metrics/cell.h"

namespace herdgate::net {

struct alignas(metrics::kCacheLine) NetMetrics {
  metrics::Gauge connections;
  metrics::Counter connections_opened;
  std::array<metrics::Counter, 8> connections_closed;  // by CloseReason
  metrics::Counter connections_rejected;               // by maxclients
  metrics::Counter received_bytes;
  metrics::Counter sent_bytes;
  metrics::Counter protocol_errors;
};

}  // namespace herdgate::net
