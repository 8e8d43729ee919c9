// What Redis and the pods do in FlightModel, and the checks of their books. Included by flight_model.h only.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tests/property/flight_model.h"

namespace herdgate::stampede {

inline void FlightModel::ExecuteLane(Lane& lane) {
  if (lane.sent.empty()) return;
  Command command = lane.sent.front();
  lane.sent.pop_front();
  if (command.kind == Command::Kind::kGet) {
    const FlightWorld::Value* const value = world_.Read(command.key);
    command.version = value == nullptr ? 0 : value->version;
    if (value != nullptr) command.left = std::chrono::ceil<std::chrono::milliseconds>(value->until - world_.now);
  } else if (command.kind == Command::Kind::kSet) {
    world_.Set(command.key, command.version, command.plan.tainted);
  } else {
    world_.Delete(command.key);
  }
  command.step = world_.step();
  lane.answered.push_back(command);
}

inline void FlightModel::AnswerLane(int pod, Lane& lane) {
  if (lane.answered.empty()) return;
  const Command command = lane.answered.front();
  lane.answered.pop_front();
  Session* const session = Find(command.caller);
  if (command.kind == Command::Kind::kSet) OnSet(pod, command);
  if (session == nullptr) return;
  if (command.kind == Command::Kind::kGet) return OnGot(*session, command);
  if (session->state == State::kBusy) session->state = State::kIdle;
}

inline void FlightModel::OnSet(int pod, const Command& command) {
  Todo todo;
  Pod& at = pods_[At(pod)];
  if (Mutated(FlightMutation::kNoSetDone)) return;
  Log("set done by " + std::to_string(command.caller));
  const bool late = at.table.OnSetDone(Key(command.key), command.plan, SetOutcome::kStored, world_.now, todo);
  const bool deleted = at.deletes[At(command.key)] > command.deletes && at.blinds[At(command.key)] == command.blinds;
  const bool full = command.plan.is_fill && !command.plan.tainted;
  Require(!full || !deleted || late, "I9: a SET that a delete met is kept in full");
  const FlightWorld::Value* const value = world_.Read(command.key);
  if (late && value != nullptr) world_.Set(command.key, value->version, true);
  if (late || command.plan.tainted) at.muffled[At(command.key)] = true;
  // Who was told nil long ago is forgotten, and what it sets is taken for an update.
  const bool known = command.plan.is_fill || !command.computed;
  Carry(pod, todo, {.version = command.version, .step = command.step, .fill = known});
}

inline void FlightModel::OnGot(Session& session, const Command& command) {
  session.state = State::kIdle;
  const bool refresh = weather_.refreshes && command.version != 0 && command.left < std::chrono::milliseconds(100);
  if ((command.version != 0 && !refresh) || resting_) return;
  Todo todo;
  FlightTerms terms;
  terms.max_wait = weather_.max_wait;
  terms.overtime = kModelOvertime;
  terms.waits_while_leading = weather_.waits_while_leading;
  if (random_.Below(4) == 0) terms.patience = std::chrono::milliseconds(10);
  terms.release_step = std::chrono::milliseconds(20);
  terms.lease_time = weather_.lease_time;
  terms.lease_cap = 4 * weather_.lease_time;
  if (refresh) {
    terms.mode = Mode::kRefresh;
    terms.may_wait = false;
    terms.refresh_below = command.left;
    terms.value_until = command.sent_at + command.left;
  }
  Pod& pod = pods_[At(session.pod)];
  const int key = command.key;
  const Begun begun = pod.table.Begin(Key(key), session.caller, terms, world_.now, todo);
  Log("begin by " + std::to_string(session.caller.id) + " role " + std::to_string(static_cast<int>(begun.role)) +
      " waiter " + std::to_string(begun.waiter) + (refresh ? " refresh" : ""));
  if (!refresh) ++ends_.nothing;
  if (begun.role == Role::kWait) {
    session.state = State::kParked;
    session.key = key;
    session.waiter = begun.waiter;
    session.refreshes = refresh;
    session.parked_at = world_.now;
    session.parked_step = world_.step();
    session.floor = pod.deleted[At(key)];
  } else if (begun.role == Role::kLead || !refresh) {
    if (begun.role != Role::kLead) GuardOf(session.pod).OnTurnedAway(Key(key).hash);
    if (refresh) ++ends_.synthetic;
    TellNil(session, key, begun.role == Role::kLead);
  }
  Carry(session.pod, todo);
}

inline void FlightModel::ExecuteCall(int pod) {
  auto& calls = pods_[At(pod)].calls;
  if (calls.empty()) return;
  const bool last = Mutated(FlightMutation::kCallsReorder);
  const LeaseCall call = last ? calls.back() : calls.front();
  if (last) {
    calls.pop_back();
  } else {
    calls.pop_front();
  }
  world_.Execute(pod, call, NumberOf(*call.key));
}

inline void FlightModel::ReadStream(int pod) {
  if (world_.streams[At(pod)].empty()) return;
  // The pushes of one read may be looked at before its replies.
  auto next = world_.streams[At(pod)].begin();
  if (random_.Below(4) == 0) {
    const auto end = next + static_cast<std::ptrdiff_t>(std::min<std::size_t>(3, world_.streams[At(pod)].size()));
    const auto push = std::find_if(next, end, [](const StreamItem& i) { return i.kind == StreamItem::Kind::kPush; });
    if (push != end) next = push;
  }
  const StreamItem item = *next;
  world_.streams[At(pod)].erase(next);
  FlightTable& table = pods_[At(pod)].table;
  const cache::HashedKey key = Key(item.key);
  Todo todo;
  if (item.kind == StreamItem::Kind::kPush) {
    Log("push to pod " + std::to_string(pod));
    if (!Mutated(FlightMutation::kNoInvalidated)) table.OnInvalidated(key, world_.now, todo);
  } else if (item.kind == StreamItem::Kind::kRenewed) {
    table.OnRenewed(key, item.flight, item.held, world_.now, todo);
  } else {
    AskReply reply;
    reply.result = item.result;
    reply.remaining = item.remaining;
    reply.value_lives = item.value_lives;
    Log("asked by pod " + std::to_string(pod) + " flight " + std::to_string(item.flight) + " result " +
        std::to_string(static_cast<int>(item.result)));
    Overtaken(pod, item);
    table.OnAsked(key, item.flight, reply, world_.now, todo);
  }
  Carry(pod, todo, {.version = item.value, .step = item.step, .flight = item.flight});
}

// The leader hears that the key has a value, or that another pod leads.
inline void FlightModel::Overtaken(int pod, const StreamItem& item) {
  const Pod& at = pods_[At(pod)];
  const bool another = item.result == AskResult::kLost || (item.result == AskResult::kValue && !weather_.refreshes);
  if (!another || !at.leader[At(item.key)] || at.flight[At(item.key)] != item.flight) return;
  Session* const leader = Find(*at.leader[At(item.key)]);
  if (leader != nullptr && leader->state == State::kComputing && leader->key == item.key) leader->overtaken = true;
}

inline void FlightModel::LoseTracking(int pod) {
  Log("lost: pod " + std::to_string(pod));
  lost_ = true;
  world_.Lose(pod);
  Todo todo;
  FlightTable& table = pods_[At(pod)].table;
  for (const LeaseCall& call : std::exchange(pods_[At(pod)].calls, {})) {
    const cache::HashedKey key = table.Hash(*call.key);
    if (call.kind <= LeaseCall::Kind::kRead) table.OnAsked(key, call.flight, {}, world_.now, todo);
    if (call.kind == LeaseCall::Kind::kRenew) table.OnRenewed(key, call.flight, false, world_.now, todo);
  }
  table.OnAllInvalidated(world_.now, todo);
  Carry(pod, todo);
}

inline void FlightModel::ForeignWrite(int key) {
  const int version = ++world_.database[At(key)];
  Log("foreign write");
  if (random_.Below(2) == 0) {
    world_.Set(key, version, false);
  } else {
    world_.Delete(key);
  }
}

inline void FlightModel::Pass(std::chrono::milliseconds time) {
  const base::SteadyTime end = world_.now + time;
  while (world_.now < end) {
    world_.now += std::chrono::milliseconds(1);
    if (random_.Below(4) == 0) world_.Read(static_cast<int>(random_.Below(At(weather_.keys))));
    if (Mutated(FlightMutation::kNoDue)) continue;
    for (int pod = 0; pod < kPods; ++pod) {
      Todo todo;
      pods_[At(pod)].table.OnDue(world_.now, todo);
      Carry(pod, todo);
    }
  }
}

inline void FlightModel::Carry(int pod, Todo& todo, const Brought& brought) {
  Pod& at = pods_[At(pod)];
  for (const FlightEnd& end : todo.ended) {
    Log("ended: pod " + std::to_string(pod) + " outcome " + std::to_string(static_cast<int>(end.outcome)));
    at.leader[At(NumberOf(*end.key))].reset();
    at.muffled[At(NumberOf(*end.key))] = false;
    GuardOf(pod).OnFlightEnd(Key(NumberOf(*end.key)).hash, end, MissCause::kExpiry, 0, world_.now, {});
  }
  for (const LeaseCall& call : todo.calls) {
    Log("call " + std::to_string(static_cast<int>(call.kind)) + " of pod " + std::to_string(pod) + " flight " +
        std::to_string(call.flight));
    const bool releases = call.kind == LeaseCall::Kind::kRelease || call.kind == LeaseCall::Kind::kDrop;
    if (releases && Mutated(FlightMutation::kNoReleases)) continue;
    at.calls.push_back(call);
  }
  for (const Wake& wake : todo.wakes) Deliver(pod, wake, brought);
  todo.Clear();
}

inline void FlightModel::Deliver(int pod, const Wake& wake, const Brought& brought) {
  Session* const session = Find(wake.caller.id);
  if (session == nullptr) return Require(dead_.contains(wake.caller.id), "I7: nobody was woken");
  const bool parked = session->state == State::kParked && session->waiter == wake.waiter;
  Require(parked, "I7: somebody was answered twice");
  if (!parked) return;
  Log("wake " + std::to_string(wake.caller.id) + " answer " + std::to_string(static_cast<int>(wake.answer)));
  const int key = session->key;
  GuardOf(pod).OnWake(Key(key).hash, wake);
  switch (wake.answer) {
    case Answer::kValue:
      ++waited_;
      if (!session->refreshes) ++ends_.waited;
      Require(brought.version != 0, "I7: a value that is none");
      Require(brought.step > session->parked_step, "I3: a value from before the wait");
      Require(!brought.fill || brought.version >= session->floor, "I3: a value from before a delete of the pod");
      session->state = State::kIdle;
      return;
    case Answer::kLead:
      Require(!pods_[At(pod)].leader[At(key)], "I6: two leaders in one pod");
      pods_[At(pod)].leader[At(key)] = wake.caller.id;
      pods_[At(pod)].flight[At(key)] = brought.flight;
      if (session->refreshes) ++ends_.synthetic;
      return TellNil(*session, key, true);
    case Answer::kTimeout:
      CheckTimeout(*session);
      ++ends_.timeouts;
      return TellNil(*session, key, false);
    case Answer::kMiss:
      return TellNil(*session, key, false);
    case Answer::kKeep:
      Require(weather_.refreshes, "I11: a caller without a value keeps it");
      session->state = State::kIdle;
      return;
  }
}

// Whoever is released has waited in vain, but not for the dead, and not for what is there.
inline void FlightModel::CheckTimeout(const Session& session) {
  const Pod& pod = pods_[At(session.pod)];
  const std::size_t key = At(session.key);
  bool alive = !pod.leader[key] || !dead_.contains(*pod.leader[key]);
  for (const Lane& lane : pod.lanes) {  // its SET may be under way
    for (const auto& commands : {lane.sent, lane.answered}) {
      for (const Command& command : commands) alive = alive || command.caller == *pod.leader[key];
    }
  }
  Require(alive, "I7: somebody waited for the dead");
  const FlightWorld::Value* const value = world_.Read(session.key);
  if (lost_ || UnderWay(pod, session.pod)) return;
  const bool hidden = value != nullptr && (value->is_short || pod.muffled[key]);
  Require(value == nullptr || hidden, "I7: somebody waited for a value that was there");
  Require(pod.table.Stats().leaders > 0 || world_.HadLease(session.key), "I7: somebody waited for nobody");
}

inline bool FlightModel::UnderWay(const Pod& pod, int number) const {
  if (!pod.calls.empty() || !world_.streams[At(number)].empty()) return true;
  return std::any_of(pod.lanes.begin(), pod.lanes.end(),
                     [](const Lane& lane) { return !lane.sent.empty() || !lane.answered.empty(); });
}

inline void FlightModel::CheckBooks() {
  for (int pod = 0; pod < kPods; ++pod) {
    std::size_t parked = 0;
    for (const Session& session : sessions_) {
      if (session.pod != pod || session.state != State::kParked) continue;
      ++parked;
      const auto limit = weather_.max_wait + kModelOvertime + std::chrono::milliseconds(1);
      Require(world_.now - session.parked_at <= limit, "I7: somebody waits too long");
    }
    if (Mutated(FlightMutation::kNoCallerGone)) continue;
    Require(pods_[At(pod)].table.Stats().waiters == parked, "I20: the number of waiters");
  }
}

// Once nobody leads any more.
inline void FlightModel::CheckAccounts() {
  struct Sums : metrics::SampleSink {
    std::map<std::string_view, double> of;

   private:
    void AddValue(const metrics::Family& family, Labels, double value) override { of[family.name] += value; }
    void AddHistogram(const metrics::HistogramFamily& family, Labels, const metrics::HistogramSnapshot& all) override {
      of[family.name] += static_cast<double>(all.Count());
    }
  } sums;
  for (const Guard& guard : guards_) guard.Collect(sums);
  events_.histograms().Collect(sums);
  const auto is = [&](const char* name, std::uint64_t n) { return sums.of[name] == static_cast<double>(n); };
  Require(is("herdgate_recomputes_total", ends_.computed), "I19: who was told nil");
  Require(is("herdgate_recomputes_avoided_total", ends_.waited), "I19: who was spared a recompute");
  Require(is("herdgate_waiter_wait_seconds", ends_.waited + ends_.timeouts), "I19: who waited");
  Require(ends_.computed - ends_.synthetic + ends_.waited == ends_.nothing, "I19: all that found nothing");
}

inline bool FlightModel::Quiet() const {
  for (int pod = 0; pod < kPods; ++pod) {
    if (UnderWay(pods_[At(pod)], pod)) return false;
  }
  return std::all_of(sessions_.begin(), sessions_.end(), [](const Session& s) { return s.state == State::kIdle; });
}

// Nobody begins anything; what is under way ends.
inline void FlightModel::Rest() {
  resting_ = true;
  for (int i = 0; i < 3000 && !Quiet() && violation_.empty(); ++i) {
    for (Session& session : sessions_) Act(session);
    for (int pod = 0; pod < kPods; ++pod) {
      for (Lane& lane : pods_[At(pod)].lanes) {
        ExecuteLane(lane);
        AnswerLane(pod, lane);
      }
      ExecuteCall(pod);
      ReadStream(pod);
    }
    if (i % 4 == 0) Pass(std::chrono::milliseconds(1));
    CheckBooks();
  }
  Require(Quiet(), "I7: it does not come to rest");
  for (int key = 0; key < weather_.keys && Quiet() && !lost_; ++key) {
    const FlightWorld::Lease* const lease = world_.LeaseOf(key);
    if (lease == nullptr || lease->pod >= kPods) continue;
    Require(pods_[At(lease->pod)].table.Stats().leaders > 0, "I20: a lease is left");
  }
  // Who was told nil is remembered for a while.
  for (int i = 0; i < 1000 && violation_.empty(); ++i) {
    Pass(std::chrono::milliseconds(5));
    for (int pod = 0; pod < kPods; ++pod) {
      ExecuteCall(pod);
      ReadStream(pod);
    }
  }
  for (const Pod& pod : pods_) {
    Require(pod.table.empty(), "I20: a flight is left");
    Require(pod.table.callers() == 0, "I20: a caller is left");
  }
  // Where a rule is left out, the promise that it carries is to be seen broken, not this one.
  if (violation_.empty() && Mutated(FlightMutation::kNone)) CheckAccounts();
}

}  // namespace herdgate::stampede
