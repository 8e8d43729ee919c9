#include "sidecar/stampede/guards.h"

#include <algorithm>

namespace herdgate::stampede {
namespace {

constexpr metrics::GaugeFamily kCompanions{
    "herdgate_companion_keys", "Keys that apps were seen to compute together with another, of all policies."};
constexpr metrics::CounterFamily kStampedes{"herdgate_stampedes_total",
                                            "Flights of five or more callers, by why the key was missed."};

}  // namespace

std::shared_ptr<const Guards::List> Guards::Set(const policy::PolicySet* set) {
  auto next = std::make_shared<List>();
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; set != nullptr && i < set->size(); ++i) {
    const policy::Policy& policy = set->at(i);
    next->push_back(policy.coalesces() ? GuardOf(policy) : nullptr);
  }
  list_ = std::move(next);
  return list_;
}

std::shared_ptr<Guard> Guards::GuardOf(const policy::Policy& policy) {
  for (const std::shared_ptr<Guard>& guard : *list_) {
    if (guard == nullptr || !guard->Fits(policy)) continue;
    guard->Adopt(policy);
    return guard;
  }
  return std::make_shared<Guard>(policy, history_, events_);
}

std::shared_ptr<const Guards::List> Guards::list() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

std::vector<Guards::Change> Guards::EverySecond(base::SteadyTime now) {
  std::vector<Change> changes;
  const auto guards = list();
  for (const std::shared_ptr<Guard>& guard : *guards) {
    if (guard == nullptr) continue;
    if (const auto change = guard->learning().Advance(now)) {
      changes.push_back({.policy = guard->name(), .change = *change});
    }
  }
  return changes;
}

void Guards::Collect(metrics::SampleSink& sink) const {
  const auto guards = list();
  std::size_t companions = 0;
  bool refreshes = false;
  for (const std::shared_ptr<Guard>& guard : *guards) {
    if (guard == nullptr) continue;
    guard->Collect(sink);
    companions += guard->companions().size();
    refreshes |= guard->refreshes();
  }
  sink.Add(kCompanions, {}, companions);
  const StampedeEvents::Totals totals = events_.totals();
  for (std::size_t i = 0; i < kMissCauses; ++i) {
    sink.Add(kStampedes, {{"cause", NameOf(static_cast<MissCause>(i))}}, totals.events[i]);
  }
  events_.histograms().Collect(sink, refreshes);
}

}  // namespace herdgate::stampede
