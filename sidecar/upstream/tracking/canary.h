// Canary: proves that pushes come. A key of this process's own is read on the tracked connection, then written over a
// data lane; the push must come in time. What can't be written proves nothing, either way. The key is deleted by the
// command behind the write, in the same packet: nobody finds it among the app's keys, and it is never evicted.
//
// Threads: the loop of the pool. Ownership: borrows the pool and the host. REQUIRES: outlives its writes, so it ends
// after LanePool::CloseAll; Reset alone does not take a write back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/lane_pool.h"
#include "sidecar/upstream/tracking/tracking_metrics.h"
#include "sidecar/upstream/tracking/tracking_options.h"

namespace herdgate::upstream {

class Canary final : public ReplySink {
 public:
  enum class Result : unsigned char {
    kPushed,
    kMissed,    // written, and not pushed
    kRefused,   // the upstream's error to the write
    kUnproven,  // the write's fate is unknown
  };
  class Host {
   public:
    virtual ~Host() = default;
    // Read `key` on the tracked connection with CLIENT CACHING YES, then call OnRead.
    virtual void ReadCanary(const std::string& key) = 0;
    // Once per Start, maybe within it. `detail` is for people, or an error line of the upstream without its end.
    virtual void OnCanary(Result result, const std::string& detail) = 0;
  };

  // `key`: the database and identity of the tracked connection.
  Canary(LanePool& lanes, const LaneKey& key, const TrackingOptions& options, TrackingMetrics& metrics, Host& host);

  // REQUIRES: none is under way.
  void Start();
  void OnRead();
  // True if `key` is the canary's: nobody else's business.
  bool OnPush(std::string_view key);
  // The round under way is over without a result.
  void Reset();
  bool under_way() const { return stage_ != Stage::kIdle; }

  void OnReplies(Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) override;
  FrameVerdict OnFrame(Lane&, std::string_view, const Pending*) override { return FrameVerdict::kPush; }
  void OnRaw(Lane&, std::string_view) override {}
  void OnRefused(Lane& lane, const Pending& pending, const std::string& error) override;
  void OnLost(Lane& lane) override;
  void OnRoom(Lane&) override {}

 private:
  enum class Stage : unsigned char { kIdle, kReading, kWriting, kWritten };

  bool Send(Lane& lane, std::string_view request, std::uint8_t tag);
  void AnswerEnded();
  void OnOverdue();
  void WriteEnded(const std::string& error);
  void Finish(Result result, const std::string& detail);

  LanePool& lanes_;
  const LaneKey key_;
  const TrackingOptions& options_;
  TrackingMetrics& metrics_;
  Host& host_;
  const std::string name_;
  net::Timer overdue_timer_;
  Stage stage_ = Stage::kIdle;
  std::shared_ptr<Lane> lane_;  // while it owes replies to a write, of this round or of one that is over
  int owed_ = 0;                // how many
  bool stale_write_ = false;    // the round is over
  std::string reply_;
  base::SteadyTime written_at_;
};

}  // namespace herdgate::upstream
