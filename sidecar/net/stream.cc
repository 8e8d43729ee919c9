#include "sidecar/net/stream.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

namespace herdgate::net {

Stream::Stream(Loop& loop, int fd, Owner& owner) : loop_(loop), owner_(owner), handle_(new uv_poll_s), fd_(fd) {
  uv_poll_init(loop.uv(), handle_, fd);
  handle_->data = this;
  Poll();
}

Stream::~Stream() {
  handle_->data = nullptr;
  uv_poll_stop(handle_);
  uv_close(reinterpret_cast<uv_handle_t*>(handle_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  close(fd_);
}

void Stream::Detach() {
  reading_ = false;
  ended_ = true;
  handle_->data = nullptr;
  uv_poll_stop(handle_);
}

void Stream::Poll() {
  if (handle_->data == nullptr) return;
  int events = 0;
  if (!ended_ && reading_) events |= UV_READABLE;
  if (!ended_ && !reading_ && !hung_up_) events |= UV_DISCONNECT;
  if (blocked_) events |= UV_WRITABLE;
  if (events == 0) {
    uv_poll_stop(handle_);
    return;
  }
  uv_poll_start(handle_, events, [](uv_poll_t* handle, int status, int what) {
    auto* self = static_cast<Stream*>(handle->data);
    if (self != nullptr) self->OnEvents(status, what);
  });
}

void Stream::OnEvents(int status, int events) {
  if (status < 0) {
    // What arrived before the connection broke still counts.
    const bool half_closed = ended_;
    while (reading_ && !ended_ && Read()) {
    }
    if (half_closed || !ended_) End(true);
    return;
  }
  if ((events & UV_WRITABLE) != 0 && blocked_) {
    blocked_ = false;
    Poll();
    owner_.OnWritable();
  }
  if ((events & UV_READABLE) != 0 && reading_ && !ended_) {
    Read();
  } else if ((events & UV_DISCONNECT) != 0 && !ended_) {
    // Unread bytes come before the end: then reading, once it is on again, finds it.
    char first = 0;
    hung_up_ = recv(fd_, &first, 1, MSG_PEEK) > 0;
    if (hung_up_) {
      Poll();
      owner_.OnHungUp();
    } else {
      End(false);
    }
  }
}

// True if bytes came.
bool Stream::Read() {
  loop_.RefreshNow();
  const auto space = loop_.ReadSpace();
  // The flush inside ReadSpace may have ended this stream or stopped its reading.
  if (ended_ || !reading_) return false;
  const ssize_t got = read(fd_, space.data(), space.size());
  if (got > 0) {
    const auto size = static_cast<std::size_t>(got);
    const std::size_t mark = loop_.BeginRead(size);
    owner_.OnData({space.data(), size});
    loop_.EndRead(mark);
    return true;
  }
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) End(got < 0);
  return false;
}

void Stream::End(bool broken) {
  if (ended_ && !broken) return;
  ended_ = true;
  if (broken) blocked_ = false;
  Poll();
  owner_.OnEnd(broken);
}

std::ptrdiff_t Stream::Write(std::span<const iovec> pieces) {
  if (blocked_) return 0;
  std::size_t wanted = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  ssize_t sent = pieces.size() == 1 ? send(fd_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                                    : sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) return -1;
    sent = 0;
  }
  if (static_cast<std::size_t>(sent) < wanted) {
    blocked_ = true;
    Poll();
  }
  return sent;
}

void Stream::SetReading(bool on) {
  if (reading_ == on) return;
  reading_ = on;
  Poll();
}

}  // namespace herdgate::net
