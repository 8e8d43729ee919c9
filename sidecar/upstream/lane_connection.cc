// Lane's connection: how it comes, how it ends, and what becomes of the commands on it.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/net/listener.h"
#include "sidecar/upstream/lane.h"

namespace herdgate::upstream {

using std::chrono::milliseconds;

void Lane::Connect() {
  state_ = State::kConnecting;
  attempt_ = context_.connector.Connect(context_.loop, context_.options.timeout,
                                        [this](base::Result<int> socket) { OnConnected(std::move(socket)); });
}

// While the upstream is away only one lane now and then tries whether it is back.
void Lane::ConnectIfAllowed() {
  if (start_ == Start::kOnce || context_.breaker.MayConnect()) return Connect();
  state_ = State::kWaiting;
  // What those found that did try.
  if (std::string error = context_.breaker.Get().error; !error.empty()) last_error_ = std::move(error);
  // For whoever asks how long to wait, this is a failed attempt.
  failed_attempts_ = std::max(failed_attempts_, 1);
  retry_timer_.After(milliseconds(50 + static_cast<std::int64_t>(context_.random.Below(101))),
                     [this] { ConnectIfAllowed(); });
}

void Lane::Hurry() {
  if (state_ != State::kWaiting) return;
  failed_attempts_ = std::min(failed_attempts_, 1);
  retry_timer_.After(milliseconds(context_.random.Below(51)), [this] { ConnectIfAllowed(); });
}

void Lane::OnConnected(base::Result<int> socket) {
  // The attempt is running this very callback: let it end first.
  context_.loop.DestroyLater(std::move(attempt_));
  if (!socket.ok()) {
    context_.metrics.connect_failures.Add();
    context_.breaker.OnFailed(socket.status().message());
    ReconnectLater(socket.status().message());
    return;
  }
  context_.metrics.connects.Add();
  state_ = State::kHandshaking;
  context_.connections.fetch_add(1, std::memory_order_relaxed);
  local_address_ = net::DescribePeer(socket.value(), {}).local_address;
  context_.own_addresses.Add(local_address_);
  stream_ = std::make_unique<net::Stream>(context_.loop, socket.value(), *this);
  const std::string hello = handshake_.Start();
  const iovec piece{const_cast<char*>(hello.data()), hello.size()};
  if (stream_->Write({&piece, 1}) != static_cast<std::ptrdiff_t>(hello.size())) {
    Broken(LaneLoss::kBroken, "the connection broke at once");
    return;
  }
  // An upstream that accepts but does not answer must not hold the lane for ever.
  retry_timer_.After(context_.options.timeout, [this] { Broken(LaneLoss::kBroken, "no answer to the handshake"); });
}

void Lane::DropStream() {
  if (!stream_) return;
  context_.connections.fetch_sub(1, std::memory_order_relaxed);
  context_.own_addresses.Remove(local_address_);
  stream_->Detach();
  context_.loop.DestroyLater(std::move(stream_));
}

void Lane::OnHandshakeData(std::string_view bytes) {
  switch (handshake_.Take(bytes)) {
    case Handshake::Progress::kMore:
      return;
    case Handshake::Progress::kDone:
      BecomeReady(handshake_.rest());
      return;
    case Handshake::Progress::kRefused:
      Refuse(handshake_.error());
      return;
    case Handshake::Progress::kUnavailable:
      Broken(LaneLoss::kClosedByUpstream, handshake_.error());
      return;
  }
}

void Lane::BecomeReady(std::string_view rest) {
  retry_timer_.Cancel();
  overdue_timer_.Cancel();
  state_ = State::kReady;
  ready_since_ = context_.loop.Now();
  last_error_.clear();
  served_ = true;
  handshake_result_ = handshake_.result();
  scanner_.Reset();
  frame_.clear();
  context_.metrics.ready_lanes.Add();
  context_.breaker.OnReady();
  if (context_.health.Up(context_.loop.Now())) {
    base::LogInfo("upstream.connected",
                  {{"upstream", context_.connector.name()}, {"version", handshake_result_.version}});
  }
  context_.loop.Touch(*this);
  AnnounceReady(true);
  if (!rest.empty() && state_ == State::kReady) Broken(LaneLoss::kProtocol, "the upstream sent more than was asked");
}

void Lane::Refuse(const std::string& error) {
  refusal_ = error;
  refused_at_ = context_.loop.Now();
  retry_timer_.Cancel();
  overdue_timer_.Cancel();
  DropStream();
  state_ = State::kRefused;
  // Without a valid login of its own the sidecar serves nobody who has none either.
  if (*key_.identity == *context_.own_identity && refusal_.starts_with("-WRONGPASS")) {
    context_.health.Down(context_.loop.Now(), refusal_.substr(1));
  } else {
    context_.health.Up(context_.loop.Now());
  }
  const std::string line = RefusalError();
  while (!pendings_.empty()) {
    const Entry entry = pendings_.Pop();
    if (entry.pending.fate_unknown) {
      TellUnavailable(entry, {}, {});
      continue;
    }
    CountRefused(entry.pending);
    entry.sink->OnRefused(*this, entry.pending, line);
  }
  log_.Clear();
  TellRoom();
  AnnounceReady(false);
  if (served_ && context_.on_user_refused) context_.on_user_refused(key_);
}

void Lane::CountRefused(const Pending& pending) {
  if (!pending.own) context_.metrics.commands.Count(pending.command, true);
}

void Lane::OnEnd(bool broken) {
  Broken(broken ? LaneLoss::kBroken : LaneLoss::kClosedByUpstream,
         broken ? "the connection broke" : "connection closed by the upstream");
}

void Lane::Broken(LaneLoss loss, const std::string& why) {
  if (state_ == State::kClosed || state_ == State::kRefused) return;
  const bool was_ready = state_ == State::kReady;
  if (was_ready) {
    EndSilence();
    context_.breaker.OnReadyEnded(true);
    context_.metrics.ready_lanes.Sub();
    context_.metrics.losses[static_cast<std::size_t>(loss)].Add();
    last_loss_ = loss;
  } else {
    context_.metrics.connect_failures.Add();
    context_.breaker.OnFailed(why);
  }
  DropStream();
  retry_timer_.Cancel();
  if (use_ == LaneUse::kDedicated && was_ready) {
    down_since_ = context_.loop.Now();
    last_error_ = why;
    state_ = State::kClosed;
    while (!pendings_.empty()) pendings_.Pop();
    ShowPendings();
    AnnounceReady(false);
    if (owner_ != nullptr) owner_->OnLost(*this);
    return;
  }
  state_ = State::kWaiting;
  if (was_ready) {
    down_since_ = context_.loop.Now();
    // An upstream that closes every connection soon is not asked again and again without a pause.
    if (down_since_ - ready_since_ >= context_.options.backoff_last) failed_attempts_ = 0;
    SeparateLost();
  }
  if (state_ != State::kWaiting) return;
  ReconnectLater(why);
  if (!full()) TellRoom();
}

// Keeps what may be sent (again) over the next connection, in order, and tells every sink that loses something.
void Lane::SeparateLost() {
  const std::size_t sent = log_.sent_bytes();
  std::unordered_set<ReplySink*> lost;
  std::size_t wholly_sent = 0;  // pendings; what was cut off in the middle can't have been run
  for (std::size_t end = 0; wholly_sent < pendings_.size(); ++wholly_sent) {
    Entry& entry = pendings_[wholly_sent];
    end += entry.pending.bytes;
    if (end > sent) break;
    const bool begun = wholly_sent == 0 && partly_delivered_;
    // One that brings the upstream down is not sent for ever: if it can be answered here, the breaker opens first.
    const bool may_repeat = entry.pending.retryable && (wholly_sent >= retried_ || entry.pending.degradable) && !begun;
    if (may_repeat || IsDropped(entry)) continue;
    if (begun || !entry.pending.degradable) {
      lost.insert(entry.sink);
    } else {
      entry.pending.fate_unknown = true;
    }
  }
  SendLog kept_log;
  base::Ring<Entry> kept;
  std::size_t retried = 0;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < pendings_.size(); ++i) {
    Entry entry = pendings_[i];
    const std::size_t bytes = entry.pending.bytes;
    if (!lost.contains(entry.sink) && !IsDropped(entry)) {
      const bool placeholder = entry.pending.fate_unknown;
      if (placeholder) entry.pending.bytes = 0;
      kept_log.Append(log_.At(offset, entry.pending.bytes));
      kept.Push(entry);
      if (i < std::max(wholly_sent, retried_)) ++retried;
      if (i < wholly_sent && !placeholder) context_.metrics.retries.Add();
    }
    offset += bytes;
  }
  log_ = std::move(kept_log);
  pendings_ = std::move(kept);
  retried_ = retried;
  partly_delivered_ = false;
  dropped_ = 0;
  sent_total_ = answered_total_ = 0;
  while (!marks_.empty()) marks_.Pop();
  for (ReplySink* sink : lost) sink->OnLost(*this);
}

