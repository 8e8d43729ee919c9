// Lane: one connection to the upstream, over which one or many sinks' commands run in order.
//
//   connecting -> handshaking -> ready -> (broken) -> waiting -> connecting ...      a shared lane comes back
//                     |            `----> closed                                     a dedicated lane does not
//                     `-> refused                                    the upstream said no to AUTH, HELLO or SELECT
//
// Commands may be sent in any state but refused and closed; until the lane is ready they wait, at most
// UpstreamOptions::timeout. Replies are cut by a scanner and passed as the bytes they are.
// When a connection breaks, every sink with a command of unknown fate (sent, not a read that may be repeated) is told
// OnLost once and loses all its pendings; of the others, reads that were sent are sent again, once (degradable ones
// each time, until the breaker opens); what was never sent stays queued. The order of a sink's commands is kept
// throughout. A degradable command of unknown fate does not cost its sink the others: it stays in the queue as a
// placeholder of no bytes, which is answered by OnUnavailable when it has come to the front of a ready lane, or is
// abandoned or overdue. While the upstream is away the breaker says when a lane may try to connect.
//
// Threads: its loop. Ownership: held by shared_ptr (pool, users); sinks are borrowed and outlive their pendings.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/base/ring.h"
#include "sidecar/net/loop.h"
#include "sidecar/net/stream.h"
#include "sidecar/net/timer.h"
#include "sidecar/resp/reply_scanner.h"
#include "sidecar/upstream/breaker.h"
#include "sidecar/upstream/connector.h"
#include "sidecar/upstream/handshake.h"
#include "sidecar/upstream/health.h"
#include "sidecar/upstream/identity.h"
#include "sidecar/upstream/options.h"
#include "sidecar/upstream/own_addresses.h"
#include "sidecar/upstream/reply_sink.h"
#include "sidecar/upstream/send_log.h"
#include "sidecar/upstream/upstream_metrics.h"

namespace herdgate::upstream {

enum class LaneUse : unsigned char { kShared, kSlow, kDedicated };

// What all lanes of a loop share; borrowed.
struct LaneContext {
  net::Loop& loop;
  Connector& connector;
  const UpstreamOptions& options;
  UpstreamMetrics& metrics;
  Health& health;
  Breaker& breaker;
  base::Random& random;
  std::atomic<std::int64_t>& connections;  // of all loops, open now
  OwnAddresses& own_addresses;
  IdentityPtr own_identity;  // as whom the sidecar itself speaks
  // A lane that had served was refused when it came back: its user may no more. Called on the loop; may be empty.
  const std::function<void(const LaneKey&)>& on_user_refused;
};

class Lane final : public net::Stream::Owner, public net::Flushable {
 public:
  enum class State : unsigned char { kConnecting, kHandshaking, kReady, kWaiting, kRefused, kClosed };

  // kOnce: the prober's. It does not ask the breaker, and when its first attempt fails it is closed.
  enum class Start : unsigned char { kGated, kOnce };

  Lane(const LaneContext& context, LaneKey key, LaneUse use, Start start = Start::kGated);
  ~Lane() override;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const LaneKey& key() const { return key_; }
  LaneUse use() const { return use_; }
  State state() const { return state_; }
  const HandshakeResult& handshake() const { return handshake_result_; }
  bool idle() const { return pendings_.empty(); }
  std::size_t pending_count() const { return pendings_.size(); }
  // The last bytes read end within a reply or a push: more is on its way.
  bool mid_reply() const { return !scanner_.idle(); }
  // Why the last ready connection ended.
  LaneLoss last_loss() const { return last_loss_; }

