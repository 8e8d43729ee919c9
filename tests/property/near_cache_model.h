// NearCacheModel: the real near cache in a modelled sidecar of two sessions, and the checker of what they are told.
//
// One instance is one history. Enabled lists the steps that may come next, Do takes one. Sends, executions and replies
// are steps of their own, so every order of them is some history. The sidecar keeps the rules of near_cache.h, unless a
// Mutation leaves one out.
// Checked (violation() names the first): I1 provenance; I2 a fresh value is the current one unless news of it is under
// way on the tracked connection; I3 writes that were answered are seen, and a session's own also within its pipeline;
// I4 fresh reads of a session never go back; I13 nothing past its window; I14 nothing of an older epoch is fresh,
// nothing from before a DropAll is left; I15 nothing that was superseded is published.
// Of what is found to have expired, and would be shown to readers who wait: it is of this epoch, within its window
// (I13) and no older than what the session saw (I4); it was not written or deleted before it expired, here (I3) or
// elsewhere if the push of that is here and was under way for no longer than the cache allows for (I2).
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

#include "sidecar/cache/near_cache.h"
#include "sidecar/cache/pending_keys.h"
#include "sidecar/pipeline/fill_lifetime.h"
#include "tests/property/near_cache_world.h"

namespace herdgate::cache {

// The rule that the sidecar breaks.
enum class Mutation {
  kNone,
  kNoPublishGuard,
  kNoEpoch,
  kNoDropOnPush,
  kNoDropAtSend,
  kNoDropAtReply,
  kFlushOnlyAges,  // NewEpoch where DropAll is due
  kNoWitness,
  kNoPendingKeys,
  kKeepEarly,         // a push before the expiry is taken for one of the expiry
  kKeepDoubtful,      // what comes from expires_at on is taken for the expiry's
  kKeepOwnWrites,     // an own write leaves a value that has expired
  kKeepAcrossEpochs,  // what is stale since a loss is taken for expired
};

// How often the rare steps may come in one history.
struct ModelBounds {
  int writes = 12;
  int flushes = 2;
  int losses = 2;
  int reads = 40;
  int fills = 20;
  int waits = 8;  // and evictions
  int deletes = 3;
  int expiring = 4;    // writes that have an expiry
  int approaches = 2;  // until just before a key's expiry
  int ticks = 20;      // of less than a millisecond
  std::size_t pipeline = 2;
  int keys = kModelKeys;
};

inline constexpr ModelBounds kAroundAnExpiry{
    .writes = 2, .flushes = 0, .losses = 1, .waits = 0, .deletes = 1, .ticks = 30, .keys = 1};

struct ModelStep {
  enum class Kind {
    kGet,
    kSet,  // count 1: with an expiry
    kDel,
    kFlush,
    kExecute,
    kReply,  // of a session
    kAskFill,
    kExecuteFill,
    kReadStream,
    kPublish,  // of the tracked connection
    kForeignSet,
    kForeignDel,
    kForeignFlush,
    kCut,
    kLoss,
    kArm,
    kEvict,
    kWait,
    kApproach,
    kTick,
    kExpire,  // Redis's own search for what is due
  };
  Kind kind;
  int session = 0;
  int key = 0;
  std::size_t count = 0;
};

inline constexpr auto kModelFresh = std::chrono::seconds(4);
inline constexpr auto kModelStale = std::chrono::seconds(3);
inline constexpr auto kModelGrace = std::chrono::seconds(5);
inline constexpr auto kModelTtl = std::chrono::milliseconds(6000);
// How much longer than the reply of a fill a push may be under way (fill_lifetime.h).
inline constexpr auto kModelSlowPush = std::chrono::milliseconds(2);

// A key that expires is in the cache, shortly before it does.
std::vector<ModelStep> ExpiringSoon();

// A history, for people.
std::string Described(const std::vector<ModelStep>& steps);

class NearCacheModel {
 public:
  NearCacheModel(Mutation mutation, const ModelBounds& bounds) : mutation_(mutation), left_(bounds) {}

  std::vector<ModelStep> Enabled() const;
  void Do(const ModelStep& step);
  const std::string& violation() const { return violation_; }
  int fresh_hits() const { return fresh_hits_; }
  int expired_hits() const { return expired_hits_; }
  // Equal for states from which the same can happen. (It looks into the cache, which only bumps frequencies.)
  std::string Signature();

 private:
  using Kind = ModelStep::Kind;
  struct Command {
    Kind kind;  // kGet, kSet, kDel or kFlush
    int key;
    Versions least;  // what a read may return, by what was answered when it was issued
    bool executed = false;
    int version = 0;  // of key: read or written
    Versions flushed{};
    bool expires = false;
    bool near = false;  // answered from the cache; waits for its turn
  };
  struct Session {
    std::deque<Command> pipeline;
    PendingKeys pending;
    Versions seen{};
    Versions values{};  // of these, those that are not nil
  };

  static std::size_t At(int i) { return static_cast<std::size_t>(i); }
  bool Mutated(Mutation mutation) const { return mutation_ == mutation; }
  void Require(bool holds, const char* what) {
    if (!holds && violation_.empty()) violation_ = what;
  }
  HashedKey Key(int key) const { return cache_.Hash(key == 0 ? "a" : "b"); }
  static std::string TextOf(int key, int version) { return std::to_string(key) + ":" + std::to_string(version); }

  // Steps of a session.
  void Get(Session& session, int key);
  void Write(Session& session, const ModelStep& step);
  void FlushAll(Session& session);
  void Execute(Session& session);
  void Reply(Session& session);
  void DeliverNear(Session& session);
  void Deliver(Session& session, const Command& command);
  // Steps of the tracked connection's owner.
  void AskFill(int key);
  void ReadStream(std::size_t items);
  void Publish();
  void Lose();
  void DropAll();
  void Drop(int key, EvictionReason reason);
  void ForgetFills() { standing_ = {}; }

  int VersionOf(int key, const Found& found) const {
    return found.value.nil() ? world_.LastNil(key) : published_version_[At(key)];
  }
  void CheckFound(int key, const Found& found, const Versions& least);
  void CheckExpired(int key, const Found& found, const Session& session);
  void Push(const StreamItem& item);
  void DropOwn(int key);
  void Approach(int key);
  Value ValueOf(int key, int version, std::string& text) const;

  const Mutation mutation_;
  ModelBounds left_;
  NearCache cache_{NearCacheOptions{.max_bytes = 64U << 10U, .max_value_bytes = 1024, .shards = 1}};
  NearCacheWorld world_;
  std::array<Session, 2> sessions_;
  std::deque<StreamItem> staged_;  // replies that were read and are not yet published
  int epoch_ = 0;                  // of the model
  std::array<int, kModelKeys> published_epoch_{};
  std::array<Lifetime, kModelKeys> published_{};
  Versions published_version_{};
  std::array<base::SteadyTime::duration, kModelKeys> way_{};  // of the reply that brought it
  Versions excused_{};       // a push that came too late to be told from the expiry's was about this version
  Versions acknowledged_{};  // own writes whose replies the apps have
  Versions void_below_{};    // what a processed FLUSHALL left
  // What should be in the cache of reservations; for signatures only.
  struct Standing {
    std::uint64_t seq = 0;
    std::string witnessed;
  };
  std::array<Standing, kModelKeys> standing_;
  int fresh_hits_ = 0;
  int expired_hits_ = 0;
  std::string violation_;
};

}  // namespace herdgate::cache

#include "tests/property/near_cache_model_inl.h"
