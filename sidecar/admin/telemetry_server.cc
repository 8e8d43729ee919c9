#include "sidecar/admin/telemetry_server.h"

#include <utility>

#include "sidecar/admin/accept_encoding.h"
#include "sidecar/metrics/exposition.h"

namespace herdgate::admin {

TelemetryServer::TelemetryServer(HttpServerOptions options, TelemetryContent content)
    : content_(std::move(content)), server_(std::move(options)) {
  server_.Route("GET", "/metrics", [this](const HttpRequest& request) { return Metrics(request); });
  RouteProbe("livez", &Health::live);
  RouteProbe("readyz", &Health::ready);
  RouteProbe("startupz", &Health::started);
}

HttpResponse TelemetryServer::Metrics(const HttpRequest& request) const {
  HttpResponse response{.content_type = metrics::kTextContentType, .headers = {{"Vary", "Accept-Encoding"}}};
  if (content_.compressed_metrics && AcceptsGzip(request.head.Header("Accept-Encoding")))
    response.body = *content_.compressed_metrics();
  if (response.body.empty()) {
    response.body = *content_.metrics();
  } else {
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
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
