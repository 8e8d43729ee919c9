// What a scrape shows of flights; how they ended is told by policy (guard_metrics.cc).
#include <array>
#include <string_view>

#include "sidecar/stampede/flight_table.h"

namespace herdgate::stampede {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kFlights{"herdgate_flights", "Keys with a flight: computed, awaited, or soon to be set."};
constexpr GaugeFamily kLeaders{"herdgate_flight_leaders", "Clients that compute a value for all others now."};
constexpr GaugeFamily kWaiters{"herdgate_flight_waiters", "GETs that wait for another's value now."};
constexpr CounterFamily kLed{"herdgate_flights_total", "Flights that got a leader, by mode."};
constexpr CounterFamily kAsks{"herdgate_flight_asks_total", "Replies of Redis to the question who leads, by result."};
constexpr CounterFamily kWaits{"herdgate_flight_answers_total", "GETs that waited, by what ended the wait."};
constexpr CounterFamily kUnparked{"herdgate_flight_unparked_total",
                                  "GETs that waited no longer because their client sent more."};
constexpr CounterFamily kRefusals{"herdgate_flight_refusals_total",
                                  "Misses that could have waited and did not, by reason."};
constexpr CounterFamily kSets{"herdgate_flight_sets_total", "SETs of keys with a flight, by kind."};

constexpr CounterFamily kLateTaints{"herdgate_flight_late_taints_total",
                                    "SETs whose key was invalidated while they were under way."};

constexpr std::array<std::string_view, kModes> kModeNames = {"cold", "refresh"};
constexpr std::array<std::string_view, kAskResults> kAskNames = {"value", "won", "mine", "lost", "unavailable"};
constexpr std::array<std::string_view, kAnswers> kAnswerNames = {"value", "lead", "miss", "timeout", "keep"};

template <std::size_t kCount>
void AddRows(metrics::SampleSink& sink, const CounterFamily& family, metrics::LabelName label,
             const std::array<std::string_view, kCount>& names, const std::array<std::uint64_t, kCount>& counts) {
  for (std::size_t i = 0; i < kCount; ++i) sink.Add(family, {{label, names[i]}}, counts[i]);
}

}  // namespace

void FlightTable::Collect(metrics::SampleSink& sink) const {
  const FlightStats stats = Stats();
  sink.Add(kFlights, {}, stats.flights);
  sink.Add(kLeaders, {}, stats.leaders);
  sink.Add(kWaiters, {}, stats.waiters);
  AddRows(sink, kLed, "mode", kModeNames, stats.led);
  AddRows(sink, kAsks, "result", kAskNames, stats.asked);
  AddRows(sink, kWaits, "answer", kAnswerNames, stats.answers);
  sink.Add(kUnparked, {}, stats.unparked);
  sink.Add(kRefusals, {{"reason", "may_not_wait"}}, stats.refused);
  sink.Add(kRefusals, {{"reason", "full_key"}}, stats.full_key);
  sink.Add(kRefusals, {{"reason", "full_pod"}}, stats.full_pod);
  sink.Add(kRefusals, {{"reason", "full_flights"}}, stats.full_flights);
  sink.Add(kSets, {{"kind", "fill"}}, stats.fills);
  sink.Add(kSets, {{"kind", "tainted"}}, stats.short_fills);
  sink.Add(kSets, {{"kind", "blind"}}, stats.blind_writes);
  sink.Add(kLateTaints, {}, stats.late_taints);
}

}  // namespace herdgate::stampede
