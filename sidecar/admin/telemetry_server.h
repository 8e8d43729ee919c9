// TelemetryServer: the listener for probes and scrapes. GET /metrics /livez /readyz /startupz, and nothing else.
//
// It is meant for the pod's address, where the kubelet and Prometheus are and anyone else may be: so it takes no body,
// no credentials and no command, and HttpServer bounds what clients can cost. A probe answers 200 `ok`, or 503 with the
// verbose text; `?verbose` always gives the verbose text (health.h). Threads: construct, Start and Stop from one
// thread. The two callables run on the server's own thread and must not block. Ownership: what they borrow outlives
// Stop().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sidecar/admin/health.h"
#include "sidecar/admin/http_options.h"
#include "sidecar/admin/http_server.h"
#include "sidecar/base/result.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::admin {

struct TelemetryContent {
  // The exposition (metrics::Exposition::Text); never null.
  std::function<std::shared_ptr<const std::string>()> metrics;
  std::function<Health()> health;
  // The exposition in gzip (metrics::Exposition::Compressed); where it is empty, or there is none, the other is sent.
  std::function<std::shared_ptr<const std::string>()> compressed_metrics{};
};

class TelemetryServer {
 public:
  TelemetryServer(HttpServerOptions options, TelemetryContent content);

  // The bound port. Errors: as HttpServer::Start.
  base::Result<std::uint16_t> Start() { return server_.Start(); }
  void Stop() { server_.Stop(); }

  // Adds herdgate_http_*{listener="telemetry"}.
  void Collect(metrics::SampleSink& sink) const { server_.metrics().Collect(sink, "telemetry"); }

 private:
  HttpResponse Metrics(const HttpRequest& request) const;
  void RouteProbe(const char* name, bool Health::*verdict);

  const TelemetryContent content_;
  HttpServer server_;
};

}  // namespace herdgate::admin
