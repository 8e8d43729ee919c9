// Tracking: the connection of the near cache, which reads values and is told when they are written.
//
//   Start -> probing -> tracked or broadcast <-> off (again and again by itself) -> Stop
//
// One RESP3 connection with CLIENT TRACKING ON OPTIN does both, so the upstream itself orders a value against the
// pushes that revoke it. An upstream without RESP3 gets a pair instead, mode `broadcast`: values are read here, over
// RESP2, and the pushes come on a BroadcastLane, which says why that is right and what it costs. Every attempt asks for
// RESP3 first.
// It is armed when the upstream has proven that pushes come: a canary, which is a key that is read here, written
// elsewhere, and must be pushed. The proof is repeated every few seconds.
// The connection, or both of a pair, is given up when one breaks, hangs, misses a canary or answers what it must not;
// see TrackingFault.
//
// Threads: one loop; mode() and Collect, any. Ownership: borrows the pool, the sink; holds one dedicated lane, or two.
// REQUIRES: destroyed after LanePool::CloseAll and not from a callback.
// Source: Redis' documentation of client-side caching, which names the race of a reply with an invalidation on another
// connection; one connection does not have it, and a pair leaves it to the sink's reservations.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/net/timer.h"
#include "sidecar/resp/reply.h"
#include "sidecar/upstream/lane_pool.h"
#include "sidecar/upstream/tracking/broadcast_lane.h"
#include "sidecar/upstream/tracking/call_queue.h"
#include "sidecar/upstream/tracking/canary.h"
#include "sidecar/upstream/tracking/fill_sink.h"
#include "sidecar/upstream/tracking/lane_watch.h"
#include "sidecar/upstream/tracking/tracking_metrics.h"
#include "sidecar/upstream/tracking/tracking_options.h"

namespace herdgate::upstream {

class Tracking final : public ReplySink, public net::Flushable, private Canary::Host, private BroadcastLane::Host {
 public:
  // `key`: the database and the identity of the upstream's URL; its protocol does not matter.
  Tracking(LanePool& lanes, const LaneKey& key, FillSink& sink, TrackingOptions options = {});
  ~Tracking() override;
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // Idempotent, both. Stop ends everything under way as a loss does (kStopped) before it returns.
  void Start();
  void Stop();
  void EverySecond();

  // Reads `key`: CLIENT CACHING YES (not of a pair), GET, PTTL. False, and nothing happens, unless armed with room in
  // the queue; else OnFill or OnFillFailed follows, once, after this turn.
  bool Fill(std::string key, FillToken token);
  // Sends a command of the caller's at the end of this turn; `tracked`: behind CLIENT CACHING YES (of a pair every key
  // is tracked). False, and nothing happens, unless armed with room for it; else `done` follows, as call_queue.h says.
  bool Call(const std::vector<std::string>& arguments, bool tracked, CallDone done);
  // `done(true)`: every push of a write that was answered before this call has been processed. `done(false)`: not
  // armed, or not any more; the sink heard OnLost before. Once, maybe before Fence returns.
  void Fence(std::function<void(bool)> done);

  bool armed() const { return IsArmed(metrics_.mode()); }
  TrackingMode mode() const { return metrics_.mode(); }
  TrackingFault fault() const { return metrics_.fault(); }
  const TrackingMetrics& metrics() const { return metrics_; }
  void Collect(metrics::SampleSink& sink) const { metrics_.Collect(sink); }

  void OnReplies(Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) override;
  FrameVerdict OnFrame(Lane& lane, std::string_view frame, const Pending* oldest) override;
  void OnRaw(Lane&, std::string_view) override {}
  void OnRefused(Lane& lane, const Pending& pending, const std::string& error) override;
  void OnLost(Lane& lane) override;
  void OnRoom(Lane&) override { loop_.Touch(*this); }
  void OnFlush() override;

 private:
  // A Pending's tag: what was asked.
  enum class Question : std::uint8_t {
    kName = 1,
    kTracking,
    kTrackingInfo,
    kServer,
    kPing,
    kCaching,
    kGet,
    kTtl,
    kCall
  };
  struct Flight {
    Filled fill;
    FillResult result = FillResult::kValue;
    bool canary = false;
    std::string error;  // of GET
  };

  // The connection: tracking_connection.cc.
  void TakeLane(int proto);
  void Await();
  void Arm();
  void Lose(TrackingFault why, const std::string& detail);
  void RetryLater(TrackingFault why);
  void SetMode(TrackingMode mode, TrackingFault why, const std::string& detail);
  void OnArmReply(Question question, const resp::Reply& reply);
  void ReadServer(const resp::Reply& reply);
  void StartCanary();
  void ReadCanary(const std::string& key) override;
  void OnCanary(Canary::Result result, const std::string& detail) override;
  void OnCanaryRefused(const std::string& error);
  void OnSubscribed(const std::string& run_id) override;
  void OnBroadcastLost(TrackingFault why, const std::string& detail) override { Lose(why, detail); }
  bool is_pair() const { return proto_ == 2; }
  // Lose, for the upstream's own error to `what`.
  void LoseRefused(std::string_view what, std::string_view error);
  void LoseTooOld(std::string_view version);

  bool Ask(Question question, std::initializer_list<std::string_view> request);
  bool Send(Question question, std::string_view request);
  void SendFences();
  // tracking_calls.cc
  void SendCalls();
  void TakeCall(const resp::Reply& reply);
  void TakeLongReply(Question question);
  void SendFills();
  void SendFlight(Flight&& flight);
  void Publish();
  std::size_t MostBytes(Question question) const;
  void TakeAnswer(Question question, std::string_view raw);
  void TakeValue(const resp::Reply& reply);
  void TakeTtl(const resp::Reply& reply);
  void TakePong(const resp::Reply& reply);
  void TakePush(const resp::Reply& push);
  // The keys of a push: an array, or null.
  void OnWritten(const resp::Reply& keys) override;
  void Deliver(Flight&& flight);

  const TrackingOptions options_;
  LanePool& lanes_;
  net::Loop& loop_;
  const LaneKey key_;
  FillSink& sink_;
  TrackingMetrics metrics_;
  base::Random random_;
  net::Timer retry_timer_;
  LaneWatch watch_;  // of lane_

  std::shared_ptr<Lane> lane_;
  int proto_ = 3;            // of lane_; 2: it is one of a pair
  std::uint64_t epoch_ = 0;  // of lane_: grows whenever it is given up
  bool running_ = false;
  bool up_ = false;  // lane_ is ready, and questions may be asked
  int failures_ = 0;
  int canary_skips_ = 0;
  std::string run_id_;  // of the server that was armed last, if it says
  base::SteadyTime armed_at_;
  base::SteadyTime canary_at_;

  std::deque<Flight> queued_;
  std::deque<Flight> flying_;   // asked, in order
  std::vector<Flight> staged_;  // answered in this read
  CallQueue calls_;
  Fences waiting_fences_;     // for the end of this turn
  std::deque<Fences> pings_;  // asked, in order; most carry none
  std::string request_;
  std::string reply_;  // the front of a reply that came in pieces
  bool too_large_ = false;

  // Last: they call back.
  BroadcastLane broadcasts_;  // of a pair
  Canary canary_;
};

}  // namespace herdgate::upstream
