// ShadowDesk: reads, copies and removes shadows (stampede/shadow.h) over the tracked connection, for all loops.
//
// All of it is best effort: what can't be sent is not done, but for removals, which are sent with the next one or when
// the connection is there again. Where Redis refuses the scripts nothing is asked for a minute, and a log line says so.
// Bounds: 200 copies and 2,000 reads a second; reads of one key under way are one; an answer is awaited for 200 ms.
//
// A key is meant by its physical name, and by the hash that FlightTable::Hash gives that; what is known of its life, by
// its logical name's hash (KeyHistory).
//
// Threads: as said at each method; home is the loop of the tracked connection. Ownership: the FlightDesk's; outlives
// all loops.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/net/timer.h"
#include "sidecar/pipeline/lease_gate.h"
#include "sidecar/stampede/bounded_map.h"
#include "sidecar/stampede/flight_table.h"
#include "sidecar/stampede/key_history.h"
#include "sidecar/stampede/shadow.h"
#include "sidecar/stampede/shadow_memory.h"

namespace herdgate::upstream {
class Tracking;
}

namespace herdgate::pipeline {

struct LoopContext;

class ShadowDesk {
 public:
  using OldValue = stampede::OldValue;
  using Done = std::function<void(const OldValue&)>;
  static constexpr std::chrono::milliseconds kPatience{200};

  ShadowDesk(const stampede::FlightTable& table, stampede::KeyHistory& history, LoopContext& home,
             upstream::Tracking& tracking);
  ShadowDesk(const ShadowDesk&) = delete;
  ShadowDesk& operator=(const ShadowDesk&) = delete;

  // Any thread, these two: what is remembered of the key's shadow; nothing: ask.
  std::optional<OldValue> Find(std::string_view physical, base::SteadyTime now);
  // Any loop (`here`), the key was missing. False: it can't be asked now. Else `done` runs once on `here`, in a turn of
  // its own; what it gets has no value if there is none, or nobody could say in time.
  bool Ask(LoopContext& here, std::string_view physical, Done done);

  // Any thread. A command that writes or removes the key is sent, or is answered: what was read before is no more
  // answered to who reads from now on.
  void Forget(std::string_view physical);
  void ForgetAll();
  // Any thread. Removes the shadow, of a command on whose own connection that can't be done.
  void Remove(std::string physical);

  struct Copy {
    std::string physical;
    std::uint64_t hash = 0;  // of the logical name
    stampede::CopyTerms terms;
  };
  // Any thread. Whether a copy of the key's value may be worth a try: not since the last said otherwise.
  bool MayCopy(std::uint64_t logical_hash, base::SteadyTime now);
  void TakeCopy(Copy copy, base::SteadyTime now);
  // The key has another value.
  void OnNewLife(std::uint64_t logical_hash);

  // Home. A push of a data key or of a shadow; a null push, a lost connection, or one that is there again.
  void OnInvalidated(std::string_view physical);
  void OnAllInvalidated();
  void Close();

  void Collect(metrics::SampleSink& sink) const;

 private:
  struct Waiter {
    LoopContext* here;
    Done done;
  };
  struct Asking {
    std::uint64_t hash = 0;
    std::string key{};
    std::vector<Waiter> waiters{};
    base::SteadyTime since{};
  };
  // Of reads, besides what the script says.
  enum Unread : std::uint8_t { kUnsent, kLost, kLate };
  static constexpr std::size_t kUnreads = 3;

  std::uint64_t HashOf(std::string_view physical) const { return table_.Hash(physical).hash; }
  bool Join(std::uint64_t hash, LoopContext& here, Done& done);
  void SendAsk(std::uint64_t id);
  void OnAskReply(std::uint64_t id, const resp::Reply* reply);
  // `until`: how long it may be remembered; nothing: not at all.
  void Finish(std::uint64_t id, const OldValue& old, std::optional<base::SteadyTime> until);
  void AwaitAnswers(std::chrono::milliseconds time);
  void OnLate();
  void SendCopy(const Copy& copy);
  void OnCopyReply(const Copy& copy, const resp::Reply* reply);
  void NoCopyBefore(std::uint64_t logical_hash, base::SteadyTime time);
  void KeepRemoval(std::string physical);
  void SendRemovals();

  const stampede::FlightTable& table_;
  stampede::KeyHistory& history_;
  LoopContext& home_;
  upstream::Tracking& tracking_;
  LeaseGate read_gate_;
  LeaseGate copy_gate_;
  std::array<metrics::Counter, stampede::kCopyResults> copies_;
  std::array<metrics::Counter, stampede::kShadowResults> reads_;
  std::array<metrics::Counter, kUnreads> unread_;
  metrics::Counter unsent_copies_;

  std::atomic<bool> used_{false};  // any has been asked for or copied
  std::atomic<bool> removals_posted_{false};
  mutable std::mutex mutex_;  // a leaf; guards all below but what is home's
  stampede::ShadowMemory memory_;
  std::map<std::uint64_t, Asking> asks_;                       // by number, so the oldest first
  std::unordered_map<std::uint64_t, std::uint64_t> joinable_;  // by hash: the ask whose answer later readers may have
  std::uint64_t last_ask_ = 0;
  std::deque<std::string> removals_;                // not sent yet
  stampede::BoundedMap<base::SteadyTime> no_copy_;  // before that time; by the logical name's hash

  // Home's.
  net::Timer timer_;
  bool closed_ = false;
};

}  // namespace herdgate::pipeline
