#include "sidecar/pipeline/flight_desk_metrics.h"

#include <string_view>

namespace herdgate::pipeline {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kLeases{"herdgate_flight_leases",
                              "1 if leases across sidecars can be had, so that one client in the fleet computes a "
                              "value; 0: one in each sidecar."};
constexpr GaugeFamily kWaiting{"herdgate_flight_calls_waiting", "Calls for flights that Redis has not answered yet."};
constexpr CounterFamily kCalls{"herdgate_flight_calls_total", "Calls to Redis for flights, by kind and result."};
constexpr CounterFamily kWithheld{"herdgate_flight_asks_withheld_total",
                                  "Flights that asked for no lease because too many did at the time."};

constexpr std::array<std::string_view, kLeaseCallKinds> kKinds = {"ask",   "ask_refresh", "read",
                                                                  "renew", "release",     "drop"};
constexpr std::array<std::string_view, kCallResults> kResults = {"answered", "error", "broken", "unsent"};

}  // namespace

void FlightDeskMetrics::Collect(metrics::SampleSink& sink, bool leases, std::uint64_t withheld) const {
  sink.Add(kLeases, {}, leases ? 1 : 0);
  sink.Add(kWaiting, {}, waiting);
  sink.Add(kWithheld, {}, withheld);
  for (std::size_t kind = 0; kind < kLeaseCallKinds; ++kind) {
    for (std::size_t result = 0; result < kCallResults; ++result) {
      sink.Add(kCalls, {{"kind", kKinds[kind]}, {"result", kResults[result]}}, calls[kind][result]);
    }
  }
}

}  // namespace herdgate::pipeline
