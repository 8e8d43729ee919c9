#include "sidecar/upstream/upstream_metrics.h"

namespace herdgate::upstream {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kInFlight{"herdgate_commands_in_flight",
                                "Commands that are sent, or wait to be sent, and have no upstream reply yet."};
constexpr GaugeFamily kLanes{"herdgate_upstream_lanes", "Connections to the upstream, by use."};
constexpr GaugeFamily kReady{"herdgate_upstream_lanes_ready", "Connections to the upstream that can carry commands."};
constexpr CounterFamily kConnects{"herdgate_upstream_connections_opened_total", "Connections made to the upstream."};
constexpr CounterFamily kErrors{"herdgate_upstream_errors_total",
                                "Upstream connections that failed or were lost, by reason."};
constexpr CounterFamily kRetries{"herdgate_upstream_retries_total",
                                 "Reads sent again after their connection was lost."};
constexpr CounterFamily kRefused{"herdgate_upstream_refused_total",
                                 "Commands refused because no upstream was reached in time."};
constexpr CounterFamily kStray{"herdgate_upstream_stray_pushes_total", "Pushes that arrived on shared connections."};
constexpr CounterFamily kSent{"herdgate_upstream_sent_bytes_total", "Bytes written to the upstream."};
constexpr CounterFamily kReceived{"herdgate_upstream_received_bytes_total", "Bytes read from the upstream."};

}  // namespace

void UpstreamMetrics::Collect(metrics::SampleSink& sink) const {
  sink.Add(kInFlight, {}, in_flight);
  sink.Add(kLanes, {{"use", "shared"}}, shared_lanes);
  sink.Add(kLanes, {{"use", "dedicated"}}, dedicated_lanes);
  sink.Add(kLanes, {{"use", "idle"}}, idle_lanes);
  sink.Add(kReady, {}, ready_lanes);
  sink.Add(kConnects, {}, connects);
  sink.Add(kErrors, {{"reason", "connect"}}, connect_failures);
  sink.Add(kErrors, {{"reason", "closed"}}, losses[static_cast<std::size_t>(LaneLoss::kClosedByUpstream)]);
  sink.Add(kErrors, {{"reason", "broken"}}, losses[static_cast<std::size_t>(LaneLoss::kBroken)]);
  sink.Add(kErrors, {{"reason", "protocol"}}, losses[static_cast<std::size_t>(LaneLoss::kProtocol)]);
  sink.Add(kRetries, {}, retries);
  sink.Add(kRefused, {}, refused);
  sink.Add(kStray, {}, stray_pushes);
  sink.Add(kSent, {}, sent_bytes);
  sink.Add(kReceived, {}, received_bytes);
}

}  // namespace herdgate::upstream
