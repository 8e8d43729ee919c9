// What an HTTP server of the sidecar listens on, and how much one client or all of them may cost it.
#pragma once

#include <chrono>
#include <cstddef>

#include "sidecar/base/address.h"

namespace herdgate::admin {

// Defaults fit a listener that answers probes and scrapes; the worst case holds about
// max_connections * (max_head_bytes + max_body_bytes) + max_pending_bytes bytes.
struct HttpLimits {
  // Request line and headers together, in bytes; more is answered 431. Raise for clients with large cookies or tokens.
  std::size_t max_head_bytes = 16'384;
  // Header lines in a request; more is answered 431.
  std::size_t max_headers = 64;
  // Content-Length that is accepted; more is answered 413 unread, and chunked bodies are always answered 411. Raise
  // only on a server whose routes take bodies.
  std::size_t max_body_bytes = 0;
  // Connections at once. A newcomer beyond that closes the one that has waited longest for its client, so that slow
  // clients can't lock out a probe.
  std::size_t max_connections = 64;
  // Answer bytes that clients haven't taken yet, over all connections. Beyond that the one that has waited longest for
  // its client is closed.
  std::size_t max_pending_bytes = 1'048'576;
  // From the first byte of a request (from the accept, for the first request) to its last.
  std::chrono::milliseconds request_timeout{2000};
  // How long a connection may stay open between requests. Above the usual scrape interval of 60 s.
  std::chrono::milliseconds idle_timeout{75'000};
  // From the first byte of an answer to its last.
  std::chrono::milliseconds write_timeout{5000};
};

struct HttpServerOptions {
  // Where to listen; kTcp, port 0 for any free one.
  base::ListenAddress listen;
  HttpLimits limits{};
};

}  // namespace herdgate::admin
