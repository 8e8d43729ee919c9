// What the steps of NearCacheModel do. Included by near_cache_model.h only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/property/near_cache_model.h"

namespace herdgate::cache {

inline constexpr const char* kStepNames[] = {
    "get",          "set",  "del",     "flush",       "execute",     "reply",         "ask fill",
    "execute fill", "read", "publish", "foreign set", "foreign del", "foreign flush", "cut",
    "loss",         "arm",  "evict",   "wait",        "approach",    "tick",          "expire"};

inline std::vector<ModelStep> ExpiringSoon() {
  using Kind = ModelStep::Kind;
  return {{Kind::kForeignSet, 0, 0, 1}, {Kind::kAskFill}, {Kind::kExecuteFill},
          {Kind::kReadStream, 0, 0, 1}, {Kind::kPublish}, {Kind::kApproach}};
}

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
      add(room && left_.writes > 0 && left_.expiring > 0 && s == 0, {Kind::kSet, s, key, 1});
      add(room && left_.deletes > 0 && s == 0, {Kind::kDel, s, key});
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
    add(left_.writes > 0 && left_.expiring > 0, {Kind::kForeignSet, 0, key, 1});
    add(left_.deletes > 0, {Kind::kForeignDel, 0, key});
    add(left_.approaches > 0 && world_.ends_at(key) && !world_.IsDue(key), {Kind::kApproach, 0, key});
    add(world_.IsDue(key), {Kind::kExpire, 0, key});
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
  add(left_.ticks > 0, {Kind::kTick});
  return steps;
}

inline void NearCacheModel::Do(const ModelStep& step) {
  Session& session = sessions_[At(step.session)];
  switch (step.kind) {
    case Kind::kGet:
      return Get(session, step.key);
    case Kind::kSet:
    case Kind::kDel:
      return Write(session, step);
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
      left_.expiring -= static_cast<int>(step.count);
      world_.Write(step.key, step.count == 0 ? std::nullopt : std::optional(kModelTtl));
      return;
    case Kind::kForeignDel:
      --left_.deletes;
      world_.Delete(step.key);
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
      return world_.Pass(std::chrono::seconds(3));
    case Kind::kApproach:
      return Approach(step.key);
    case Kind::kTick:
      --left_.ticks;
      return world_.Pass(std::chrono::microseconds(900));
    case Kind::kExpire:
      return world_.Touch(step.key);
  }
}

inline void NearCacheModel::Get(Session& session, int key) {
  --left_.reads;
  Command command{.kind = Kind::kGet, .key = key, .least = acknowledged_};
  const HashedKey hashed = Key(key);
  if (Mutated(Mutation::kNoPendingKeys) || !session.pending.MayHold(hashed.hash)) {
    const Found found = cache_.Lookup(hashed, world_.now());
    CheckFound(key, found, command.least);
    CheckExpired(key, found, session);
    if (found.freshness == Freshness::kFresh) {
      ++fresh_hits_;
      command.near = command.executed = true;
      command.version = VersionOf(key, found);
    }
  }
  if (!command.near) {
    session.pending.Begin();
    session.pending.Add(hashed.hash);
  }
  session.pipeline.push_back(command);
  DeliverNear(session);
}

inline void NearCacheModel::Write(Session& session, const ModelStep& step) {
  --(step.kind == Kind::kSet ? left_.writes : left_.deletes);
  left_.expiring -= static_cast<int>(step.count);
  if (!Mutated(Mutation::kNoDropAtSend)) DropOwn(step.key);
  session.pending.Begin();
  session.pending.Add(Key(step.key).hash);
  session.pipeline.push_back({.kind = step.kind, .key = step.key, .least = {}, .expires = step.count == 1});
}

inline void NearCacheModel::DropOwn(int key) {
  if (Mutated(Mutation::kKeepOwnWrites) && cache_.Lookup(Key(key), world_.now()).expired_for) return;
  Drop(key, EvictionReason::kOwnWrite);
}