void Lane::ReconnectLater(const std::string& why) {
  if (failed_attempts_ == 0 && state_ == State::kConnecting) down_since_ = context_.loop.Now();
  last_error_ = why;
  state_ = State::kWaiting;
  if (start_ == Start::kOnce) Close();
  if (context_.health.Down(context_.loop.Now(), why)) {
    base::LogWarn("upstream.unavailable", {{"upstream", context_.connector.name()}, {"error", why}});
  }
  if (state_ == State::kClosed) return;
  // The first attempt after a loss comes soon: a restarted upstream or a closed idle connection is the common case.
  const auto& options = context_.options;
  const int doublings = std::min(failed_attempts_, 12);
  ++failed_attempts_;
  const auto delay = std::min(options.backoff_last, options.backoff_first * (1 << doublings));
  const auto jittered =
      milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * (0.5 + context_.random.Unit())));
  retry_timer_.After(jittered, [this] { ConnectIfAllowed(); });
  ScheduleOverdue();
}

void Lane::ScheduleOverdue() {
  if (overdue_timer_.armed() || (pendings_.empty() && ready_waiters_.empty())) return;
  const auto deadline = pendings_.empty() ? NowNs() : pendings_.Front().pending.started_ns;
  const auto wait = milliseconds((deadline - NowNs()) / 1000000) + context_.options.timeout + milliseconds(1);
  overdue_timer_.After(std::max(wait, milliseconds(1)), [this] { RefuseOverdue(); });
}

