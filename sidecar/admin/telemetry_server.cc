#include "sidecar/admin/telemetry_server.h"

#include <utility>

#include "sidecar/metrics/exposition.h"

namespace herdgate::admin {

TelemetryServer::TelemetryServer(HttpServerOptions options, TelemetryContent content)
    : content_(std::move(content)), server_(std::move(options)) {
  server_.Route("GET", "/metrics", [this](const HttpRequest&) {
    return HttpResponse{.content_type = metrics::kTextContentType, .body = *content_.metrics()};
  });
  RouteProbe("livez", &Health::live);
  RouteProbe("readyz", &Health::ready);
  RouteProbe("startupz", &Health::started);
}

void TelemetryServer::RouteProbe(const char* name, bool Health::*verdict) {
  server_.Route("GET", std::string("/") + name, [this, name, verdict](const HttpRequest& request) {
    const Health health = content_.health();
    const bool passed = health.*verdict;
    const bool verbose = !passed || request.HasParam("verbose");
    return HttpResponse{.status = passed ? 200 : 503,
                        .body = verbose ? VerboseHealth(name, passed, health.checks) : "ok\n",
                        .headers = {{"Cache-Control", "no-store"}}};
  });
}

}  // namespace herdgate::admin
