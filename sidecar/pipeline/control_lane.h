// ControlLane: the sidecar's own connection to the upstream, over which it asks and is told of changes.
//
//   opened in RESP3 with CLIENT TRACKING (NOLOOP): what was read on it is pushed when it changes    tracked()
//   an upstream that refuses RESP3 is asked in RESP2; one that refuses tracking pushes nothing      !tracked()
//
// Questions are answered in order. A connection that breaks, or owes an answer for longer than the upstream's timeout,
// is given up with all its questions, whose answers never come, and another is made after a random pause that doubles
// up to UpstreamOptions::backoff_last. Writes of this connection are not pushed to it: read a key again after writing.
//
// Threads: its loop; no callback runs inside Open. Ownership: borrows the pool and the events; holds one dedicated lane
// while open.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/base/random.h"
#include "sidecar/net/timer.h"
#include "sidecar/resp/reply.h"
#include "sidecar/upstream/lane_pool.h"

namespace herdgate::pipeline {

class ControlLane final : public upstream::ReplySink {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    // A new connection: it has read nothing yet. May ask at once.
    virtual void OnControlUp() = 0;
    // No connection, or none any more; all questions are forgotten. Another attempt follows by itself.
    virtual void OnControlDown(const std::string& why) = 0;
    // An out-of-band frame.
    virtual void OnControlPush(const resp::Reply& push) = 0;
  };
  using Done = std::function<void(const resp::Reply& reply)>;

  // `key`'s protocol does not matter.
  ControlLane(upstream::LanePool& lanes, upstream::LaneKey key, Events& events);
  ~ControlLane() override { Close(); }
  ControlLane(const ControlLane&) = delete;
  ControlLane& operator=(const ControlLane&) = delete;

  // Idempotent, both. After Close no callback runs.
  void Open();
  void Close();
  void EverySecond();

  bool up() const { return up_; }
  // Known by the time the first question is answered.
  bool tracked() const { return tracked_; }
  // Without a connection nothing is asked. If this finds that there is none any more, OnControlDown runs first.
  void Ask(std::initializer_list<std::string_view> request, Done done);

  void OnReplies(upstream::Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(upstream::Lane& lane, const upstream::Pending& pending, std::string_view bytes,
                     bool ended) override;
  upstream::FrameVerdict OnFrame(upstream::Lane& lane, std::string_view frame,
                                 const upstream::Pending* oldest) override;
  void OnRaw(upstream::Lane&, std::string_view) override {}
  void OnRefused(upstream::Lane& lane, const upstream::Pending& pending, const std::string& error) override;
  void OnLost(upstream::Lane& lane) override;
  void OnRoom(upstream::Lane&) override {}

 private:
  struct Question {
    Done done;
    base::SteadyTime asked_at;
  };

  void Take();
  void BecomeReady();
  void NotReady();
  void Fail(const std::string& error);
  void Drop();
  void TakeLater();

  upstream::LanePool& lanes_;
  upstream::LaneKey key_;
  Events& events_;
  base::Random random_;
  net::Timer retry_timer_;
  std::shared_ptr<upstream::Lane> lane_;
  std::uint64_t epoch_ = 0;  // of lane_
  std::deque<Question> questions_;
  std::string reply_;
  base::SteadyTime up_since_;
  int failed_attempts_ = 0;
  bool open_ = false;
  bool up_ = false;
  bool tracked_ = false;
};

}  // namespace herdgate::pipeline
