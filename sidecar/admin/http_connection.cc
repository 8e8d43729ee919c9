#include "sidecar/admin/http_connection.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "sidecar/admin/http_codec.h"

namespace herdgate::admin {
namespace {

constexpr std::size_t kLingerBytes = 1'048'576;
constexpr std::chrono::seconds kLingerTime{1};
constexpr std::size_t kReadBytes = 16'384;
constexpr int kRequestTimeout = 408;
constexpr int kHeadersTooLarge = 431;

bool WouldBlock() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

HttpConnection::HttpConnection(int fd, const HttpLimits& limits, base::SteadyTime now, std::string remote,
                               std::unique_ptr<HttpChannel> channel)
    : fd_(fd),
      limits_(limits),
      accepted_at_(now),
      remote_(std::move(remote)),
      channel_(channel ? std::move(channel) : MakePlainChannel(fd)) {
  Enter(Phase::kReading, now, limits_.request_timeout);
}

HttpConnection::~HttpConnection() {
  channel_.reset();
  close(fd_);
}

short HttpConnection::events() const {
  return channel_->Events(phase_ == Phase::kWriting ? POLLOUT : POLLIN);
}

void HttpConnection::Enter(Phase phase, base::SteadyTime now, base::SteadyTime::duration limit) {
  phase_ = phase;
  since_ = now;
  deadline_ = now + limit;
}

HttpConnection::Ended HttpConnection::OnReady(base::SteadyTime now, const Responder& respond) {
  switch (phase_) {
    case Phase::kReading:
      return Read(now, respond);
    case Phase::kWriting:
      return Write(now);
    case Phase::kLingering:
      return Linger();
  }
  return Ended::kByClient;
}

HttpConnection::Ended HttpConnection::OnDeadline(base::SteadyTime now) {
  if (phase_ == Phase::kLingering) return Ended::kAfterRefusal;
  if (phase_ == Phase::kWriting) return Ended::kTimedOut;
  if (between_requests_) return Ended::kAfterAnswer;
  if (in_.empty()) return Ended::kTimedOut;
  Refuse(kRequestTimeout, now);
  return Write(now);
}

HttpConnection::Ended HttpConnection::Read(base::SteadyTime now, const Responder& respond) {
  if (pipelined_) {
    pipelined_ = false;
    if (TryAnswer(now, respond)) return Write(now);
  }
  // Never 0: a buffer at its bound holds a whole request or was refused.
  const std::size_t room = limits_.max_head_bytes + limits_.max_body_bytes - in_.size();
  std::array<char, kReadBytes> chunk;
  const ssize_t got = channel_->Receive(chunk.data(), std::min(chunk.size(), room));
  if (got == 0) return Ended::kByClient;
  if (got < 0) return WouldBlock() ? Ended::kNo : Ended::kByClient;
  if (between_requests_) {
    between_requests_ = false;
    Enter(Phase::kReading, now, limits_.request_timeout);
  }
  in_.append(chunk.data(), static_cast<std::size_t>(got));
  return TryAnswer(now, respond) ? Write(now) : Ended::kNo;
}

// True if there is something to write: an answer or a refusal.
bool HttpConnection::TryAnswer(base::SteadyTime now, const Responder& respond) {
  const std::size_t head_end = FindHeadEnd(in_, searched_);
  if (std::min(head_end, in_.size()) > limits_.max_head_bytes) {
    Refuse(kHeadersTooLarge, now);
    return true;
  }
  if (head_end == std::string::npos) {
    if (in_.size() == limits_.max_head_bytes) Refuse(kHeadersTooLarge, now);
    searched_ = in_.size() < 3 ? 0 : in_.size() - 3;
    return phase_ == Phase::kWriting;
  }
  RequestHead head;
  if (const int status = ParseHead(std::string_view(in_).substr(0, head_end), limits_, head); status != 0) {
    Refuse(status, now);
    return true;
  }
  if (in_.size() - head_end < head.content_length) return false;
  const std::string_view body = std::string_view(in_).substr(head_end, head.content_length);
  std::string answer = respond(head, body, remote_);
  const bool keep_alive = head.keep_alive;
  in_.erase(0, head_end + head.content_length);
  StartWriting(std::move(answer), !keep_alive, now);
  return true;
}

void HttpConnection::Refuse(int status, base::SteadyTime now) {
  refusal_ = status;
  linger_after_ = true;
  in_.clear();
  StartWriting(refuser_ != nullptr ? (*refuser_)(status) : RefusalText(status), true, now);
}

void HttpConnection::StartWriting(std::string answer, bool then_close, base::SteadyTime now) {
  out_ = std::move(answer);
  sent_ = 0;
  close_after_ = then_close;
  Enter(Phase::kWriting, now, limits_.write_timeout);
}

HttpConnection::Ended HttpConnection::Write(base::SteadyTime now) {
  while (sent_ < out_.size()) {
    const ssize_t put = channel_->Send(out_.data() + sent_, out_.size() - sent_);
    if (put < 0) return WouldBlock() ? Ended::kNo : Ended::kByClient;
    sent_ += static_cast<std::size_t>(put);
  }
  std::string().swap(out_);
  sent_ = 0;
  if (!close_after_) {
    StartReading(now);
    return Ended::kNo;
  }
  if (!linger_after_) return Ended::kAfterAnswer;
  channel_->EndSending();
  Enter(Phase::kLingering, now, kLingerTime);
  return Linger();
}

void HttpConnection::StartReading(base::SteadyTime now) {
  searched_ = 0;
  between_requests_ = in_.empty();
  pipelined_ = !between_requests_;
  if (between_requests_) std::string().swap(in_);
  Enter(Phase::kReading, now, between_requests_ ? limits_.idle_timeout : limits_.request_timeout);
}

HttpConnection::Ended HttpConnection::Linger() {
  std::array<char, kReadBytes> unread;
  while (lingered_ < kLingerBytes) {
    const ssize_t got = channel_->Receive(unread.data(), unread.size());
    if (got < 0 && WouldBlock()) return Ended::kNo;
    if (got <= 0) return Ended::kAfterRefusal;
    lingered_ += static_cast<std::size_t>(got);
  }
  return Ended::kAfterRefusal;
}

}  // namespace herdgate::admin
