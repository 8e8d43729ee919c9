#include "sidecar/stampede/flight.h"

#include <algorithm>

namespace herdgate::stampede {
namespace {

using base::SteadyTime;
using std::chrono::milliseconds;

}  // namespace

// ---- events

Begun Flight::Begin(Context& context, const Caller& caller, const FlightTerms& terms, bool leads) {
  const bool patient = terms.may_wait && (terms.waits_while_leading || !leads);
  const bool known = !terms.waits_while_leading && FindReader(caller) != nullptr;
  const bool open = leader_ || asking_ || foreign_until_ || patient_until_ || !fills_.empty();
  if (known || (open && !patient)) return Refuse(context, caller, terms, Role::kRefused);
  // Without leases nobody else looks whether the value was refreshed by another pod already.
  const bool looks = terms.mode == Mode::kRefresh && terms.value_until != SteadyTime::min();
  const bool hopes = !open && patient && terms.patience > milliseconds(0);
  if (!open && !hopes && !terms.lease && !looks) {
    Adopt(terms);
    AddReader(context, caller, terms.mode, true);
    Lead(context, caller, terms.mode, context.NextId(), false);
    return {.role = Role::kLead};
  }
  if (waiters_.size() >= context.options.max_waiters_per_key || !context.room_in_pod) {
    return Refuse(context, caller, terms, Role::kFull);
  }
  Adopt(terms);
  if (hopes) patient_until_ = context.now + terms.patience;
  FlightTerms parked = terms;
  parked.may_wait = patient;
  const Begun begun{.role = Role::kWait, .waiter = Park(context, caller, parked)};
  // A second caller makes it worth while to hold a lease.
  if (leader_ && !leader_->leased && !leader_->alone && terms.lease) look_again_ = true;
  Settle(context);
  return begun;
}

void Flight::OnRenewed(Context& context, FlightId id, bool held) {
  if (!leader_ || leader_->id != id) return;
  if (held) {
    leader_->until = std::min(context.now + terms_.lease_time, leader_->cap);
  } else {
    look_again_ = true;
  }
  Settle(context);
}

void Flight::OnInvalidated(Context& context) {
  look_again_ = true;
  Settle(context);
}

void Flight::Taint(Context& context) {
  for (Fill& fill : fills_) fill.invalidated = true;
  TaintReaders();
  if (leader_) {
    // With no room to remember one more leader it leads on, tainted: each invalidation would add one.
    if (readers_.size() >= context.options.max_readers) return;
    EndLead(context, Outcome::kTainted);
  }
  // Whoever has or gets the lease by now may have read too early.
  asking_.reset();
  if (terms_.lease) Call(context, LeaseCall::Kind::kDrop, 0);
  look_again_ = true;
  Settle(context);
}

SetPlan Flight::OnSetSent(Context& context, const Caller& caller) {
  SetPlan plan{.fill = context.NextId()};
  Fill fill{.id = plan.fill,
            .limit = last_waiter_,
            .tainted = false,
            .of_leader = false,
            .until = context.now + 10 * context.options.ask_timeout};
  if (Reader* const reader = ReaderOfSet(context, caller)) {
    if (reader->caller.id == caller.id) context.callers.Fills(caller.id, context.now);
    if (reader->caller.id != caller.id) context.callers.FilledByAnother(reader->caller.id);
    plan.is_fill = true;
    plan.own_miss = reader->caller.id == caller.id;
    plan.tainted = fill.tainted = reader->tainted > 0;
    plan.refresh = reader->mode == Mode::kRefresh;
    if (plan.tainted) fill.limit = reader->tainted_behind;
    if (plan.tainted) --reader->tainted;
    if (!plan.tainted) plan.delta = context.now - reader->since;
    fill.of_leader = leader_ && leader_->caller.id == reader->caller.id;
    fill.maybe_of_leader = MayBeLeaders(caller);
    ++(plan.tainted ? context.stats.short_fills : context.stats.fills);
    if (--reader->nils == 0) RemoveReader(context, reader);
  } else {
    ++context.stats.blind_writes;
    for (const Reader& other : readers_) plan.missed = std::max(plan.missed, context.now - other.since);
    for (Fill& other : fills_) other.invalidated = other.overwritten = true;
    TaintReaders();
  }
  fills_.push_back(fill);
  if (!plan.is_fill && leader_) EndLead(context, Outcome::kTainted);
  return plan;
}

bool Flight::OnSetDone(Context& context, const SetPlan& plan, SetOutcome outcome) {
  const auto found = std::find_if(fills_.begin(), fills_.end(), [&](const Fill& fill) { return fill.id == plan.fill; });
  if (found == fills_.end()) {  // sent before the flight began, or given up
    OnInvalidated(context);
    return false;
  }
  const Fill fill = *found;
  fills_.erase(found);
  patient_until_.reset();
  if (outcome == SetOutcome::kStored) AnswerUpTo(context, fill.limit);
  bool late = false;
  if (outcome == SetOutcome::kNotStored) {
    if (fill.of_leader && leader_ && !fill.invalidated) EndLead(context, Outcome::kNoSet);
    look_again_ = true;
  } else if (fill.tainted || fill.invalidated) {
    // Another who leads by now computes something newer.
    if (fill.maybe_of_leader && !fill.invalidated && leader_) EndLead(context, Outcome::kTainted);
    muffled_ = leader_.has_value();
    late = !fill.tainted && !fill.overwritten;
  } else {
    if (leader_) EndLead(context, fill.of_leader ? Outcome::kFilled : Outcome::kFilledByOther);
    look_again_ = true;  // who came since it was sent
  }
  if (late) ++context.stats.late_taints;
  Settle(context);
  return late;
}

std::optional<Answer> Flight::Unpark(Context& context, WaiterId waiter) {
  if (!waiters_.contains(waiter)) return std::nullopt;
  ++context.stats.unparked;
  const Waiter& leaving = waiters_.at(waiter);
  if (asking_ && !leader_ && leaving.mode == Mode::kCold) provisional_ = leaving.caller.id;
  const Answer answer = Dismiss(context, waiter, Answer::kMiss, false);
  Settle(context);
  return answer;
}

void Flight::OnCallerGone(Context& context, const Caller& caller, WaiterId waiter) {
  if (const auto found = waiters_.find(waiter); found != waiters_.end()) Remove(context, found);
  if (provisional_ == caller.id) provisional_.reset();
  if (const Reader* const reader = FindReader(caller)) RemoveReader(context, reader);
  if (leader_ && leader_->caller.id == caller.id) {
    // Its SET may be under way, which decides.
    const bool fills = std::any_of(fills_.begin(), fills_.end(), [](const Fill& fill) { return fill.of_leader; });
    if (!fills) EndLead(context, Outcome::kLeaderGone);
  }
  Settle(context);
}

void Flight::OnCallerReused(const Caller& caller) {
  if (Reader* const reader = FindReader(caller)) reader->reused = true;
}

// ---- what carries it on

// Sees to it that somebody or something ends every wait.
void Flight::Settle(Context& context) {
  if (asking_) return;
  if (leader_) {
    if (!look_again_ || !fills_.empty()) return;
    look_again_ = false;
    if (!muffled_) StartAsk(context, leader_->id);
    return;
  }
  if (waiters_.empty()) {
    patient_until_.reset();
    foreign_until_.reset();
    look_again_ = false;
    return;
  }
  if (!fills_.empty() || patient_until_ || (foreign_until_ && !look_again_)) return;
  foreign_until_.reset();
  look_again_ = false;
  StartAsk(context, context.NextId());
}

void Flight::StartAsk(Context& context, FlightId id) {
  asking_ = Asking{.id = id, .limit = last_waiter_, .until = context.now + context.options.ask_timeout};
  LeaseCall::Kind kind = terms_.lease ? LeaseCall::Kind::kAsk : LeaseCall::Kind::kRead;
  // A refresh wants the lease though there is a value; everybody else wants the value.
  const bool refresh = leader_ ? leader_->mode == Mode::kRefresh && waiters_.empty()
                               : waiters_.size() == 1 && waiters_.begin()->second.mode == Mode::kRefresh;
  if (refresh && terms_.lease) kind = LeaseCall::Kind::kAskRefresh;
  Call(context, kind, id);
  if (leader_) context.todo.calls.back().refresh_below = leader_->refresh_below;
}

void Flight::Call(Context& context, LeaseCall::Kind kind, FlightId id) const {
  context.todo.calls.push_back({kind, key_, id, terms_.lease_time, terms_.refresh_below});
}

void Flight::Promote(Context& context, FlightId id, bool leased) {
  const auto chosen = std::find_if(readers_.begin(), readers_.end(), [this](const Reader& reader) {
    return provisional_ == reader.caller.id && reader.tainted == 0;
  });
  if (chosen != readers_.end()) {
    Lead(context, chosen->caller, chosen->mode, id, leased);
    leader_->let_go = true;
    return;
  }
  if (waiters_.empty() || !fills_.empty()) {  // nobody needs to compute
    if (leased) Call(context, LeaseCall::Kind::kRelease, id);
    return;
  }
  const auto [waiter, oldest] = *waiters_.begin();
  Dismiss(context, waiter, Answer::kLead, true);
  Lead(context, oldest.caller, oldest.mode, id, leased);
}

void Flight::Lead(Context& context, const Caller& caller, Mode mode, FlightId id, bool leased) {
  const SteadyTime now = context.now;
  const SteadyTime cap = now + std::max(terms_.lease_cap, terms_.lease_time);
  leader_ = Leader{.caller = caller,
                   .id = id,
                   .mode = mode,
                   .leased = leased,
                   .alone = false,
                   .since = now,
                   .until = now + terms_.lease_time,
                   .renew_at = now + terms_.lease_time / 3,
                   .cap = cap,
                   .refresh_below = terms_.refresh_below,
                   .value_until = terms_.value_until};
  foreign_until_.reset();
  muffled_ = false;
  release_at_ = SteadyTime::min();
  release_count_ = 1;
  answered_ = 0;
  ++context.stats.led[static_cast<std::size_t>(mode)];
  context.callers.AddLead(caller.id, key_);
}

void Flight::EndLead(Context& context, Outcome outcome) {
  const Leader leader = *leader_;
  leader_.reset();
  muffled_ = false;
  const bool asked = asking_ && asking_->id == leader.id;
  if (asked) asking_.reset();  // its reply finds nobody
  if (leader.leased || asked) Call(context, LeaseCall::Kind::kRelease, leader.id);
  if (Reader* const reader = FindReader(leader.caller))
    reader->until = std::max(reader->until, context.now + terms_.lease_time);
  context.callers.EndLead(leader.caller.id, key_);
  context.todo.ended.push_back({key_, outcome, leader.mode, answered_, context.now - leader.since, leader.let_go});
}

void Flight::TaintReaders() {
  for (Reader& reader : readers_) {
    if (reader.tainted == 0) reader.tainted_behind = last_waiter_;
    reader.tainted = reader.nils;
  }
  provisional_.reset();
}

// The latest terms hold for the whole flight.
void Flight::Adopt(const FlightTerms& terms) {
  terms_ = terms;
  terms_.lease_time = std::max(terms.lease_time, milliseconds(1));
  terms_.overtime = std::max(terms.overtime, milliseconds(0));
}

}  // namespace herdgate::stampede
