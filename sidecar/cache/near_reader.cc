#include "sidecar/cache/near_reader.h"

#include <string_view>

namespace herdgate::cache {
namespace {

constexpr metrics::CounterFamily kLookups{"herdgate_near_lookups_total",
                                          "Look-ups in the near cache, by what was found."};
constexpr metrics::HistogramFamily kAge{"herdgate_near_hit_age_seconds",
                                        "Age of values that were answered from the near cache; of one in 64.",
                                        kAgeBuckets};
constexpr std::array<std::string_view, kFreshnesses> kFreshnessNames = {"absent", "fresh", "stale", "grace"};

}  // namespace

void NearReader::Collect(metrics::SampleSink& sink) const {
  for (std::size_t i = 0; i < kFreshnesses; ++i) sink.Add(kLookups, {{"result", kFreshnessNames[i]}}, lookups_[i]);
  sink.Add(kAge, {}, age_);
}

}  // namespace herdgate::cache
