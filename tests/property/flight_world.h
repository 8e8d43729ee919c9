// The world around the flight tables of FlightModel: Redis with its tracking, and the database behind the app.
//
// A value is the version of the database that it was computed from. What Redis does, it does in one order, whose steps
// are numbered. Threads: one.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/stampede/flight_types.h"

namespace herdgate::stampede {

inline constexpr int kPods = 2;
inline constexpr int kModelKeys = 2;
inline constexpr std::chrono::milliseconds kValueLife{300};
inline constexpr std::chrono::milliseconds kShortLife{40};
inline constexpr std::chrono::milliseconds kModelOvertime{15};

// A reply or a push on a pod's tracked connection.
struct StreamItem {
  enum class Kind { kAsked, kRenewed, kPush } kind = Kind::kPush;
  int key = 0;
  FlightId flight = 0;
  AskResult result = AskResult::kUnavailable;
  std::chrono::milliseconds remaining{0};
  bool held = false;
  int value = 0;
  bool value_lives = false;
  int step = 0;       // when Redis did it
  int owner_pod = 0;  // of kLost
};

class FlightWorld {
 public:
  struct Value {
    int version = 0;
    bool is_short = false;
    base::SteadyTime until;
  };
  struct Lease {
    int pod = 0;
    FlightId flight = 0;
    base::SteadyTime until;
  };

  base::SteadyTime now{std::chrono::hours(1)};
  std::array<int, kModelKeys> database{1, 1};
  std::array<std::deque<StreamItem>, kPods> streams;

  int step() const { return step_; }
  // As any read: what has ended goes, and those who track it are told.
  const Value* Read(int key) {
    Expire(key);
    return values_[At(key)] ? &*values_[At(key)] : nullptr;
  }
  // There is a lease, or was a moment ago: news of its end take their time. Tells nobody.
  bool HadLease(int key) const { return lease_ends_[At(key)] + std::chrono::milliseconds(60) > now; }
  const Lease* LeaseOf(int key) {
    if (leases_[At(key)] && leases_[At(key)]->until <= now) {
      leases_[At(key)].reset();
      Push(key);
    }
    return leases_[At(key)] ? &*leases_[At(key)] : nullptr;
  }
  void Set(int key, int version, bool is_short) {
    ++step_;
    values_[At(key)] = Value{version, is_short, now + (is_short ? kShortLife : kValueLife)};
    Push(key);
  }
  // A pod that dies then.
  void LeaseToStranger(int key, std::chrono::milliseconds life) {
    if (Read(key) == nullptr && LeaseOf(key) == nullptr) Hold(key, {kPods, 1, now + life});
  }
  void Delete(int key) {
    ++step_;
    if (Read(key) == nullptr) return;
    values_[At(key)].reset();
    Push(key);
  }
  // A command of a pod on its tracked connection.
  void Execute(int pod, const LeaseCall& call, int key) {
    ++step_;
    const Lease* lease = LeaseOf(key);
    const bool mine = lease != nullptr && lease->pod == pod && lease->flight == call.flight;
    switch (call.kind) {
      case LeaseCall::Kind::kRenew:
        if (mine) Hold(key, {pod, call.flight, now + call.lease_time});
        if (mine) Push(key);
        streams[At(pod)].push_back(
            {.kind = StreamItem::Kind::kRenewed, .key = key, .flight = call.flight, .held = mine});
        return;
      case LeaseCall::Kind::kRelease:
      case LeaseCall::Kind::kDrop:
        if (lease == nullptr || (call.kind == LeaseCall::Kind::kRelease && !mine)) return;
        leases_[At(key)].reset();
        lease_ends_[At(key)] = now;
        return Push(key);
      default:
        return Ask(pod, call, key, mine);
    }
  }
  // The tracked connection is gone, with what was under way on it.
  void Lose(int pod) {
    streams[At(pod)].clear();
    for (auto& tracked : tracked_) tracked.erase(pod);
  }

 private:
  static std::size_t At(int i) { return static_cast<std::size_t>(i); }

  void Ask(int pod, const LeaseCall& call, int key, bool mine) {
    StreamItem reply{.kind = StreamItem::Kind::kAsked, .key = key, .flight = call.flight, .step = step_};
    const Value* const value = Read(key);
    reply.value_lives = value != nullptr;
    const bool refresh =
        call.kind == LeaseCall::Kind::kAskRefresh && value != nullptr && value->until - now <= call.refresh_below;
    if (value != nullptr && !refresh) {
      reply.result = AskResult::kValue;
      reply.value = value->version;
      reply.remaining = std::chrono::ceil<std::chrono::milliseconds>(value->until - now);
    } else if (call.kind == LeaseCall::Kind::kRead) {
      reply.result = AskResult::kUnavailable;
    } else if (mine) {
      reply.result = AskResult::kMine;
    } else if (const Lease* const lease = LeaseOf(key)) {
      reply.result = AskResult::kLost;
      reply.owner_pod = lease->pod;
      reply.remaining = std::chrono::ceil<std::chrono::milliseconds>(lease->until - now);
    } else {
      Hold(key, {pod, call.flight, now + call.lease_time});
      reply.result = AskResult::kWon;
    }
    streams[At(pod)].push_back(reply);
    tracked_[At(key)].insert(pod);
  }
  void Hold(int key, const Lease& lease) {
    leases_[At(key)] = lease;
    lease_ends_[At(key)] = lease.until;
  }
  void Expire(int key) {
    if (!values_[At(key)] || values_[At(key)]->until > now) return;
    values_[At(key)].reset();
    Push(key);
  }
  // Data key and lease are tracked as one here: either push means "look again".
  void Push(int key) {
    for (const int pod : std::exchange(tracked_[At(key)], {})) {
      streams[At(pod)].push_back({.kind = StreamItem::Kind::kPush, .key = key});
    }
  }

  std::array<std::optional<Value>, kModelKeys> values_;
  std::array<std::optional<Lease>, kModelKeys> leases_;
  std::array<base::SteadyTime, kModelKeys> lease_ends_{};
  std::array<std::set<int>, kModelKeys> tracked_;
  int step_ = 0;
};

}  // namespace herdgate::stampede