  // Queues a request. False if the lane refuses it; RefusalError() is then the client's answer.
  bool Send(std::string_view request, ReplySink& sink, Pending pending);
  // A request in pieces, on a dedicated lane: its pending first, then its bytes as they come.
  bool BeginStream(ReplySink& sink, Pending pending);
  void StreamBytes(std::string_view bytes);
  // Whether Send would be false now. Another loop may have found the upstream back a moment later.
  bool refuses() const;
  // The answer for who was refused, or waited in vain: never empty.
  std::string RefusalError() const;
  // Too much is unsent: stop until OnRoom (asked for by AwaitRoom).
  bool full() const { return log_.unsent_bytes() > context_.options.max_unsent; }
  void AwaitRoom(ReplySink& sink) { awaiting_room_.push_back(&sink); }
  // `sink` is going away: it awaits no room any more. Its pendings must be gone.
  void Forget(ReplySink& sink);

  // Runs `done` when the lane is ready (true) or has been refused or not come up in time (false).
  void WhenReady(std::function<void(bool)> done);

  // Dedicated lanes. The owner gets frames and raw bytes, and OnLost whenever the connection ends.
  void set_owner(ReplySink* owner) { owner_ = owner; }
  // While on, whole arrays are offered to the owner's OnFrame first (RESP2 pub/sub).
  void set_pubsub(bool on) { pubsub_ = on; }
  // From now on bytes pass both ways unread.
  void set_raw() { raw_ = true; }
  void SendRaw(std::string_view bytes);
  void SetReading(bool on);
  // The name that its owners have given the connection.
  const std::string& name() const { return name_; }
  void set_name(const std::string& name) { name_ = name; }
  // Ends the connection; no sink hears of it.
  void Close();

  // The breaker has opened. The degradable commands of each sink, as far as its first that is not degradable, get
  // OnUnavailable, in order. Those that were sent stay owed by the upstream, and what it says to them is dropped. A
  // sink whose oldest reply has begun to reach its client keeps all. Then whoever awaits room is told, though the lane
  // may be full() still. Shared lanes, not from within a callback of this lane.
  void Abandon();
  // Tells the breaker when a ready shared lane owes a reply and no byte has come for the timeout, and when it has
  // spoken again and answered what was abandoned. To be called every `period`; two calls in a row must find it so,
  // since after a pause of this process one might come before what has arrived is read. A lane that stays silent while
  // the prober is answered is broken, after a timeout, or kPatientTimeouts where somebody can't do without its replies.
  static constexpr int kPatientTimeouts = 5;
  void LookForSilence(std::chrono::milliseconds period);
  bool silent() const { return silent_; }
  // The upstream is back: the next attempt, if one is waited for, comes within 50 ms.
  void Hurry();

  base::SteadyTime last_used() const { return last_used_; }
  base::SteadyTime refused_at() const { return refused_at_; }
  void EverySecond();

  void OnData(std::string_view bytes) override;
  void OnEnd(bool broken) override;
  void OnWritable() override { context_.loop.Touch(*this); }
  void OnFlush() override;

 private:
  struct Entry {
    ReplySink* sink = nullptr;
    Pending pending;  // fate_unknown: a placeholder, of no bytes
  };
  struct Abandoned {
    Entry entry;
    std::size_t offset = 0;  // of its request
  };
  // Bytes after which all was sent at a time; measures the upstream's share of a command's time.
  struct SendMark {
    std::uint64_t end = 0;
    std::int64_t at_ns = 0;
  };
  // Of a command, for the histograms.
  struct Times {
    std::uint8_t group = 0;
    std::int64_t started_ns = 0;
    std::int64_t sent_ns = 0;
    bool operator==(const Times&) const = default;
  };
  // Consecutive replies for one sink, passed by one call.
  struct Run {
    ReplySink* sink = nullptr;
    std::string_view bytes;
    std::size_t ended = 0;
    bool goes_on = false;  // the last reply is not whole
  };

