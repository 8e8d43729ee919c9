// BroadcastLane: for upstreams without RESP3, the connection on which the names of all written keys come.
//
// A RESP2 connection that is told of writes must be subscribed, and may not GET then. So there are two: this one,
//   CLIENT TRACKING ON REDIRECT <its own id> BCAST, SUBSCRIBE __redis__:invalidate
// and the one over which Tracking reads values. They are one pair: who loses either loses both (Tracking sees to it).
//
// Why no wrong value stays though nothing orders the two. A key is reserved before its read is sent, so the reservation
// is older than the moment R at which Redis reads. A write W of the key behind R makes Redis send its name here, W's
// push is processed behind R, and then one of two holds:
//   the value is not published yet: the push ends the reservation, and the value never gets in;
//   the value was published before: the push drops it.
// A write before R is in the value that was read; if its push ends the reservation, a read was in vain. So a value is
// older than Redis' for as long as its push is under way, and no longer. That lag is measured by the canary. It is
// bounded by the canary's patience and by the answer that a PING here must have, whose misses are a loss; and by the
// value's own max_ttl. Unlike with OPTIN, reads go on while pushes are late, but what they bring is no older than that.
//
// Why a PING here is a fence. Redis hands out the names of written keys before it sends the replies of the same turn of
// its event loop. So the name of a key whose writer has its reply stands in this connection's output before the answer
// of a PING that was sent after that. A script that runs too long lets replies out first, but then PING is answered
// with BUSY, which is a loss.
//
// What it costs. Without a prefix, Redis names every written key of every database to each sidecar, read here or not,
// in one message a turn of its event loop: writes times sidecars, where OPTIN pays for keys that were read. Keys are
// known by what may read them, and versions and tenants change names, so there is no prefix to give. Too slow a reader
// is closed by Redis at client-output-buffer-limit pubsub: a loss.
//
// Threads: the loop of the pool. Ownership: borrows the pool and the host; holds one dedicated lane from Start to
// Reset. REQUIRES: destroyed after LanePool::CloseAll and not from a callback.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/reply.h"
#include "sidecar/upstream/lane_pool.h"
#include "sidecar/upstream/tracking/lane_watch.h"
#include "sidecar/upstream/tracking/tracking_fault.h"
#include "sidecar/upstream/tracking/tracking_options.h"

namespace herdgate::upstream {

// Who waits for the pushes of what was answered until now: true when they were processed, false if they won't be.
using Fences = std::vector<std::function<void(bool)>>;

class BroadcastLane final : public ReplySink {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // Once per Start, unless lost before. `run_id` is the server's, empty if it doesn't say.
    virtual void OnSubscribed(const std::string& run_id) = 0;
    // An array of written keys, or null: all may have been written.
    virtual void OnWritten(const resp::Reply& keys) = 0;
    // It must be given up: Reset it before this returns. Maybe within Start or Ping.
    virtual void OnBroadcastLost(TrackingFault why, const std::string& detail) = 0;
  };

  // `key`: the database and identity of the pair.
  BroadcastLane(LanePool& lanes, const LaneKey& key, const TrackingOptions& options, Host& host);

  // REQUIRES: Reset since the last one.
  void Start();
  // Gives the connection up, without a call. The fences that still waited.
  [[nodiscard]] Fences Reset();
  // REQUIRES: subscribed. Calls `fences` with true when PING is answered.
  void Ping(Fences fences);
  void EverySecond();

  void OnReplies(Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) override;
  FrameVerdict OnFrame(Lane& lane, std::string_view frame, const Pending* oldest) override;
  void OnRaw(Lane&, std::string_view) override {}
  void OnRefused(Lane& lane, const Pending& pending, const std::string& error) override;
  void OnLost(Lane& lane) override;
  void OnRoom(Lane&) override {}

 private:
  enum class Question : std::uint8_t { kName = 1, kId, kTracking, kTrackingInfo, kServer, kSubscribe, kPing };

  bool Ask(Question question, std::initializer_list<std::string_view> request);
  void Arm();
  void TakeAnswer(Question question, const resp::Reply& reply);
  void SwitchOn(const resp::Reply& id);
  void Subscribe(const resp::Reply& server);
  FrameVerdict TakeMessage(const resp::Reply& message);
  FrameVerdict TakePong();
  void Lose(TrackingFault why, const std::string& detail) { host_.OnBroadcastLost(why, detail); }
  FrameVerdict LoseNonsense();
  // The upstream's own error.
  void LoseRefused(Question question, std::string_view error);

  LanePool& lanes_;
  const LaneKey key_;
  const TrackingOptions& options_;
  Host& host_;
  LaneWatch watch_;
  std::shared_ptr<Lane> lane_;
  std::uint64_t epoch_ = 0;  // of lane_: grows whenever it is given up
  bool subscribed_ = false;
  std::string run_id_;
  std::deque<Fences> pings_;  // asked, in order; most carry none
  std::string request_;
  std::string reply_;  // the front of a reply that came in pieces
};

}  // namespace herdgate::upstream