void Lane::RefuseOverdue() {
  if (state_ == State::kReady || state_ == State::kClosed) return;
  AnnounceReady(false);
  if (last_error_.empty()) last_error_ = "connection timed out";
  const std::string line = RefusalError();
  const std::int64_t limit = NowNs() - std::chrono::nanoseconds(context_.options.timeout).count();
  // What one client asked on its own lane belongs together: without its MULTI a command would run alone.
  const bool together =
      use_ == LaneUse::kDedicated && !pendings_.empty() && pendings_.Front().pending.started_ns <= limit;
  const auto overdue = [&] { return together || pendings_.Front().pending.started_ns <= limit; };
  while (!pendings_.empty() && overdue() && state_ != State::kReady) {
    const Entry entry = pendings_.Pop();
    const std::string request(entry.pending.degradable ? log_.At(0, entry.pending.bytes) : std::string_view());
    log_.Drop(entry.pending.bytes);
    if (retried_ > 0) --retried_;
    if (!entry.pending.fate_unknown) context_.metrics.refused.Add();
    if (entry.pending.degradable) {
      TellUnavailable(entry, request, line);
      continue;
    }
    CountRefused(entry.pending);
    entry.sink->OnRefused(*this, entry.pending, line);
  }
  if (pendings_.empty()) log_.Clear();  // bytes of no command: raw ones
  if (!full()) TellRoom();
  ScheduleOverdue();
}

}  // namespace herdgate::upstream
