// Prober: asks an upstream that was away whether it is back, on a connection of its own.
//
// Each probe is one attempt: connect, handshake, PING, within the least of UpstreamOptions::timeout and 1 s. Between
// failed ones it waits 20 ms, doubling to 500 ms, times a random 0.5 to 1.5.
// An upstream that answers, but not for us yet (it loads its data, or refuses the sidecar's own user), makes the
// breaker half-open, since its other users may be served, and is asked again.
//
// Threads: the loop of the pool. Ownership: borrows pool, breaker and host. REQUIRES: Stop before LanePool::CloseAll;
// destroyed while its loop does not run or on it, not from within the host's calls.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/breaker.h"
#include "sidecar/upstream/lane_pool.h"

namespace herdgate::upstream {

class Prober final : public ReplySink {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // The breaker is half-open and `lane` (dedicated, idle) is the host's until Done or Again, one of which follows.
    // The host sends with sinks of its own; it does not set the lane's owner.
    virtual void OnReachable(Lane& lane) = 0;
    // The lane broke meanwhile: it is gone with its pendings, and the prober tries again. Neither Done nor Again.
    virtual void OnProbeLost() = 0;
  };

  // `key`: the sidecar's own identity, and its default database.
  Prober(LanePool& lanes, LaneKey key, Host& host);
  ~Prober() override;

  // The breaker has opened. Without effect while it probes already.
  void Start();
  // The host has closed the breaker: the lane is given up. May be called from within a reply's callback.
  void Done();
  // The upstream did not take what it was told: reopens the breaker, gives up the lane and probes again later.
  void Again();
  // Nothing is under way any more; the host hears nothing. Changes no state of the breaker.
  void Stop();
  bool started() const { return stage_ != Stage::kIdle; }

  void OnReplies(Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) override;
  FrameVerdict OnFrame(Lane&, std::string_view, const Pending*) override { return FrameVerdict::kPush; }
  void OnRaw(Lane&, std::string_view) override {}
  void OnRefused(Lane& lane, const Pending& pending, const std::string& error) override;
  void OnLost(Lane& lane) override;
  void OnRoom(Lane&) override {}

  static constexpr std::chrono::milliseconds kFirstDelay{20};
  static constexpr std::chrono::milliseconds kLastDelay{500};
  static constexpr std::chrono::milliseconds kPatience{1000};
  // Between questions on a connection that is answered, while another is silent.
  static constexpr std::chrono::milliseconds kAskEvery{100};

 private:
  enum class Stage : unsigned char { kIdle, kWaiting, kConnecting, kAsking, kReachable };

  void Probe();
  void Ask();
  void OnAnswer(bool for_us);
  void Fail();
  void ProbeLater();
  void GiveUpLane();

  LanePool& lanes_;
  Breaker& breaker_;
  const LaneKey key_;
  Host& host_;
  net::Timer timer_;  // until the next probe, or until this one is given up
  Stage stage_ = Stage::kIdle;
  std::chrono::milliseconds delay_ = kFirstDelay;
  std::shared_ptr<Lane> lane_;
  std::string reply_;
};

}  // namespace herdgate::upstream
