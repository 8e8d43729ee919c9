#include "sidecar/net/session.h"

#include <array>
#include <utility>

#include "sidecar/net/session_set.h"

namespace herdgate::net {

std::string_view CloseReasonName(CloseReason reason) {
  constexpr std::array<std::string_view, kCloseReasons> kNames = {
      "client", "quit", "protocol_error", "killed", "output_limit", "upstream_lost", "refused", "shutdown"};
  return kNames[static_cast<std::size_t>(reason)];
}

Session::Session(Loop& loop, int fd, Peer peer, SessionSet& set)
    : loop_(loop),
      set_(set),
      peer_(std::move(peer)),
      stream_(loop, fd, *this),
      decoder_(set.limits()),
      replies_(loop),
      opened_at_(loop.Now()),
      last_request_at_(loop.Now()) {}

Session::~Session() {
  loop_.Untouch(*this);
}

void Session::OnData(std::string_view bytes) {
  set_.metrics().received_bytes.Add(bytes.size());
  if (draining_ || closed_) return;
  if (!input_.empty() || paused_ || resuming_) {
    input_.append(bytes);
    if (!paused_ && !resuming_) DecodeHeld();
  } else {
    const std::size_t used = Decode(bytes);
    if (used < bytes.size() && !draining_ && !closed_) input_.assign(bytes.substr(used));
  }
  if (paused_ && input_bytes() > set_.options().max_waiting_input && !throttled_) {
    throttled_ = true;
    stream_.SetReading(false);
  }
}

void Session::DecodeHeld() {
  input_at_ += Decode(std::string_view(input_).substr(input_at_));
  if (draining_ || closed_) return;
  // Moving the rest is worth it only if it frees at least as much as it moves.
  if (input_at_ >= input_bytes()) input_.erase(0, std::exchange(input_at_, 0));
  if (input_.empty() && input_.capacity() > 4096) input_ = std::string();
}

std::size_t Session::Decode(std::string_view bytes) {
  std::string_view rest = bytes;
  std::uint64_t taken = 0;
  while (!rest.empty() && !paused_ && !draining_ && !closed_ && DecodeOne(rest)) ++taken;
  if (taken > 0) set_.metrics().pipeline_depth.Observe(taken);
  return bytes.size() - rest.size();
}

// Handles what stands at the front of `rest` and drops it from there; false if decoding can't go on now.
inline bool Session::DecodeOne(std::string_view& rest) {
  if (decoder_.streaming()) return StreamOne(rest);
  resp::Request request;
  switch (decoder_.Decode(rest, request)) {
    case resp::RequestDecoder::Outcome::kRequest:
      break;
    case resp::RequestDecoder::Outcome::kSkip:
      rest.remove_prefix(decoder_.consumed());
      set_.handler().OnEmptyRequest(*this);
      return true;
    case resp::RequestDecoder::Outcome::kNeedMore:
      return DecodeIncomplete(rest);
    case resp::RequestDecoder::Outcome::kError:
      ProtocolError();
      return false;
  }
  holding_ = false;
  behind_ = rest;
  behind_.remove_prefix(decoder_.consumed());
  last_request_at_ = loop_.Now();
  if (set_.handler().OnRequest(*this, request) == Verdict::kWait) {
    paused_ = true;
    return false;
  }
  rest = behind_;
  return true;
}

// The same for the next bytes of a request that is streamed.
bool Session::StreamOne(std::string_view& rest) {
  const std::string_view bytes = rest.substr(0, decoder_.Stream(rest));
  if (decoder_.failed()) {
    AbandonStream();
    ProtocolError();
    return false;
  }
  rest.remove_prefix(bytes.size());
  set_.handler().OnStream(*this, bytes, !decoder_.streaming());
  return true;
}

// True if the incomplete request at the front of `rest` is streamed from now on.
bool Session::DecodeIncomplete(std::string_view rest) {
  const std::size_t declared = decoder_.declared_bytes();
  if (declared <= set_.options().max_held_request) return false;
  const bool may_hold = declared <= set_.options().max_whole_request;
  if (holding_ && may_hold) return false;
  LargeRequest head{.args = decoder_.Partial(rest),
                    .declared_args = static_cast<std::size_t>(decoder_.declared_args()),
                    .bytes = rest,
                    .declared_bulk = decoder_.declared_bulk(),
                    .may_hold = may_hold};
  const std::uint64_t owed_before = replies_.outstanding();
  const Verdict verdict = set_.handler().OnLarge(*this, head);
  holding_ = verdict == Verdict::kHold;
  if (verdict != Verdict::kDone) {
    paused_ = verdict == Verdict::kWait;
    return false;
  }
  stream_owes_ = replies_.outstanding() - owed_before;
  decoder_.BeginStream();
  return true;
}

void Session::ProtocolError() {
  set_.metrics().protocol_errors.Add();
  replies_.Local("-ERR Protocol error: " + decoder_.error() + "\r\n");
  Drain(CloseReason::kProtocolError);
}

// The request being streamed will never end: nobody waits for its reply any more.
void Session::AbandonStream() {
  replies_.TakeBack(std::exchange(stream_owes_, 0));
}

void Session::Resume() {
  if (!paused_ || closed_) return;
  paused_ = false;
  resuming_ = true;  // the flush goes on decoding, outside of whatever called us
  loop_.Touch(*this);
}

void Session::SetReading(bool on) {
  handler_reading_ = on;
  if (!throttled_) stream_.SetReading(on);
}

void Session::Drain(CloseReason reason) {
  if (draining_ || closed_) return;
  draining_ = true;
  drain_reason_ = reason;
  loop_.Touch(*this);
}

void Session::Kill(CloseReason reason) {
  if (closed_) return;
  // What was answered before the end still belongs to the client.
  if (reason != CloseReason::kClient) {
    const std::ptrdiff_t sent = replies_.out().Flush(stream_);
    if (sent > 0) set_.metrics().sent_bytes.Add(static_cast<std::uint64_t>(sent));
  }
  closed_ = true;
  set_.metrics().output_bytes.Sub(static_cast<std::int64_t>(reported_backlog_));
  stream_.Detach();
  set_.Closing(*this, reason);
}

void Session::OnEnd(bool broken) {
  if (closed_) return;
  if (broken) {
    Kill(draining_ ? drain_reason_ : CloseReason::kClient);
    return;
  }
  half_closed_ = true;
  set_.handler().OnHalfClose(*this);
  if (!closed_) loop_.Touch(*this);
}

void Session::OnHungUp() {
  if (!closed_) set_.handler().OnHalfClose(*this);
}

void Session::OnWritable() {
  loop_.Touch(*this);
}

void Session::OnFlush() {
  if (!closed_ && resuming_) GoOn();
  if (closed_ || !WriteReplies()) return;
  const std::size_t backlog = replies_.out().size() + replies_.held_bytes();
  if (backlog != reported_backlog_) {
    set_.metrics().output_bytes.Add(static_cast<std::int64_t>(backlog) - static_cast<std::int64_t>(reported_backlog_));
    reported_backlog_ = backlog;
  }
  if (backlog > set_.options().max_output) {
    Kill(CloseReason::kOutputLimit);
    return;
  }
  if (backlog > 0 || had_backlog_) {
    had_backlog_ = backlog > 0;
    set_.handler().OnBacklog(*this, backlog);
    if (closed_) return;
  }
  FinishIfSettled();
}

void Session::GoOn() {
  resuming_ = false;
  DecodeHeld();
  if (closed_ || !throttled_) return;
  // What is left of input that does not wait is the front of a request, whose rest must come.
  if (!paused_ || input_bytes() <= set_.options().max_waiting_input / 2) {
    throttled_ = false;
    stream_.SetReading(handler_reading_);
  }
}

// False if the connection turned out dead.
bool Session::WriteReplies() {
  if (stream_.blocked()) {
    replies_.out().Keep();
    return true;
  }
  if (replies_.out().empty()) return true;
  const std::ptrdiff_t sent = replies_.out().Flush(stream_);
  if (sent < 0) {
    Kill(draining_ ? drain_reason_ : CloseReason::kClient);
    return false;
  }
  set_.metrics().sent_bytes.Add(static_cast<std::uint64_t>(sent));
  return true;
}

void Session::FinishIfSettled() {
  // A client that sent its last byte is closed once everything it asked is answered; input that waits is still asked.
  const bool done = draining_ || (half_closed_ && !paused_ && !resuming_);
  if (!done) return;
  if (decoder_.streaming()) AbandonStream();
  if (replies_.settled() && replies_.out().empty()) Kill(draining_ ? drain_reason_ : CloseReason::kClient);
}

}  // namespace herdgate::net
