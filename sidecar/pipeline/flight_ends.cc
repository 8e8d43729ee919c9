#include "sidecar/pipeline/flight_ends.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace herdgate::pipeline {
namespace {

using stampede::FlightEnd;
using stampede::Guard;
using stampede::MissCause;
using stampede::Mode;
using stampede::Outcome;

const policy::Policy* PolicyOf(const policy::SnapshotPtr& snapshot, std::string_view key, std::size_t& index) {
  if (!snapshot) return nullptr;
  index = snapshot->set().Match(key);
  return index == policy::PolicySet::kNone ? nullptr : &snapshot->set().at(index);
}

// Null: its keys are not coalesced. During a reload the loop's set and that of the guards may be two.
std::shared_ptr<Guard> GuardOf(const stampede::Guards& guards, const policy::SnapshotPtr& snapshot,
                               std::string_view key) {
  std::size_t index = 0;
  const policy::Policy* const policy = PolicyOf(snapshot, key, index);
  if (policy == nullptr) return nullptr;
  const auto list = guards.list();
  const auto is_it = [&](const std::shared_ptr<Guard>& guard) { return guard && guard->name() == policy->name; };
  if (index < list->size() && is_it((*list)[index])) return (*list)[index];
  const auto found = std::ranges::find_if(*list, is_it);
  return found == list->end() ? nullptr : *found;
}

// A refresh whose caller was chosen has come to its end.
void TellRefresh(Guard& guard, Outcome outcome, std::uint64_t hash, base::SteadyTime now) {
  switch (outcome) {
    case Outcome::kFilled:
    case Outcome::kFilledByOther:
      return guard.refresh().Filled(hash);
    case Outcome::kTainted:
      return guard.refresh().Cancel(hash);
    case Outcome::kLeaderGone:
    case Outcome::kNoSet:
      return guard.refresh().Unfilled(hash, now);
  }
}

}  // namespace

void FlightEnds::NoteMiss(const policy::SnapshotPtr& snapshot, const cache::HashedKey& key, double rate,
                          base::SteadyTime now) {
  notes_.Set(key.hash, {.cause = CauseOf(snapshot, key, now), .rate = static_cast<float>(rate)});
}

void FlightEnds::NoteBump(const std::string& policy, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  bumped_[policy] = now;
  any_bump_.store(true, std::memory_order_relaxed);
}

void FlightEnds::OnEnded(const policy::SnapshotPtr& snapshot, const FlightEnd& end, const cache::HashedKey& key,
                         base::SteadyTime now) {
  const std::shared_ptr<Guard> guard = GuardOf(guards_, snapshot, key.text);
  if (!guard) return;
  const std::optional<MissNote> note = notes_.Find(key.hash);
  MissCause cause = MissCause::kExpiry;  // of a refresh: the one that was to come
  if (end.mode == Mode::kCold) {
    const auto began = now - std::chrono::duration_cast<base::SteadyTime::duration>(end.duration);
    cause = note ? note->cause : CauseOf(snapshot, key, began);
  }
  const double rate = note ? static_cast<double>(note->rate) : 0;
  const std::uint64_t event = guard->OnFlightEnd(key.hash, end, cause, rate, now, base::SystemClock().Wall());
  if (end.outcome == Outcome::kNoSet) guard->learning().OnUnfilled(key.hash, now);
  if (end.mode == Mode::kRefresh) TellRefresh(*guard, end.outcome, key.hash, now);
  if (event != 0) LogEvent(event, now);
}

MissCause FlightEnds::CauseOf(const policy::SnapshotPtr& snapshot, const cache::HashedKey& key,
                              base::SteadyTime missed_at) {
  std::optional<stampede::KeyFacts> facts = guards_.history().Find(key.hash);
  if (facts && facts->set_at > missed_at) facts.reset();
  return stampede::CauseOf(facts, BumpedAt(snapshot, key.text, missed_at), missed_at);
}

std::optional<base::SteadyTime> FlightEnds::BumpedAt(const policy::SnapshotPtr& snapshot, std::string_view key,
                                                     base::SteadyTime now) {
  if (!any_bump_.load(std::memory_order_relaxed)) return std::nullopt;
  std::size_t index = 0;
  const policy::Policy* const policy = PolicyOf(snapshot, key, index);
  if (policy == nullptr) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = bumped_.find(policy->name);
  if (found == bumped_.end() || now - found->second > kBumpIsRecent) return std::nullopt;
  return found->second;
}

void FlightEnds::LogEvent(std::uint64_t number, base::SteadyTime now) {
  std::uint64_t suppressed = 0;
  if (!log_limit_.Allow(now, suppressed)) return;
  // Other loops may have added some since.
  constexpr std::size_t kLook = 16;
  for (const stampede::StampedeEvent& event : guards_.events().Newest(kLook)) {
    if (event.number != number) continue;
    const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(event.duration);
    base::LogInfo("stampede", {{"policy", event.policy},
                               {"cause", NameOf(event.cause)},
                               {"mode", event.refresh ? "refresh" : "cold"},
                               {"size", std::uint64_t{event.size}},
                               {"avoided", std::uint64_t{event.avoided}},
                               {"duration_ms", std::int64_t{duration.count()}},
                               {"unprotected", std::int64_t{std::llround(event.unprotected_size)}},
                               {"key", RedactedKey(event)},
                               {"event", event.number},
                               {"suppressed", suppressed}});
  }
}

}  // namespace herdgate::pipeline
