// Who waits in a flight, and who was told nil.
#include <algorithm>

#include "sidecar/stampede/flight.h"

namespace herdgate::stampede {

using base::SteadyTime;

Flight::Reader* Flight::FindReader(const Caller& caller) {
  for (Reader& reader : readers_) {
    if (reader.caller.id == caller.id) return &reader;
  }
  return nullptr;
}

// Computing takes less than a lease, unless it was renewed. Who was told nil before that has given up, or its SET came
// from a connection that nobody knew to be of the same pool.
bool Flight::IsOld(const Context& context, const Reader& reader) const {
  const bool leads = leader_ && leader_->caller.id == reader.caller.id;
  return !leads && context.now - reader.since >= terms_.lease_time;
}

// Whose SET it is: the caller's own, or that of a reader whose connection went back to a pool and came out for others.
Flight::Reader* Flight::ReaderOfSet(const Context& context, const Caller& caller) {
  if (Reader* const own = FindReader(caller)) return own;
  Reader* found = nullptr;
  for (Reader& reader : readers_) {
    if (reader.reused && (found == nullptr || IsOld(context, *found))) found = &reader;
  }
  return found;
}

// Whether the leader's SET may come from this connection.
bool Flight::MayBeLeaders(const Caller& caller) {
  if (!leader_) return false;
  if (leader_->caller.id == caller.id) return true;
  const Reader* const reader = FindReader(leader_->caller);
  return reader != nullptr && reader->reused;
}

void Flight::AddReader(Context& context, const Caller& caller, Mode mode, bool leads) {
  if (Reader* const known = FindReader(caller)) {
    if (IsOld(context, *known)) *known = {.caller = caller, .mode = mode, .nils = 0, .since = context.now, .until = {}};
    ++known->nils;
    known->until = std::max(known->until, context.now + 2 * terms_.lease_time);
    return;
  }
  if (readers_.size() >= context.options.max_readers) {
    if (!leads) return;
    RemoveReader(context, &readers_.front());
  }
  readers_.push_back(
      {.caller = caller, .mode = mode, .nils = 1, .since = context.now, .until = context.now + 2 * terms_.lease_time});
  context.callers.Add(caller.id, key_, 0);
}

void Flight::RemoveReader(Context& context, const Reader* reader) {
  context.callers.Remove(reader->caller.id, key_, 0);
  readers_.erase(readers_.begin() + (reader - readers_.data()));
}

Begun Flight::Refuse(Context& context, const Caller& caller, const FlightTerms& terms, Role role) {
  if (role == Role::kRefused) ++context.stats.refused;
  if (role == Role::kFull) ++(context.room_in_pod ? context.stats.full_key : context.stats.full_pod);
  if (terms.mode == Mode::kCold) AddReader(context, caller, Mode::kCold, false);
  return {.role = role};
}

WaiterId Flight::Park(Context& context, const Caller& caller, const FlightTerms& terms) {
  const WaiterId id = context.NextId();
  last_waiter_ = id;
  const SteadyTime deadline = context.now + terms.max_wait;
  waiters_.emplace(id, Waiter{.caller = caller,
                              .since = context.now,
                              .deadline = deadline,
                              .mode = terms.mode,
                              .may_wait = terms.may_wait,
                              .timeout_is_miss = terms.timeout_is_miss});
  deadlines_.emplace(deadline, id);
  context.callers.Add(caller.id, key_, id);
  return id;
}

void Flight::Remove(Context& context, std::map<WaiterId, Waiter>::iterator waiter) {
  deadlines_.erase({waiter->second.deadline, waiter->first});
  context.callers.Remove(waiter->second.caller.id, key_, waiter->first);
  waiters_.erase(waiter);
}

Answer Flight::Dismiss(Context& context, WaiterId id, Answer answer, bool wake) {
  const auto found = waiters_.find(id);
  const Waiter waiter = found->second;
  if (waiter.mode == Mode::kRefresh && (answer == Answer::kMiss || answer == Answer::kTimeout)) answer = Answer::kKeep;
  const bool nil =
      answer == Answer::kLead || answer == Answer::kMiss || (answer == Answer::kTimeout && waiter.timeout_is_miss);
  // Before the waiter goes from the index: its caller must be found there at any moment.
  if (nil) AddReader(context, waiter.caller, waiter.mode, answer == Answer::kLead);
  Remove(context, found);
  ++context.stats.answers[static_cast<std::size_t>(answer)];
  if (wake) {
    const Reader* const leader = leader_ && answer == Answer::kTimeout ? FindReader(leader_->caller) : nullptr;
    context.todo.wakes.push_back({.waiter = id,
                                  .caller = waiter.caller,
                                  .answer = answer,
                                  .waited = context.now - waiter.since,
                                  .mode = waiter.mode,
                                  .leader_reused = leader != nullptr && leader->reused});
  }
  return answer;
}

void Flight::AnswerUpTo(Context& context, WaiterId limit) {
  while (!waiters_.empty() && waiters_.begin()->first <= limit) {
    ++answered_;
    Dismiss(context, waiters_.begin()->first, Answer::kValue, true);
  }
}

}  // namespace herdgate::stampede
