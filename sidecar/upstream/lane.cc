#include "sidecar/upstream/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::upstream {

using std::chrono::milliseconds;

Lane::Lane(const LaneContext& context, LaneKey key, LaneUse use, Start start)
    : context_(context),
      key_(std::move(key)),
      use_(use),
      start_(start),
      retry_timer_(context.loop),
      overdue_timer_(context.loop),
      handshake_(key_, context.own_identity),
      down_since_(context.loop.Now()),
      scanner_(limits_),
      last_used_(context.loop.Now()) {
  if (use_ != LaneUse::kDedicated) context_.metrics.shared_lanes.Add();
  ConnectIfAllowed();
}

Lane::~Lane() {
  Close();
  context_.loop.Untouch(*this);
  if (use_ != LaneUse::kDedicated) context_.metrics.shared_lanes.Sub();
}

bool Lane::Send(std::string_view request, ReplySink& sink, Pending pending) {
  if (refuses()) return false;
  pending.bytes = static_cast<std::uint32_t>(request.size());
  pending.fate_unknown = false;
  pending.degradable &= use_ != LaneUse::kDedicated;
  log_.Append(request);
  pendings_.Push({&sink, pending});
  last_used_ = context_.loop.Now();
  if (state_ == State::kReady) {
    context_.loop.Touch(*this);
  } else {
    ScheduleOverdue();
  }
  return true;
}

bool Lane::BeginStream(ReplySink& sink, Pending pending) {
  assert(use_ == LaneUse::kDedicated);
  return Send({}, sink, pending);
}

void Lane::StreamBytes(std::string_view bytes) {
  log_.Append(bytes);
  // Until the lane is ready the request may be refused, then with all its bytes.
  if (state_ != State::kReady && !pendings_.empty()) {
    pendings_[pendings_.size() - 1].pending.bytes += static_cast<std::uint32_t>(bytes.size());
  }
  if (state_ == State::kReady) context_.loop.Touch(*this);
}

void Lane::SendRaw(std::string_view bytes) {
  StreamBytes(bytes);
}

bool Lane::refuses() const {
  if (state_ == State::kReady) return false;
  if (state_ == State::kRefused || state_ == State::kClosed) return true;
  const auto since = std::max(down_since_, context_.breaker.answered_at());
  return failed_attempts_ > 0 && context_.loop.Now() - since > context_.options.timeout;
}

std::string Lane::RefusalError() const {
  return state_ == State::kRefused ? refusal_ + "\r\n" : UnavailableError();
}

std::string Lane::UnavailableError() const {
  const auto down = std::chrono::duration_cast<milliseconds>(context_.loop.Now() - down_since_);
  return fmt::format("-ERR herdgate: upstream {} is unavailable: {} (for {:.1f} s)\r\n", context_.connector.name(),
                     last_error_.empty() ? "no answer" : last_error_, static_cast<double>(down.count()) / 1000);
}

void Lane::Forget(ReplySink& sink) {
  std::erase(awaiting_room_, &sink);
  if (owner_ == &sink) owner_ = nullptr;
}

void Lane::WhenReady(std::function<void(bool)> done) {
  if (state_ == State::kReady || refuses()) {
    done(state_ == State::kReady);
    return;
  }
  ready_waiters_.push_back(std::move(done));
  ScheduleOverdue();
}

void Lane::AnnounceReady(bool ready) {
  std::vector<std::function<void(bool)>> waiters;
  waiters.swap(ready_waiters_);
  for (auto& waiter : waiters) waiter(ready);
}

void Lane::SetReading(bool on) {
  if (stream_) stream_->SetReading(on);
}

void Lane::Close() {
  if (state_ == State::kClosed) return;
  if (state_ == State::kReady) {
    EndSilence();
    context_.metrics.ready_lanes.Sub();
    context_.breaker.OnReadyEnded(false);
  }
  state_ = State::kClosed;
  attempt_.reset();
  retry_timer_.Cancel();
  overdue_timer_.Cancel();
  DropStream();
  while (!pendings_.empty()) pendings_.Pop();
  ShowPendings();
  AnnounceReady(false);
}

