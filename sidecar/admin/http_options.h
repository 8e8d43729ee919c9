// What an HTTP server of the sidecar listens on, and how much one client or all of them may cost it.
#pragma once

#include <chrono>
#include <cstddef>

#include "sidecar/base/address.h"

namespace herdgate::admin {

// Defaults fit a listener that answers probes and scrapes.
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
  std::size_t max_connections = 256;
  // How long a connection has to make itself heard before it may be closed for a newcomer, who waits meanwhile. Long
  // enough for a client to send what it connected for, short enough that room is made faster than probes lose patience.
  std::chrono::milliseconds grace{100};
  // Bytes of unfinished requests and of answers that clients haven't taken, over all connections. Beyond that the
  // holders that have waited longest for their clients are closed. Raise with max_body_bytes, or for larger answers.
  std::size_t max_held_bytes = 2'097'152;
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
