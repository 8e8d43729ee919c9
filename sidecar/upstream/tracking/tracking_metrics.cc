#include "sidecar/upstream/tracking/tracking_metrics.h"

#include <string_view>

namespace herdgate::upstream {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;
using metrics::HistogramFamily;

constexpr GaugeFamily kMode{
    "herdgate_near_mode",
    "1 for the mode of the near cache in force, 0 for the others: tracked, broadcast, probing, or off."};
constexpr CounterFamily kPushes{"herdgate_near_pushes_total", "Invalidations that the upstream pushed."};
constexpr HistogramFamily kLag{"herdgate_near_push_lag_seconds",
                               "From sending the canary's write to its push: how late pushes are at most.",
                               metrics::kPushLagBuckets};
constexpr CounterFamily kSkips{"herdgate_near_canary_skips_total",
                               "Canaries that proved nothing because they could not be written."};
constexpr CounterFamily kFills{"herdgate_near_fills_total", "Values read for the near cache, by result."};
constexpr CounterFamily kLosses{"herdgate_near_connection_losses_total",
                                "Times the near cache lost its tracked connection, by reason."};

constexpr std::array<std::string_view, kFillResults> kResults = {"value", "nil", "error", "too_large", "lost"};

}  // namespace

void TrackingMetrics::Collect(metrics::SampleSink& sink) const {
  const TrackingMode current = mode();
  const TrackingFault why = fault();
  const auto flag = [](bool value) { return value ? 1 : 0; };
  sink.Add(kMode, {{"mode", "tracked"}, {"reason", "none"}}, flag(current == TrackingMode::kTracked));
  sink.Add(kMode, {{"mode", "broadcast"}, {"reason", "none"}}, flag(current == TrackingMode::kBroadcast));
  sink.Add(kMode, {{"mode", "probing"}, {"reason", "none"}}, flag(current == TrackingMode::kProbing));
  for (std::size_t i = 1; i < kTrackingFaults; ++i) {
    const auto fault_i = static_cast<TrackingFault>(i);
    sink.Add(kMode, {{"mode", "off"}, {"reason", NameOf(fault_i)}},
             flag(current == TrackingMode::kOff && why == fault_i));
    // What can only keep it from being armed.
    if (fault_i == TrackingFault::kNoResp3 || fault_i == TrackingFault::kOldVersion) continue;
    sink.Add(kLosses, {{"reason", NameOf(fault_i)}}, losses[i]);
  }
  for (std::size_t i = 0; i < kFillResults; ++i) sink.Add(kFills, {{"result", kResults[i]}}, fills[i]);
  sink.Add(kPushes, {}, pushes);
  sink.Add(kLag, {}, push_lag);
  sink.Add(kSkips, {}, canary_skips);
}

}  // namespace herdgate::upstream