void Lane::EverySecond() {
  ShowPendings();
  log_.Trim();
  pendings_.Trim();
  marks_.Trim();
}

// ---- replies

void Lane::OnData(std::string_view bytes) {
  context_.metrics.received_bytes.Add(bytes.size());
  if (state_ == State::kHandshaking) {
    OnHandshakeData(bytes);
  } else if (state_ == State::kReady) {
    last_byte_ns_ = NowNs();
    ReadReplies(bytes);
    RecordAlike();
    ShowPendings();
    if (dropped_ == 0) EndSilence();
  }
}

void Lane::ReadReplies(std::string_view bytes) {
  Run run;
  while (!bytes.empty() && state_ == State::kReady) {
    if (raw_) {
      Deliver(run);
      if (owner_ != nullptr) owner_->OnRaw(*this, bytes);
      return;
    }
    const bool is_frame =
        !frame_.empty() || (scanner_.idle() && (bytes.front() == '>' || (pubsub_ && bytes.front() == '*')));
    const auto progress = scanner_.Scan(bytes);
    if (scanner_.failed() || progress.bytes == 0) {
      Deliver(run);
      return Broken(LaneLoss::kProtocol, "the upstream sent bytes that are no reply");
    }
    const std::string_view piece = bytes.substr(0, progress.bytes);
    bytes.remove_prefix(progress.bytes);
    // The end of a reply may have brought a placeholder to the front; what was read before it goes first.
    if (!pendings_.empty() && pendings_.Front().pending.fate_unknown) {
      Deliver(run);
      AnswerPlaceholders();
      if (state_ != State::kReady) return;
    }
    if (!(is_frame ? TakeFrame(piece, progress.complete, run) : TakeReply(piece, progress.complete, run))) return;
  }
  Deliver(run);
  AnswerPlaceholders();
}

bool Lane::TakeReply(std::string_view piece, bool complete, Run& run) {
  if (pendings_.empty()) {
    Deliver(run);
    // Redis says why it closes a connection, then closes it.
    const std::string text(piece.substr(0, std::min<std::size_t>(piece.size(), 80)));
    Broken(LaneLoss::kProtocol, text.starts_with('-') ? "the upstream closed: " + text.substr(1, text.find('\r') - 1)
                                                      : "the upstream sent a reply that nobody asked for");
    return false;
  }
  if (complete && !partly_delivered_ && IsLoading(pendings_.Front(), piece)) {
    Deliver(run);
    return state_ == State::kReady && TakeLoading(piece);
  }
  // A callback may send, which moves the pendings: no reference to one is held over it.
  ReplySink& sink = *pendings_.Front().sink;
  if (pendings_.Front().pending.tag != 0) {
    Deliver(run);
    if (state_ != State::kReady) return false;
    const Pending pending = complete ? Finish(scanner_.kind()) : pendings_.Front().pending;
    partly_delivered_ = !complete;
    sink.OnTaggedReply(*this, pending, piece, complete);
    return state_ == State::kReady;
  }
  if (run.sink == nullptr || run.sink != &sink) {
    Deliver(run);
    if (state_ != State::kReady) return false;
    run = {.sink = &sink, .bytes = piece};
  } else {
    run.bytes = {run.bytes.data(), run.bytes.size() + piece.size()};
  }
  run.goes_on = !complete;
  if (complete) {
    ++run.ended;
    Finish(scanner_.kind());
  }
  if (sink.singles()) Deliver(run);
  return state_ == State::kReady;
}

bool Lane::TakeFrame(std::string_view piece, bool complete, Run& run) {
  Deliver(run);
  if (state_ != State::kReady) return false;
  if (!complete) {
    frame_.append(piece);
    return true;
  }
  std::string held;
  if (!frame_.empty()) {
    held.swap(frame_);
    held.append(piece);
    piece = held;
  }
  if (owner_ == nullptr) {
    context_.metrics.stray_pushes.Add();
    return true;
  }
  const bool answers_possible = !pendings_.empty();
  const Pending oldest = answers_possible ? pendings_.Front().pending : Pending{};
  const FrameVerdict verdict = owner_->OnFrame(*this, piece, answers_possible ? &oldest : nullptr);
  if (verdict == FrameVerdict::kAnswer && answers_possible && state_ == State::kReady) Finish('*');
  return state_ == State::kReady;
}

