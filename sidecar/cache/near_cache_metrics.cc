#include "sidecar/cache/near_cache_metrics.h"

#include <array>
#include <string_view>

namespace herdgate::cache {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kEntries{"herdgate_near_entries", "Keys in the near cache, stale ones too."};
constexpr GaugeFamily kBytes{"herdgate_near_bytes", "Memory of the near cache: keys, values and what they cost."};
constexpr GaugeFamily kMaxBytes{"herdgate_near_max_bytes", "The near cache's limit."};
constexpr GaugeFamily kFills{"herdgate_near_fills", "Values being read for the near cache now."};
constexpr CounterFamily kEvictions{"herdgate_near_evictions_total", "Values that left the near cache, by reason."};
constexpr CounterFamily kPublishes{"herdgate_near_publishes_total",
                                   "Values read for the near cache, by what became of them."};
constexpr CounterFamily kKept{"herdgate_near_kept_total", "Values that stayed as stale when their keys expired."};
constexpr CounterFamily kEpochs{"herdgate_near_epoch_total",
                                "Times that all values in the near cache became stale or void, by reason."};

constexpr std::array<std::string_view, kPublishResults> kResultNames = {"published",    "invalidated", "epoch",
                                                                        "contradicted", "too_large",   "expired"};
constexpr std::array<std::string_view, kRefusals> kRefusalNames = {"busy", "full", "key_too_long"};
constexpr std::array<std::string_view, kEvictionReasons> kEvictionNames = {"capacity",     "invalidated", "own_write",
                                                                           "contradicted", "epoch",       "expired"};
constexpr std::array<std::string_view, kEpochReasons> kEpochNames = {
    "connection_lost", "protocol", "tracking_off", "timeout", "canary", "flush", "swapdb", "configuration", "operator"};

template <std::size_t kCount>
void AddRows(metrics::SampleSink& sink, const CounterFamily& family, metrics::LabelName label,
             const std::array<std::string_view, kCount>& names, const std::array<std::uint64_t, kCount>& counts) {
  for (std::size_t i = 0; i < kCount; ++i) sink.Add(family, {{label, names[i]}}, counts[i]);
}

}  // namespace

void NearCacheMetrics::Collect(metrics::SampleSink& sink) const {
  const NearCacheStats stats = cache_.Stats();
  sink.Add(kEntries, {}, stats.entries);
  sink.Add(kBytes, {}, stats.bytes);
  sink.Add(kMaxBytes, {}, cache_.options().max_bytes);
  sink.Add(kFills, {}, stats.reservations);
  sink.Add(kKept, {}, stats.kept);
  AddRows(sink, kEvictions, "reason", kEvictionNames, stats.evictions);
  AddRows(sink, kPublishes, "result", kResultNames, stats.publishes);
  AddRows(sink, kNearFillRefusals, "reason", kRefusalNames, stats.refusals);
  AddRows(sink, kEpochs, "reason", kEpochNames, stats.epochs);
}

}  // namespace herdgate::cache
