#include "sidecar/stampede/guard.h"

#include <algorithm>
#include <limits>

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kFirstLease{1000};
constexpr milliseconds kLeastLease{250};
constexpr milliseconds kLongestLease{10'000};
constexpr milliseconds kFirstStep{100};
constexpr milliseconds kLeastStep{5};
constexpr milliseconds kLongestStep{250};

// REQUIRES: policy.coalesces()
LearningOptions::Coalesce CoalesceOf(const policy::Policy& policy) {
  return policy.stampede.coalesce == policy::Coalesce::kOn ? LearningOptions::Coalesce::kOn
                                                           : LearningOptions::Coalesce::kAuto;
}

bool Refreshes(const policy::Policy& policy) {
  return policy.refresh.mode != policy::RefreshMode::kOff;
}

milliseconds LeaseFor(nanoseconds p95) {
  if (p95.count() == 0) return kFirstLease;
  return std::clamp(std::chrono::ceil<milliseconds>(3 * p95), kLeastLease, kLongestLease);
}

milliseconds StepFor(nanoseconds delta) {
  if (delta.count() == 0) return kFirstStep;
  return std::clamp(std::chrono::ceil<milliseconds>(delta / 2), kLeastStep, kLongestStep);
}

std::uint32_t Narrow(std::uint64_t n) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Guard::Guard(const policy::Policy& policy, KeyHistory& history, StampedeEvents& events)
    : name_(policy.name),
      match_(policy.match),
      learning_({.coalesce = CoalesceOf(policy)}, history),
      refresh_({.beta = policy.refresh.beta}),
      events_(events),
      refreshes_(Refreshes(policy)),
      keeps_shadows_(policy.keeps_shadows()),
      rules_(policy.stampede) {}

bool Guard::Fits(const policy::Policy& policy) const {
  return policy.name == name_ && policy.match == match_;
}

void Guard::Adopt(const policy::Policy& policy) {
  learning_.SetCoalesce(CoalesceOf(policy));
  refresh_.SetBeta(policy.refresh.beta);
  refreshes_.store(Refreshes(policy), std::memory_order_relaxed);
  keeps_shadows_.store(policy.keeps_shadows(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  rules_ = policy.stampede;
}

FlightTerms Guard::Terms() const {
  // Pools hand out the connection that came back last, so one whose caller computes is soon another thread's; and
  // values that need each other can't do so in a circle.
  FlightTerms terms{.waits_while_leading = true};
  terms.release_step = StepFor(learning_.delta());
  terms.lease_time = LeaseFor(learning_.p95());
  const std::lock_guard lock(mutex_);
  terms.max_wait = rules_.max_wait;
  // Under kStale it is nil too, unless there is an old value: then hardly anybody waits.
  terms.timeout_is_miss = rules_.on_timeout != policy::OnTimeout::kError;
  if (rules_.lease) terms.lease_time = *rules_.lease;
  return terms;
}

void Guard::OnWake(std::uint64_t key, const Wake& wake) {
  const nanoseconds delta = wake.answer == Answer::kValue ? learning_.DeltaOf(key) : nanoseconds(0);
  const bool timeout = wake.answer == Answer::kTimeout;
  // Not who leads, or may not wait: that was only asked for. Nor who had a value before.
  const bool waited = wake.mode != Mode::kRefresh && (timeout || wake.answer == Answer::kValue);
  if (waited) events_.histograms().OnWait(wake.waited);
  const std::lock_guard lock(mutex_);
  // What was counted before belongs to an earlier leader, or to one in another pod.
  if (wake.answer == Answer::kLead) open_.Erase(key);
  // Had a value before and has one now: it waited for nothing and was spared nothing.
  if (wake.mode == Mode::kRefresh) return;
  if (waited) counts_.waited += wake.waited;
  if (wake.answer == Answer::kValue) CountAvoided(delta);
  const bool timeout_is_nil = rules_.on_timeout != policy::OnTimeout::kError;
  if (wake.answer == Answer::kMiss || (timeout && timeout_is_nil)) CountNil(key);
}

void Guard::OnTurnedAway(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  CountNil(key);
}

void Guard::OnStale(std::uint64_t key, milliseconds age) {
  events_.histograms().OnStale(age);
  const nanoseconds delta = learning_.DeltaOf(key);
  const std::lock_guard lock(mutex_);
  CountAvoided(delta);
  ++CallersOf(key).stale;
}

std::uint64_t Guard::OnFlightEnd(std::uint64_t key, const FlightEnd& end, MissCause cause, double rate,
                                 base::SteadyTime /*now*/, base::WallTime wall) {
  FlightSummary flight{.policy = name_,
                       .key = *end.key,
                       .hash = key,
                       .refresh = end.mode == Mode::kRefresh,
                       .cause = cause,
                       .began = wall - std::chrono::duration_cast<milliseconds>(end.duration),
                       .duration = end.duration,
                       .waited = Narrow(end.answered),
                       .rate = rate,
                       .delta = learning_.DeltaOf(key)};
  {
    const std::lock_guard lock(mutex_);
    ++counts_.flights[static_cast<std::size_t>(end.mode)][static_cast<std::size_t>(end.outcome)];
    if (!end.let_go) ++counts_.recomputes;
    if (const Callers* const callers = open_.Find(key)) {
      flight.stale = callers->stale;
      flight.nil = callers->nil;
      if (end.let_go && flight.nil > 0) --flight.nil;  // that one is the leader
      open_.Erase(key);
    }
  }
  // While its value lives nobody waits for a refresh and nobody is told of an old value.
  flight.after_life = flight.refresh ? flight.waited + flight.stale : 0;
  events_.histograms().OnFlight(flight.size(), end.duration);
  return events_.Add(flight);
}

void Guard::OnFill(const Learning::SetReport& report) {
  if (report.delta.count() > 0) events_.histograms().OnRecompute(report.delta);
}

void Guard::OnSuspectSet(SuspectSet what) {
  const std::lock_guard lock(mutex_);
  ++counts_.suspect_sets[static_cast<std::size_t>(what)];
}

void Guard::OnRefreshed(milliseconds left) {
  events_.histograms().OnRefresh(left);
}

void Guard::CountNil(std::uint64_t key) {
  ++counts_.recomputes;
  ++CallersOf(key).nil;
}

void Guard::CountAvoided(nanoseconds delta) {
  ++counts_.avoided;
  counts_.time_avoided += delta;
}

Guard::Callers& Guard::CallersOf(std::uint64_t key) {
  Callers* const callers = open_.Find(key);
  return callers != nullptr ? *callers : open_.Put(key, {});
}

}  // namespace herdgate::stampede