void Lane::Deliver(Run& run) {
  if (run.sink == nullptr) return;
  const Run now = std::exchange(run, {});
  if (now.bytes.empty()) return;
  partly_delivered_ = now.goes_on;
  now.sink->OnReplies(*this, now.bytes, now.ended);
}

Pending Lane::Finish(char kind) {
  const Entry entry = pendings_.Pop();
  const Pending& pending = entry.pending;
  if (IsDropped(entry)) --dropped_;
  partly_delivered_ = false;
  if (retried_ > 0) --retried_;
  auto& metrics = context_.metrics;
  if (!pending.own) {
    metrics.commands.Count(pending.command, kind == '-' || kind == '!');
    if (pending.probe != 0) metrics.commands.overhead.OnReply(pending.probe);
  }
  std::int64_t sent_at = pending.started_ns;
  if (use_ != LaneUse::kDedicated) {
    log_.Drop(pending.bytes);
    answered_total_ += pending.bytes;
    while (!marks_.empty() && marks_.Front().end < answered_total_) marks_.Pop();
    if (!marks_.empty()) sent_at = std::max(sent_at, marks_.Front().at_ns);
  }
  if (!pending.own) Measure({.group = pending.group, .started_ns = pending.started_ns, .sent_ns = sent_at});
  if (one_at_a_time()) context_.loop.Touch(*this);
  return pending;
}

// The commands that a client has pipelined have arrived and were sent together, and are answered together: one look at
// the histograms is enough for all of them.
void Lane::Measure(const Times& times) {
  if constexpr (!metrics::kCounts) return;
  if (alike_ > 0 && times == alike_times_) {
    ++alike_;
    return;
  }
  RecordAlike();
  alike_times_ = times;
  alike_ = 1;
}

void Lane::RecordAlike() {
  if (alike_ == 0) return;
  const std::int64_t now = NowNs();
  const Times& times = alike_times_;
  auto& metrics = context_.metrics;
  metrics.commands.duration[times.group].Record(std::chrono::nanoseconds(now - times.started_ns), alike_);
  metrics.duration[times.group].Record(std::chrono::nanoseconds(now - times.sent_ns), alike_);
  alike_ = 0;
}

// ---- writing

void Lane::OnFlush() {
  AnswerPlaceholders();
  ShowPendings();
  if (state_ != State::kReady || stream_->blocked()) return;
  std::string_view unsent = log_.Unsent();
  if (one_at_a_time()) {
    unsent = unsent.substr(0, pendings_.empty() ? 0 : pendings_.Front().pending.bytes - log_.sent_bytes());
  }
  if (!unsent.empty()) {
    const iovec piece{const_cast<char*>(unsent.data()), unsent.size()};
    const std::ptrdiff_t sent = stream_->Write({&piece, 1});
    if (sent < 0) return Broken(LaneLoss::kBroken, "writing failed");
    const auto bytes = static_cast<std::size_t>(sent);
    context_.metrics.sent_bytes.Add(bytes);
    log_.MarkSent(bytes);
    if (use_ == LaneUse::kDedicated) {
      log_.Drop(bytes);
    } else if (bytes > 0) {
      sent_total_ += bytes;
      marks_.Push({sent_total_, NowNs()});
    }
  }
  if (!full()) TellRoom();
}

void Lane::TellRoom() {
  // A sink may await room again, or forget another, while it is told.
  for (std::size_t left = awaiting_room_.size(); left > 0 && !awaiting_room_.empty(); --left) {
    ReplySink* const sink = awaiting_room_.front();
    awaiting_room_.erase(awaiting_room_.begin());
    sink->OnRoom(*this);
  }
}

}  // namespace herdgate::upstream