inline void NearCacheModel::Approach(int key) {
  --left_.approaches;
  const auto until = *world_.ends_at(key) - std::chrono::milliseconds(2);
  if (until > world_.now()) world_.Pass(until - world_.now());
}

inline Value NearCacheModel::ValueOf(int key, int version, std::string& text) const {
  if (world_.IsNil(key, version)) return {.nil = true};
  text = TextOf(key, version);
  return {.bytes = text};
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
    if (command.kind == Kind::kDel) command.version = world_.Delete(command.key);
    if (command.kind == Kind::kSet)
      command.version = world_.Write(command.key, command.expires ? std::optional(kModelTtl) : std::nullopt);
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
  if ((command.kind == Kind::kSet || command.kind == Kind::kDel) && drops) DropOwn(command.key);
  if (command.kind == Kind::kFlush && drops) DropAll();
  if (command.kind == Kind::kGet && !Mutated(Mutation::kNoWitness)) {
    std::string text;
    cache_.Witness(hashed, ValueOf(command.key, command.version, text), world_.now());
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
  const bool writes = command.kind != Kind::kGet;
  Require(writes || command.version >= session.seen[key], "I4 (or I3 within a pipeline): a session's read went back");
  session.seen[key] = std::max(session.seen[key], command.version);
  if (!world_.IsNil(command.key, command.version)) session.values[key] = std::max(session.values[key], command.version);
  if (writes) acknowledged_[key] = std::max(acknowledged_[key], command.version);
}

inline void NearCacheModel::AskFill(int key) {
  --left_.fills;
  const Reservation reservation = cache_.Reserve(Key(key));
  if (!reservation) return;
  standing_[At(key)] = {reservation.seq, ""};
  world_.Ask({key, reservation, world_.now()});
}

// One read of the tracked connection: its pushes take effect at once, its replies wait to be published.
inline void NearCacheModel::ReadStream(std::size_t items) {
  for (std::size_t i = 0; i < items; ++i) {
    StreamItem item = world_.Receive();
    if (item.kind == StreamItem::Kind::kReply) {
      item.received_at = world_.now();
      staged_.push_back(item);
    } else if (item.kind == StreamItem::Kind::kPush) {
      if (!Mutated(Mutation::kNoDropOnPush)) Push(item);
    } else {
      DropAll();
      for (std::size_t k = 0; k < kModelKeys; ++k) void_below_[k] = std::max(void_below_[k], item.flushed[k]);
    }
  }
}

inline void NearCacheModel::Push(const StreamItem& item) {
  const std::size_t key = At(item.fill.key);
  standing_[key] = {};
  const bool late = world_.now() - item.sent_at > way_[key] + kModelSlowPush;
  if (late) excused_[key] = published_version_[key];
  base::SteadyTime::duration early{0};
  if (Mutated(Mutation::kKeepEarly)) early = std::chrono::seconds(3);
  if (Mutated(Mutation::kKeepDoubtful)) early = published_[key].expired_by - published_[key].expires_at;
  cache_.Invalidate(Key(item.fill.key), world_.now() + early);
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
  std::string text;
  const Value value = ValueOf(key, item.version, text);
  const pipeline::FillWindows windows{
      .max_ttl = kModelFresh, .stale_if_error = kModelStale, .stale_while_revalidate = kModelGrace};
  upstream::Filled fill;
  fill.nil = value.nil;
  fill.pttl_ms = item.pttl_ms;
  fill.asked_at = item.fill.asked_at;
  fill.rtt = item.received_at - item.fill.asked_at;
  const auto lifetime = pipeline::LifetimeOf(fill, windows, world_.now());
  const auto in_grace = cache_.Lookup(hashed, world_.now()).expired_for;
  if (!lifetime || (value.nil && in_grace && *in_grace < kModelGrace)) return cache_.Cancel(hashed, reservation);
  if (cache_.Publish(hashed, reservation, value, *lifetime) != PublishResult::kPublished) return;
  published_epoch_[At(key)] = epoch_;
  published_[At(key)] = *lifetime;
  published_version_[At(key)] = item.version;
  way_[At(key)] = item.received_at - item.sent_at;
  const bool superseded = item.version < world_.Current(key) && !world_.NewsUnderWay(key);
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
  const int version = VersionOf(key, found);
  std::string text;
  const Value value = ValueOf(key, version, text);
  Require(value.nil == found.value.nil() && value.bytes == found.value.bytes(), "I1: not the value that was published");
  Require(version >= 1 && version <= world_.Current(key), "I1: a value that was never written");
  Require(version >= least[At(key)], "I3: older than a write that was answered");
  Require(version >= void_below_[At(key)], "I14: a value from before a FLUSHALL");
  const Lifetime& lifetime = published_[At(key)];
  Require(found.freshness == Freshness::kGrace || world_.now() < lifetime.stale_until, "I13: past its last deadline");
  if (found.freshness != Freshness::kFresh) return;
  Require(!found.expired_for, "I2: fresh and expired");
  Require(published_epoch_[At(key)] == epoch_, "I14: fresh in a later epoch");
  Require(world_.now() < lifetime.fresh_until, "I2: fresh past its deadline");
  Require(version == world_.Current(key) || world_.NewsUnderWay(key), "I2: stale, and no news of it is under way");
}

// What readers who wait would be shown.
inline void NearCacheModel::CheckExpired(int key, const Found& found, const Session& session) {
  auto expired_for = found.expired_for;
  const Lifetime& lifetime = published_[At(key)];
  if (Mutated(Mutation::kKeepAcrossEpochs) && found.freshness == Freshness::kStale && !found.value.nil() &&
      world_.now() >= lifetime.expires_at)
    expired_for = std::chrono::floor<std::chrono::milliseconds>(world_.now() - lifetime.expires_at);
  if (!expired_for || *expired_for >= kModelGrace) return;
  ++expired_hits_;
  const int version = published_version_[At(key)];
  Require(!found.value.nil(), "I1: a nil has expired");
  Require(version >= session.values[At(key)], "I4: older than what the session saw");
  if (version < world_.Current(key)) {
    const NearCacheWorld::Change end = world_.ChangeTo(key, version + 1);
    const bool ran_out = end.how == NearCacheWorld::How::kRanOut;
    Require(!ran_out || world_.now() < end.at + kModelGrace, "I13: expired for longer than its window");
    Require(ran_out || excused_[At(key)] == version || world_.NewsUnderWay(key),
            "I2: written or deleted before it expired, and the news of it is here");
  }
  Require(published_epoch_[At(key)] == epoch_, "I14: expired in a later epoch");
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
  put(left_.writes, left_.flushes, left_.losses, left_.reads, left_.fills, left_.waits, left_.deletes, left_.expiring,
      left_.approaches, left_.ticks, world_.now().time_since_epoch().count(), world_.armed() ? 1 : 0,
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
    const Found found = cache_.Lookup(Key(key), world_.now());
    put(static_cast<int>(found.freshness), world_.tracked(key) ? 1 : 0,
        sessions_[0].pending.MayHold(Key(key).hash) ? 1 : 0, sessions_[1].pending.MayHold(Key(key).hash) ? 1 : 0,
        epoch_ - published_epoch_[At(key)], found.age.count(), found.expired_for ? found.expired_for->count() : -1,
        excused_[At(key)] == published_version_[At(key)] ? 1 : 0, world_.IsDue(key) ? 1 : 0,
        world_.ends_at(key) ? world_.ends_at(key)->time_since_epoch().count() : 0);
    if (found.value) text += found.value.nil() ? "nil" : found.value.bytes();
    for (int version = 1; version <= world_.Current(key); ++version)
      put(static_cast<int>(world_.ChangeTo(key, version).how));
    put(published_version_[At(key)], published_[At(key)].expired_by.time_since_epoch().count(), way_[At(key)].count());
    text += standing_[At(key)].witnessed + ";";
  }
  return text;
}

}  // namespace herdgate::cache