  // Redis closes a connection that is not logged in when more than a kilobyte of replies waits for it; many clients'
  // errors would add up to that.
  bool one_at_a_time() const { return use_ != LaneUse::kDedicated && handshake_result_.unauthenticated; }
  std::string UnavailableError() const;
  void Connect();
  void ConnectIfAllowed();
  void DropStream();
  void OnConnected(base::Result<int> socket);
  void OnHandshakeData(std::string_view bytes);
  void BecomeReady(std::string_view rest);
  void Refuse(const std::string& error);
  void Broken(LaneLoss loss, const std::string& why);
  void ReconnectLater(const std::string& why);
  void AnnounceReady(bool ready);

  void ReadReplies(std::string_view bytes);
  bool TakeReply(std::string_view piece, bool complete, Run& run);
  bool TakeFrame(std::string_view piece, bool complete, Run& run);
  void Deliver(Run& run);
  Pending Finish(char kind);

  void SeparateLost();
  static bool IsDropped(const Entry& entry);
  SendLog TakeAbandoned(std::vector<Abandoned>& abandoned);
  void AnswerPlaceholders();
  static bool IsLoading(const Entry& oldest, std::string_view reply);
  bool TakeLoading(std::string_view reply);
  void TellUnavailable(const Entry& entry, std::string_view request, const std::string& line);
  std::int64_t OwingSince();
  void BreakIfOthersAreAnswered();
  void EndSilence();
  void RefuseOverdue();
  void CountRefused(const Pending& pending);
  void ScheduleOverdue();
  void TellRoom();
  void Measure(const Times& times);
  void RecordAlike();
  // Once a batch, so that a command need not write to the gauge.
  void ShowPendings() {
    const auto now = static_cast<std::int64_t>(pendings_.size());
    if (now != shown_pendings_) context_.metrics.in_flight.Add(now - std::exchange(shown_pendings_, now));
  }
  std::int64_t NowNs() const { return context_.loop.Now().time_since_epoch().count(); }

  const LaneContext context_;
  const LaneKey key_;
  const LaneUse use_;
  const Start start_;
  State state_ = State::kConnecting;
  std::unique_ptr<Connector::Attempt> attempt_;
  std::unique_ptr<net::Stream> stream_;
  std::string local_address_;  // of stream_
  net::Timer retry_timer_;
  net::Timer overdue_timer_;
  Handshake handshake_;
  HandshakeResult handshake_result_;
  std::string refusal_;     // the upstream's own error line, in state kRefused
  std::string last_error_;  // why there is no connection
  LaneLoss last_loss_ = LaneLoss::kClosedByUpstream;
  base::SteadyTime down_since_;
  base::SteadyTime ready_since_;
  base::SteadyTime refused_at_;
  int failed_attempts_ = 0;
  bool served_ = false;      // was ready once
  bool silent_ = false;      // the breaker counts it
  std::size_t dropped_ = 0;  // pendings that were sent, then abandoned: until they are answered it counts as silent
  std::int64_t last_byte_ns_ = 0;
  std::int64_t suspected_ns_ = 0;  // since when the last look found it nearly silent; 0: it did not

  SendLog log_;
  base::Ring<Entry> pendings_;
  std::uint64_t alike_ = 0;  // commands answered in this read that have alike_times_ and are not recorded yet
  Times alike_times_;
  std::int64_t shown_pendings_ = 0;
  std::size_t retried_ = 0;  // how many pendings at the front were sent before on another connection
  std::uint64_t sent_total_ = 0;
  std::uint64_t answered_total_ = 0;
  base::Ring<SendMark> marks_;
  resp::Limits limits_;
  resp::ReplyScanner scanner_;
  bool partly_delivered_ = false;  // the oldest reply has begun to reach its client
  std::string frame_;              // an incomplete frame
  std::vector<ReplySink*> awaiting_room_;
  std::vector<std::function<void(bool)>> ready_waiters_;
  ReplySink* owner_ = nullptr;
  std::string name_;
  bool pubsub_ = false;
  bool raw_ = false;
  base::SteadyTime last_used_;
};

}  // namespace herdgate::upstream
