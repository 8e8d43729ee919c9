// What time does to a flight.
#include <algorithm>

#include "sidecar/stampede/flight.h"

namespace herdgate::stampede {

using base::SteadyTime;
using std::chrono::milliseconds;

void Flight::OnDue(Context& context) {
  ExpireReaders(context);
  ExpireFills(context);
  if (asking_ && asking_->until <= context.now) OnAsked(context, asking_->id, {});
  if (leader_) KeepLease(context);
  if (foreign_until_ && *foreign_until_ <= context.now) foreign_until_.reset();
  if (patient_until_ && *patient_until_ <= context.now) patient_until_.reset();
  Release(context);
  Settle(context);
}

SteadyTime Flight::Due() const {
  SteadyTime due = SteadyTime::max();
  for (const Reader& reader : readers_) due = std::min(due, reader.until);
  for (const Fill& fill : fills_) due = std::min(due, fill.until);
  if (asking_) due = std::min(due, asking_->until);
  if (leader_) due = std::min({due, leader_->renew_at, leader_->until});
  if (foreign_until_) due = std::min(due, *foreign_until_);
  if (patient_until_) due = std::min(due, *patient_until_);
  if (!deadlines_.empty()) {
    const SteadyTime first = deadlines_.begin()->first;
    due = std::min(due, std::min(first + terms_.overtime, std::max(release_at_, first)));
  }
  return due;
}

// A leader is a reader for as long as it leads.
void Flight::ExpireReaders(Context& context) {
  for (std::size_t i = readers_.size(); i-- > 0;) {
    Reader& reader = readers_[i];
    if (reader.until > context.now) continue;
    if (leader_ && leader_->caller.id == reader.caller.id) {
      reader.until = std::max(leader_->until, context.now) + terms_.lease_time;
    } else {
      RemoveReader(context, &reader);
    }
  }
}

void Flight::ExpireFills(Context& context) {
  for (std::size_t i = fills_.size(); i-- > 0;) {
    if (fills_[i].until > context.now) continue;
    if (fills_[i].of_leader && leader_ && !fills_[i].invalidated) EndLead(context, Outcome::kNoSet);
    fills_.erase(fills_.begin() + static_cast<std::ptrdiff_t>(i));
    look_again_ = true;
  }
}

void Flight::KeepLease(Context& context) {
  Leader& leader = *leader_;
  const bool lost = leader.leased && leader.until <= context.now;
  if (leader.renew_at <= context.now && !lost) {
    leader.renew_at = context.now + std::max(terms_.lease_time / 3, milliseconds(1));
    if (leader.leased) {
      if (context.now < leader.cap) Call(context, LeaseCall::Kind::kRenew, leader.id);
    } else {
      leader.until = std::min(context.now + terms_.lease_time, leader.cap);
    }
  }
  if (leader.until <= context.now) EndLead(context, Outcome::kNoSet);
}

// Those whose time is over, the oldest first: 1, 2, 4, ... so that the first of them may fill before all compute; and
// whose overtime is over too at once.
void Flight::Release(Context& context) {
  const auto time_out = [&] {
    const WaiterId waiter = deadlines_.begin()->second;
    if (waiters_.at(waiter).mode == Mode::kCold) context.callers.GaveUp(waiters_.at(waiter).caller.id, context.now);
    Dismiss(context, waiter, Answer::kTimeout, true);
  };
  while (!deadlines_.empty() && deadlines_.begin()->first + terms_.overtime <= context.now) time_out();
  while (!deadlines_.empty()) {
    const SteadyTime at = std::max(release_at_, deadlines_.begin()->first);
    if (at > context.now) return;
    for (std::size_t i = 0; i < release_count_ && !deadlines_.empty(); ++i) {
      if (deadlines_.begin()->first > at) break;
      time_out();
    }
    release_at_ = at + std::max(terms_.release_step, milliseconds(1));
    release_count_ = std::min<std::size_t>(2 * release_count_, context.options.max_waiters);
  }
}

}  // namespace herdgate::stampede
