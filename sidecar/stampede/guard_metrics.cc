// What a scrape shows of one policy's guard.
//
// Counted in series, as a policy has them each: rows that the policy's rules rule out are left out while they are 0.
#include <string_view>

#include "sidecar/stampede/guard.h"

namespace herdgate::stampede {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr CounterFamily kFlights{"herdgate_flights_ended_total",
                                 "Flights whose leader leads no more, by policy, mode and outcome."};
constexpr CounterFamily kWaited{"herdgate_waited_seconds_total",
                                "Time that GETs waited for another's value, till it came or they had waited too long."};
constexpr CounterFamily kRecomputes{"herdgate_recomputes_total",
                                    "Values that apps were left to compute: by leaders, and by callers let go."};
constexpr CounterFamily kAvoided{"herdgate_recomputes_avoided_total",
                                 "Recomputes that callers were spared: they waited or got a stale value."};
constexpr CounterFamily kTimeAvoided{"herdgate_recompute_seconds_avoided_total",
                                     "Time that the recomputes avoided would have taken at least."};
constexpr CounterFamily kRefreshes{"herdgate_refreshes_total",
                                   "Reads that were due to refresh their key early, by what came of it."};
constexpr CounterFamily kSuspects{"herdgate_suspect_stale_sets_total",
                                  "SETs whose key was invalidated after their miss, by what was done with them."};
constexpr CounterFamily kMissesWithoutSet{"herdgate_misses_without_set_total",
                                          "Misses that no SET followed within ten seconds."};
constexpr CounterFamily kOrphanSets{"herdgate_orphan_sets_total", "SETs that followed no miss."};
constexpr GaugeFamily kUncacheable{"herdgate_uncacheable_keys",
                                   "Keys missed without a SET lately; after three times they have no flights."};
constexpr GaugeFamily kLearning{"herdgate_learning_info",
                                "Always 1; the label says what was learned of the policy's keys."};
constexpr CounterFamily kEvidence{"herdgate_learning_evidence_total",
                                  "Signs that the policy's keys are no cache entries, by kind."};

constexpr std::array<std::string_view, kModes> kModeNames = {"cold", "refresh"};
constexpr std::array<std::string_view, kOutcomes> kOutcomeNames = {"filled", "filled_by_other", "tainted",
                                                                   "leader_gone", "no_set"};
constexpr std::array<std::string_view, kChoices> kChoiceNames = {"chosen",   "pipelined", "in_flight", "same_session",
                                                                 "unfilled", "full",      "budget"};
constexpr std::array<std::string_view, kSuspectSets> kSuspectNames = {"shortened", "dropped", "passed"};
constexpr std::array<std::string_view, 3> kStandingNames = {"learning", "eligible", "demoted"};

// What the policy's rule makes of most of them.
SuspectSet UsualOf(policy::StaleSet rule) {
  switch (rule) {
    case policy::StaleSet::kShort:
      return SuspectSet::kShortened;
    case policy::StaleSet::kDrop:
      return SuspectSet::kDropped;
    case policy::StaleSet::kPass:
      break;
  }
  return SuspectSet::kPassed;
}

}  // namespace

void Guard::Collect(metrics::SampleSink& sink) const {
  CollectCounts(sink);
  CollectLearning(sink);
  const auto choices = refresh_.Choices();
  for (std::size_t i = 0; i < kChoices; ++i) {
    if (!refreshes() && choices[i] == 0) continue;
    sink.Add(kRefreshes, {{"policy", name_}, {"choice", kChoiceNames[i]}}, choices[i]);
  }
}

void Guard::CollectCounts(metrics::SampleSink& sink) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t mode = 0; mode < kModes; ++mode) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      const std::uint64_t count = counts_.flights[mode][outcome];
      if (static_cast<Mode>(mode) == Mode::kRefresh && !refreshes() && count == 0) continue;
      sink.Add(kFlights, {{"policy", name_}, {"mode", kModeNames[mode]}, {"outcome", kOutcomeNames[outcome]}}, count);
    }
  }
  sink.Add(kWaited, {{"policy", name_}}, std::chrono::duration<double>(counts_.waited).count());
  sink.Add(kRecomputes, {{"policy", name_}}, counts_.recomputes);
  sink.Add(kAvoided, {{"policy", name_}}, counts_.avoided);
  sink.Add(kTimeAvoided, {{"policy", name_}}, std::chrono::duration<double>(counts_.time_avoided).count());
  const auto usual = static_cast<std::size_t>(UsualOf(rules_.stale_set));
  for (std::size_t i = 0; i < kSuspectSets; ++i) {
    if (i != usual && counts_.suspect_sets[i] == 0) continue;
    sink.Add(kSuspects, {{"policy", name_}, {"action", kSuspectNames[i]}}, counts_.suspect_sets[i]);
  }
}

void Guard::CollectLearning(metrics::SampleSink& sink) const {
  const Learning::Stats stats = learning_.stats();
  sink.Add(kMissesWithoutSet, {{"policy", name_}}, stats.misses_without_set);
  sink.Add(kOrphanSets, {{"policy", name_}}, stats.orphan_sets);
  sink.Add(kUncacheable, {{"policy", name_}}, stats.keys_marked);
  const std::string_view standing = kStandingNames[static_cast<std::size_t>(stats.standing)];
  sink.Add(kLearning, {{"policy", name_}, {"standing", standing}}, 1);
  for (std::size_t i = 0; i < kEvidences; ++i) {
    if (stats.evidence[i] == 0) continue;
    sink.Add(kEvidence, {{"policy", name_}, {"evidence", NameOf(static_cast<Evidence>(i))}}, stats.evidence[i]);
  }
}

}  // namespace herdgate::stampede
