#include "sidecar/net/net_metrics.h"

#include "sidecar/net/session.h"

namespace herdgate::net {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;
using metrics::HistogramFamily;

constexpr GaugeFamily kConnections{"herdgate_client_connections", "Client connections open now."};
constexpr CounterFamily kOpened{"herdgate_client_connections_opened_total", "Client connections accepted."};
constexpr CounterFamily kClosed{"herdgate_client_connections_closed_total", "Client connections closed, by reason."};
constexpr CounterFamily kReceived{"herdgate_client_received_bytes_total", "Bytes read from clients."};
constexpr CounterFamily kSent{"herdgate_client_sent_bytes_total", "Bytes written to clients."};
constexpr CounterFamily kProtocolErrors{"herdgate_client_protocol_errors_total", "Requests that were no RESP."};
constexpr HistogramFamily kDepth{"herdgate_pipeline_depth", "Commands that were taken from a client at once.",
                                 metrics::kDepthBuckets};
constexpr GaugeFamily kOutput{"herdgate_client_output_bytes", "Reply bytes waiting for clients that do not read them."};

}  // namespace

void NetMetrics::Collect(metrics::SampleSink& sink) const {
  sink.Add(kConnections, {}, connections);
  sink.Add(kOpened, {}, connections_opened);
  for (std::size_t i = 0; i < connections_closed.size(); ++i) {
    sink.Add(kClosed, {{"reason", CloseReasonName(static_cast<CloseReason>(i))}}, connections_closed[i]);
  }
  sink.Add(kReceived, {}, received_bytes);
  sink.Add(kSent, {}, sent_bytes);
  sink.Add(kProtocolErrors, {}, protocol_errors);
  sink.Add(kDepth, {}, pipeline_depth);
  sink.Add(kOutput, {}, output_bytes);
}

}  // namespace herdgate::net
