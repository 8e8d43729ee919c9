#include "sidecar/admin/http_metrics.h"

namespace herdgate::admin {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kConnections{"herdgate_http_connections", "Open connections of an HTTP listener."};
constexpr CounterFamily kRequests{"herdgate_http_requests_total",
                                  "HTTP requests by outcome: ok, client_error, server_error, or refused by a limit."};
constexpr CounterFamily kDropped{"herdgate_http_connections_dropped_total",
                                 "HTTP connections closed because they were slow or had to make room."};

}  // namespace

void HttpMetrics::Collect(metrics::SampleSink& sink, std::string_view name) const {
  sink.Add(kConnections, {{"listener", name}}, connections);
  sink.Add(kRequests, {{"listener", name}, {"outcome", "ok"}}, answered_ok);
  sink.Add(kRequests, {{"listener", name}, {"outcome", "client_error"}}, answered_client_error);
  sink.Add(kRequests, {{"listener", name}, {"outcome", "server_error"}}, answered_server_error);
  sink.Add(kRequests, {{"listener", name}, {"outcome", "refused"}}, refused);
  sink.Add(kDropped, {{"listener", name}, {"reason", "evicted"}}, evicted);
  sink.Add(kDropped, {{"listener", name}, {"reason", "timeout"}}, timed_out);
}

}  // namespace herdgate::admin
