// What the app does in FlightModel. Included by flight_model.h only.
#pragma once

#include <string>
#include <utility>

#include "tests/property/flight_model.h"

namespace herdgate::stampede {

inline FlightModel::FlightModel(FlightMutation mutation, const FlightWeather& weather, std::uint64_t seed)
    : mutation_(mutation), weather_(weather), random_(seed) {
  policy::Policy policy;
  policy.name = "model";
  for (int pod = 0; pod < kPods; ++pod) guards_.emplace_back(policy, history_, events_);
  for (int i = 0; i < kPods * 4; ++i) {
    Session session;
    session.caller.id = ++last_caller_;
    session.pod = i % kPods;
    sessions_.push_back(session);
  }
}

inline FlightModel::Session* FlightModel::Find(std::uint64_t caller) {
  for (Session& session : sessions_) {
    if (session.caller.id == caller) return &session;
  }
  return nullptr;
}

inline void FlightModel::Run(int steps) {
  for (int i = 0; i < steps && violation_.empty(); ++i) Step();
  if (violation_.empty()) Rest();
}

inline void FlightModel::Step() {
  const std::uint64_t what = random_.Below(100);
  const int pod = static_cast<int>(random_.Below(kPods));
  Lane& lane = pods_[At(pod)].lanes[random_.Below(2)];
  if (what < 30) {
    Act(sessions_[random_.Below(sessions_.size())]);
  } else if (what < 45) {
    ExecuteLane(lane);
  } else if (what < 60) {
    AnswerLane(pod, lane);
  } else if (what < 72) {
    ExecuteCall(pod);
  } else if (what < 84) {
    ReadStream(pod);
  } else if (what < 96) {
    Pass(std::chrono::milliseconds(1 + random_.Below(8)));
  } else if (what < 97) {
    // Nobody wrote: an own write's push, or one that is long over.
    world_.streams[At(pod)].push_back({.key = static_cast<int>(random_.Below(At(weather_.keys)))});
  } else if (what < 98 && weather_.faults) {
    const int key = static_cast<int>(random_.Below(At(weather_.keys)));
    if (random_.Below(2) == 0) return ForeignWrite(key);
    world_.LeaseToStranger(key, weather_.lease_time / 2);
  } else if (what < 99 && weather_.losses && random_.Below(4) == 0) {
    LoseTracking(pod);
  }
  CheckBooks();
}

// ---- the app

inline void FlightModel::Act(Session& session) {
  const int key = static_cast<int>(random_.Below(At(weather_.keys)));
  const std::uint64_t what = random_.Below(100);
  if (weather_.faults && what < 2) return Die(session);
  switch (session.state) {
    case State::kIdle:
      if (resting_) return;
      if (weather_.faults && what < 10) return Update(session, key);
      return Get(session, key);
    case State::kParked:
      if (weather_.faults && what < 12) BytesBehind(session);
      return;
    case State::kComputing:
      if (weather_.faults && what < 6) {
        session.state = State::kIdle;  // it forgets to SET
        return;
      }
      if (!session.computed || what < 50) return Compute(session);
      return SendSet(session, session.key, *session.computed);
    case State::kBusy:
      return;
  }
}

inline void FlightModel::Get(Session& session, int key) {
  session.state = State::kBusy;
  session.key = key;
  Command command{.kind = Command::Kind::kGet, .caller = session.caller.id, .key = key, .plan = {}};
  command.sent_at = world_.now;
  LaneOf(session).sent.push_back(command);
}

inline void FlightModel::Compute(Session& session) {
  if (!session.computed) session.computed = world_.database[At(session.key)];
}

inline void FlightModel::Update(Session& session, int key) {
  const int version = ++world_.database[At(key)];
  session.state = State::kBusy;
  session.key = key;
  session.computed.reset();
  if (random_.Below(2) == 0) return SendSet(session, key, version);
  SendDelete(session, key);
}

inline void FlightModel::SendSet(Session& session, int key, int version) {
  Pod& pod = pods_[At(session.pod)];
  Todo todo;
  const SetPlan plan = pod.table.OnSetSent(Key(key), session.caller, world_.now, todo);
  const bool computed = session.state == State::kComputing;
  Log("set sent by " + std::to_string(session.caller.id) + " version " + std::to_string(version) +
      (plan.tainted ? " tainted" : ""));
  const bool remembered = world_.now - session.nil_at < weather_.lease_time;
  const bool outdated =
      pod.deletes[At(key)] > session.deletes_at_nil || pod.blinds[At(key)] > session.blinds_at_nil || session.overtaken;
  Require(!computed || !remembered || !outdated || plan.tainted, "I9: a SET from before a delete is kept in full");
  if (!plan.is_fill) ++pod.blinds[At(key)];
  Require(!plan.tainted || session.nils[At(key)] > 0, "I10: a blind write is kept short");
  if (session.nils[At(key)] > 0) --session.nils[At(key)];
  if (plan.tainted) ++shorts_;
  LaneOf(session).sent.push_back({.kind = Command::Kind::kSet,
                                  .caller = session.caller.id,
                                  .key = key,
                                  .version = version,
                                  .plan = plan,
                                  .computed = computed,
                                  .deletes = pod.deletes[At(key)],
                                  .blinds = pod.blinds[At(key)]});
  session.state = State::kBusy;
  Carry(session.pod, todo);
}

inline void FlightModel::SendDelete(Session& session, int key) {
  Pod& pod = pods_[At(session.pod)];
  Log("delete sent by " + std::to_string(session.caller.id));
  Todo todo;
  LaneOf(session).sent.push_back({.kind = Command::Kind::kDelete, .caller = session.caller.id, .key = key, .plan = {}});
  ++pod.deletes[At(key)];
  pod.deleted[At(key)] = world_.database[At(key)];
  if (Mutated(FlightMutation::kNoTaint)) return;
  if (!pod.table.Taint(Key(key), world_.now, todo)) {
    pod.calls.push_back({.kind = LeaseCall::Kind::kDrop, .key = std::make_shared<const std::string>(kNames[At(key)])});
  }
  Carry(session.pod, todo);
}

inline void FlightModel::Die(Session& session) {
  Todo todo;
  dead_.insert(session.caller.id);
  if (session.state == State::kParked && !session.refreshes) --ends_.nothing;  // never answered
  Log("gone: " + std::to_string(session.caller.id));
  const Caller gone = session.caller;
  const int pod = session.pod;
  session = {};
  session.caller.id = ++last_caller_;
  session.pod = pod;
  if (Mutated(FlightMutation::kNoCallerGone)) return;
  pods_[At(pod)].table.OnCallerGone(gone, world_.now, todo);
  Carry(pod, todo);
}

inline void FlightModel::BytesBehind(Session& session) {
  if (Mutated(FlightMutation::kNoUnpark)) return Require(false, "I8: bytes behind a parked GET wait");
  Todo todo;
  Pod& pod = pods_[At(session.pod)];
  const int key = session.key;
  const auto answer = pod.table.Unpark(Key(key), session.waiter, world_.now, todo);
  Require(answer.has_value(), "I8: a parked GET with bytes behind it has no answer");
  if (answer == Answer::kKeep) {
    session.state = State::kIdle;
  } else {
    GuardOf(session.pod).OnTurnedAway(Key(key).hash);
    TellNil(session, key, false);
  }
  Carry(session.pod, todo);
}

inline void FlightModel::TellNil(Session& session, int key, bool leads) {
  Log("nil to " + std::to_string(session.caller.id) + " key " + std::to_string(key) + (leads ? " leads" : ""));
  ++ends_.computed;
  session.state = State::kComputing;
  session.key = key;
  session.leads = leads;
  session.computed.reset();
  session.nil_at = world_.now;
  session.overtaken = false;
  session.deletes_at_nil = pods_[At(session.pod)].deletes[At(key)];
  session.blinds_at_nil = pods_[At(session.pod)].blinds[At(key)];
  ++session.nils[At(key)];
  if (weather_.faults || weather_.losses) return;
  for (const Session& other : sessions_) {
    if (&other == &session) continue;
    Require(other.state != State::kComputing || other.key != key, "I6: two compute one key");
  }
}

}  // namespace herdgate::stampede
