// What Redis' answers to its asks do to a flight.
#include <algorithm>

#include "sidecar/stampede/flight.h"

namespace herdgate::stampede {
namespace {

using base::SteadyTime;
using std::chrono::milliseconds;

// When a lease with that much left is surely over: Redis counts in milliseconds.
SteadyTime EndOf(milliseconds remaining, SteadyTime now) {
  return now + std::max(remaining, milliseconds(0)) + milliseconds(1);
}

std::size_t At(AskResult result) {
  return static_cast<std::size_t>(result);
}

}  // namespace

void Flight::OnAsked(Context& context, FlightId id, const AskReply& reply) {
  ++context.stats.asked[At(reply.result)];
  const bool won = reply.result == AskResult::kWon || reply.result == AskResult::kMine;
  if (!asking_ || asking_->id != id) {
    // Too late for its flight. The lease is nobody's, unless the leader went on without it.
    if (!won) return;
    if (leader_ && leader_->id == id) {
      leader_->leased = true;
    } else {
      Call(context, LeaseCall::Kind::kRelease, id);
    }
    return;
  }
  const Asking asked = *asking_;
  asking_.reset();
  if (leader_) {
    Verified(context, asked, reply);
  } else {
    Granted(context, asked, reply);
  }
  Settle(context);
}

// Only one waits, who has a value that lives.
bool Flight::IsLoneRefresh() const {
  return terms_.value_until != base::SteadyTime::min() && waiters_.size() == 1 &&
         waiters_.begin()->second.mode == Mode::kRefresh;
}

// Without leases: the value that the refresh was begun for is still there.
bool Flight::IsStillDue(const AskReply& reply) const {
  return !terms_.lease && IsLoneRefresh() && reply.remaining.count() > 0 && reply.remaining <= terms_.refresh_below;
}

void Flight::Granted(Context& context, const Asking& asked, const AskReply& reply) {
  switch (reply.result) {
    case AskResult::kValue:
      if (IsStillDue(reply)) {
        Promote(context, asked.id, false);
        if (leader_) leader_->alone = true;
      } else {
        AnswerUpTo(context, asked.limit);
      }
      break;
    case AskResult::kWon:
    case AskResult::kMine:
      Promote(context, asked.id, true);
      break;
    case AskResult::kUnavailable:
      if (IsLoneRefresh()) {  // its value lives: nobody needs to compute
        Dismiss(context, waiters_.begin()->first, Answer::kMiss, true);
        break;
      }
      Promote(context, asked.id, false);
      if (leader_) leader_->alone = true;
      break;
    case AskResult::kLost:
      foreign_until_ = EndOf(reply.remaining, context.now);
      // Only who opened the flight may be impatient, and it is the oldest.
      if (!waiters_.empty() && !waiters_.begin()->second.may_wait) {
        Dismiss(context, waiters_.begin()->first, Answer::kMiss, true);
      }
      break;
  }
  provisional_.reset();
}

void Flight::Verified(Context& context, const Asking& asked, const AskReply& reply) {
  if (ValueWasDeleted(context, reply)) return Invalidated(context);
  switch (reply.result) {
    case AskResult::kValue:
      if (ValueIsTheOld(reply)) break;
      if (leader_->leased || leader_->mode == Mode::kCold) {
        Invalidated(context);
      } else {
        // Without leases other pods refresh at the same time. To keep each SET but the first short would make the value
        // due again at once.
        EndLead(context, Outcome::kFilledByOther);
      }
      AnswerUpTo(context, asked.limit);
      break;
    case AskResult::kWon:
      if (leader_->leased && context.now < leader_->until) {  // it was deleted, then
        Invalidated(context);
      } else {
        leader_->leased = true;
        leader_->until = std::min(context.now + terms_.lease_time, leader_->cap);
      }
      break;
    case AskResult::kMine:
      leader_->leased = true;
      break;
    case AskResult::kLost:
      if (!leader_->leased) {  // two pods compute; whose SET comes first wakes the waiters
        leader_->alone = true;
        break;
      }
      Invalidated(context);
      foreign_until_ = EndOf(reply.remaining, context.now);
      break;
    case AskResult::kUnavailable:
      leader_->alone = !leader_->leased;
      break;
  }
}

// The leader's flight is over, by what Redis said.
void Flight::Invalidated(Context& context) {
  TaintReaders();
  EndLead(context, Outcome::kTainted);
}

// Of a refresh nobody waits for: a value that was written again has more left.
bool Flight::ValueIsTheOld(const AskReply& reply) const {
  return leader_->mode == Mode::kRefresh && waiters_.empty() && reply.remaining.count() >= 0 &&
         reply.remaining <= leader_->refresh_below;
}

// Of a refresh: the value is gone before its end.
bool Flight::ValueWasDeleted(const Context& context, const AskReply& reply) const {
  if (leader_->mode != Mode::kRefresh || context.now >= leader_->value_until) return false;
  if (reply.result == AskResult::kUnavailable) return !terms_.lease;  // it was a read, then
  return reply.result == AskResult::kMine && !reply.value_lives;
}

}  // namespace herdgate::stampede
