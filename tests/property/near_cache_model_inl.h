// What the steps of NearCacheModel do. Included by near_cache_model.h only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/property/near_cache_model.h"

namespace herdgate::cache {

inline constexpr const char* kStepNames[] = {
    "get",     "set",         "flush",         "execute", "reply", "ask fill", "execute fill", "read",
    "publish", "foreign set", "foreign flush", "cut",     "loss",  "arm",      "evict",        "wait"};

inline std::string Described(const std::vector<ModelStep>& steps) {
  std::string text;
  for (const ModelStep& step : steps) {
    text += std::string("\n  ") + kStepNames[static_cast<std::size_t>(step.kind)] + " session " +
            std::to_string(step.session) + " key " + std::to_string(step.key) + " n " + std::to_string(step.count);
  }
  return text;
}

inline std::vector<ModelStep> NearCacheModel::Enabled() const {
  std::vector<ModelStep> steps;
  const auto add = [&steps](bool may, const ModelStep& step) {
    if (may) steps.push_back(step);
  };
  for (int s = 0; s < 2; ++s) {
    const Session& session = sessions_[At(s)];
    const bool room = session.pipeline.size() < left_.pipeline;
    for (int key = 0; key < left_.keys; ++key) {
      add(room && left_.reads > 0, {Kind::kGet, s, key});
      add(room && left_.writes > 0 && s == 0, {Kind::kSet, s, key});
    }
    add(room && left_.flushes > 0 && s == 0, {Kind::kFlush, s});
    const auto waits = std::find_if(session.pipeline.begin(), session.pipeline.end(),
                                    [](const Command& command) { return !command.executed; });
    add(waits != session.pipeline.end(), {Kind::kExecute, s});
    add(!session.pipeline.empty() && session.pipeline.front().executed, {Kind::kReply, s});
  }
  for (int key = 0; key < left_.keys; ++key) {
    add(world_.armed() && left_.fills > 0, {Kind::kAskFill, 0, key});
    add(left_.writes > 0, {Kind::kForeignSet, 0, key});
    add(left_.waits > 0, {Kind::kEvict, 0, key});
  }
  add(left_.flushes > 0, {Kind::kForeignFlush});
  add(world_.requests() > 0, {Kind::kExecuteFill});
  for (std::size_t n = 1; n <= std::min<std::size_t>(world_.unread(), 3); ++n) add(true, {Kind::kReadStream, 0, 0, n});
  add(!staged_.empty(), {Kind::kPublish});
  for (std::size_t n = 0; n <= std::min<std::size_t>(world_.unread(), 2); ++n) {
    add(world_.connected() && left_.losses > 0, {Kind::kCut, 0, 0, n});
  }
  add(world_.armed() && (!world_.connected() || left_.losses > 0), {Kind::kLoss});
  add(!world_.armed(), {Kind::kArm});
  add(left_.waits > 0, {Kind::kWait});
  return steps;
}

inline void NearCacheModel::Do(const ModelStep& step) {
  Session& session = sessions_[At(step.session)];
  switch (step.kind) {
    case Kind::kGet:
      return Get(session, step.key);
    case Kind::kSet:
      return Set(session, step.key);
    case Kind::kFlush:
      return FlushAll(session);
    case Kind::kExecute:
      return Execute(session);
    case Kind::kReply:
      return Reply(session);
    case Kind::kAskFill:
      return AskFill(step.key);
    case Kind::kExecuteFill:
      return world_.ExecuteFill();
    case Kind::kReadStream:
      return ReadStream(step.count);
    case Kind::kPublish:
      return Publish();
    case Kind::kForeignSet:
      --left_.writes;
      world_.Write(step.key);
      return;
    case Kind::kForeignFlush:
      --left_.flushes;
      return world_.Flush();
    case Kind::kCut:
      --left_.losses;
      return world_.Cut(step.count);
    case Kind::kLoss:
      return Lose();
    case Kind::kArm:
      return world_.Arm();
    case Kind::kEvict:
      --left_.waits;
      return Drop(step.key, EvictionReason::kInvalidated);
    case Kind::kWait:
      --left_.waits;
      now_ += std::chrono::seconds(3);
      return;
  }
}

inline void NearCacheModel::Get(Session& session, int key) {
  --left_.reads;
  Command command{.kind = Kind::kGet, .key = key, .least = acknowledged_};
  const HashedKey hashed = Key(key);
  if (Mutated(Mutation::kNoPendingKeys) || !session.pending.MayHold(hashed.hash)) {
    const Found found = cache_.Lookup(hashed, now_);
    CheckFound(key, found, command.least);
    if (found.freshness == Freshness::kFresh) {
      ++fresh_hits_;
      command.near = command.executed = true;
      command.version = std::stoi(std::string(found.value.bytes().substr(2)));
    }
  }
  if (!command.near) {
    session.pending.Begin();
    session.pending.Add(hashed.hash);
  }
  session.pipeline.push_back(command);
  DeliverNear(session);
}

inline void NearCacheModel::Set(Session& session, int key) {
  --left_.writes;
  const HashedKey hashed = Key(key);
  if (!Mutated(Mutation::kNoDropAtSend)) Drop(key, EvictionReason::kOwnWrite);
  session.pending.Begin();
  session.pending.Add(hashed.hash);
  session.pipeline.push_back({.kind = Kind::kSet, .key = key, .least = {}});
}

inline void NearCacheModel::FlushAll(Session& session) {
  --left_.flushes;
  if (!Mutated(Mutation::kNoDropAtSend)) DropAll();
  session.pending.Begin();
  session.pending.AddAll();
  session.pipeline.push_back({.kind = Kind::kFlush, .key = 0, .least = {}});
}

inline void NearCacheModel::Execute(Session& session) {
  for (Command& command : session.pipeline) {
    if (command.executed) continue;
    command.executed = true;
    if (command.kind == Kind::kGet) command.version = world_.Read(command.key);
    if (command.kind == Kind::kSet) command.version = world_.Write(command.key);
    if (command.kind == Kind::kFlush) {
      world_.Flush();
      command.flushed = world_.versions();
    }
    return;
  }
}

inline void NearCacheModel::Reply(Session& session) {
  const Command command = session.pipeline.front();
  session.pipeline.pop_front();
  const HashedKey hashed = Key(command.key);
  const bool drops = !Mutated(Mutation::kNoDropAtReply);
  if (command.kind == Kind::kSet && drops) Drop(command.key, EvictionReason::kOwnWrite);
  if (command.kind == Kind::kFlush && drops) DropAll();
  if (command.kind == Kind::kGet && !Mutated(Mutation::kNoWitness)) {
    cache_.Witness(hashed, {.bytes = TextOf(command.key, command.version)}, now_);
    Standing& standing = standing_[At(command.key)];
    if (standing.seq != 0) standing.witnessed += std::to_string(command.version) + "w";
  }
  session.pending.End();
  Deliver(session, command);
  DeliverNear(session);
}

inline void NearCacheModel::DeliverNear(Session& session) {
  while (!session.pipeline.empty() && session.pipeline.front().near) {
    const Command command = session.pipeline.front();
    session.pipeline.pop_front();
    Deliver(session, command);
  }
}

// The app has the reply.
inline void NearCacheModel::Deliver(Session& session, const Command& command) {
  if (command.kind == Kind::kFlush) {
    for (std::size_t i = 0; i < kModelKeys; ++i) {
      acknowledged_[i] = std::max(acknowledged_[i], command.flushed[i]);
      session.seen[i] = std::max(session.seen[i], command.flushed[i]);
    }
    return;
  }
  const std::size_t key = At(command.key);
  Require(command.kind == Kind::kSet || command.version >= session.seen[key],
          "I4 (or I3 within a pipeline): a session's read went back");
  session.seen[key] = std::max(session.seen[key], command.version);
  if (command.kind == Kind::kSet) acknowledged_[key] = std::max(acknowledged_[key], command.version);
}

inline void NearCacheModel::AskFill(int key) {
  --left_.fills;
  const Reservation reservation = cache_.Reserve(Key(key));
  if (!reservation) return;
  standing_[At(key)] = {reservation.seq, ""};
  world_.Ask({key, reservation});
}

// One read of the tracked connection: its pushes take effect at once, its replies wait to be published.
inline void NearCacheModel::ReadStream(std::size_t items) {
  for (std::size_t i = 0; i < items; ++i) {
    const StreamItem item = world_.Receive();
    if (item.kind == StreamItem::Kind::kReply) {
      staged_.push_back(item);
    } else if (item.kind == StreamItem::Kind::kPush) {
      if (!Mutated(Mutation::kNoDropOnPush)) Drop(item.fill.key, EvictionReason::kInvalidated);
    } else {
      DropAll();
      for (std::size_t k = 0; k < kModelKeys; ++k) void_below_[k] = std::max(void_below_[k], item.flushed[k]);
    }
  }
}

inline void NearCacheModel::Publish() {
  const StreamItem item = staged_.front();
  staged_.pop_front();
  const int key = item.fill.key;
  const HashedKey hashed = Key(key);
  Reservation reservation = item.fill.reservation;
  if (standing_[At(key)].seq == reservation.seq) standing_[At(key)] = {};
  if (Mutated(Mutation::kNoPublishGuard)) {
    cache_.Cancel(hashed, reservation);
    reservation = cache_.Reserve(hashed);
  }
  const Lifetime lifetime{now_, now_ + kModelFresh, now_ + kModelFresh + kModelStale};
  const std::string value = TextOf(key, item.version);
  if (cache_.Publish(hashed, reservation, {.bytes = value}, lifetime) != PublishResult::kPublished) return;
  published_epoch_[At(key)] = epoch_;
  published_at_[At(key)] = now_;
  const bool superseded = item.version < world_.Read(key) && !world_.NewsUnderWay(key);
  Require(!superseded, "I15: a superseded value was published");
  Require(item.version >= acknowledged_[At(key)], "I15: a value older than an answered write was published");
  Require(item.version >= void_below_[At(key)], "I15: a value from before a FLUSHALL was published");
}

inline void NearCacheModel::Lose() {
  if (world_.connected()) --left_.losses;
  world_.Close();
  ++epoch_;
  if (Mutated(Mutation::kNoEpoch)) return;
  ForgetFills();
  cache_.NewEpoch(EpochReason::kConnectionLost);
}

inline void NearCacheModel::DropAll() {
  ++epoch_;
  ForgetFills();
  if (Mutated(Mutation::kFlushOnlyAges)) return cache_.NewEpoch(EpochReason::kFlush);
  cache_.DropAll(EpochReason::kFlush);
}

inline void NearCacheModel::Drop(int key, EvictionReason reason) {
  standing_[At(key)] = {};
  cache_.Drop(Key(key), reason);
}

inline void NearCacheModel::CheckFound(int key, const Found& found, const Versions& least) {
  if (!found.value) return;
  const std::string_view bytes = found.value.bytes();
  Require(bytes.starts_with(std::to_string(key) + ":"), "I1: the value of another key");
  if (!violation_.empty()) return;
  const int version = std::stoi(std::string(bytes.substr(2)));
  Require(version >= 1 && version <= world_.Read(key), "I1: a value that was never written");
  Require(version >= least[At(key)], "I3: older than a write that was answered");
  Require(version >= void_below_[At(key)], "I14: a value from before a FLUSHALL");
  Require(now_ < published_at_[At(key)] + kModelFresh + kModelStale, "I13: past its last deadline");
  if (found.freshness != Freshness::kFresh) return;
  Require(published_epoch_[At(key)] == epoch_, "I14: fresh in a later epoch");
  Require(now_ < published_at_[At(key)] + kModelFresh, "I2: fresh past its deadline");
  Require(version == world_.Read(key) || world_.NewsUnderWay(key), "I2: stale, and no news of it is under way");
}

inline std::string NearCacheModel::Signature() {
  std::string text;
  const auto put = [&text](auto... values) { ((text += std::to_string(values) + ","), ...); };
  const auto put_all = [&](const Versions& versions) { put(versions[0], versions[1]); };
  const auto put_item = [&](const StreamItem& item) {
    put(static_cast<int>(item.kind), item.fill.key, item.version,
        item.fill.reservation.seq == standing_[At(item.fill.key)].seq ? 1 : 0);
    put_all(item.flushed);
  };
  put(left_.writes, left_.flushes, left_.losses, left_.reads, left_.fills, left_.waits, world_.armed() ? 1 : 0,
      world_.connected() ? 1 : 0, world_.requests(), world_.unread(), staged_.size());
  for (const Session& session : sessions_) {
    put(session.pipeline.size());
    put_all(session.seen);
    for (const Command& command : session.pipeline) {
      put(static_cast<int>(command.kind), command.key, command.version, command.executed ? 1 : 0, command.near ? 1 : 0);
      put_all(command.least);
      put_all(command.flushed);
    }
  }
  for (const ModelFill& fill : world_.request_queue()) put_item({StreamItem::Kind::kReply, fill});
  for (const StreamItem& item : world_.stream()) put_item(item);
  for (const StreamItem& item : staged_) put_item(item);
  for (const Versions& versions : {world_.versions(), acknowledged_, void_below_}) put_all(versions);
  for (int key = 0; key < left_.keys; ++key) {
    const Found found = cache_.Lookup(Key(key), now_);
    put(static_cast<int>(found.freshness), world_.tracked(key) ? 1 : 0,
        sessions_[0].pending.MayHold(Key(key).hash) ? 1 : 0, sessions_[1].pending.MayHold(Key(key).hash) ? 1 : 0,
        epoch_ - published_epoch_[At(key)], found.age.count());
    if (found.value) text += found.value.bytes();
    text += standing_[At(key)].witnessed + ";";
  }
  return text;
}

}  // namespace herdgate::cache
