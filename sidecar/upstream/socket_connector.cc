#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/connector.h"

namespace herdgate::upstream {
namespace {

using base::ErrorCode;
using base::Status;

Status Unavailable(const std::string& what) {
  return {ErrorCode::kUnavailable, what};
}

void Set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// A dead peer is noticed within half a minute, by unanswered data or by unanswered keep-alives.
void TuneTcp(int fd) {
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
}

// Shared with libuv callbacks, which may outlive the attempt: `attempt` is null once it was cancelled.
struct Lookup {
  uv_getaddrinfo_t request{};
  class SocketAttempt* attempt = nullptr;
};

class SocketAttempt final : public Connector::Attempt {
 public:
  SocketAttempt(net::Loop& loop, std::chrono::milliseconds timeout, Connector::Done done)
      : loop_(loop), done_(std::move(done)), deadline_(loop), end_(Now() + timeout) {
    deadline_.After(timeout, [this] {
      Finish(Unavailable(poll_ == nullptr ? "name resolution timed out" : "connection timed out"));
    });
  }

  ~SocketAttempt() override {
    if (lookup_ != nullptr) {
      lookup_->attempt = nullptr;
      uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    }
    Hang();
    uv_freeaddrinfo(found_);
  }

  void Resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    lookup_ = new Lookup;
    lookup_->attempt = this;
    const int rc = uv_getaddrinfo(loop_.uv(), &lookup_->request, &SocketAttempt::Resolved, host.c_str(),
                                  std::to_string(port).c_str(), &hints);
    if (rc == 0) return;
    delete std::exchange(lookup_, nullptr);
    FinishSoon(Unavailable(uv_strerror(rc)));
  }

  void Dial(const sockaddr* name, socklen_t size) {
    fd_ = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return Failed(errno);
    if (name->sa_family != AF_UNIX) TuneTcp(fd_);
    if (connect(fd_, name, size) == 0) return FinishSoon(Status());
    if (errno != EINPROGRESS) return Failed(errno);
    poll_ = new uv_poll_t;
    uv_poll_init(loop_.uv(), poll_, fd_);
    poll_->data = this;
    uv_poll_start(poll_, UV_WRITABLE, [](uv_poll_t* handle, int, int) {
      if (handle->data != nullptr) static_cast<SocketAttempt*>(handle->data)->Connected();
    });
  }

 private:
  static base::SteadyTime Now() { return std::chrono::steady_clock::now(); }

  static void Resolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
    auto* lookup = reinterpret_cast<Lookup*>(request);
    SocketAttempt* attempt = lookup->attempt;
    delete lookup;
    if (attempt == nullptr) return uv_freeaddrinfo(found);
    attempt->lookup_ = nullptr;
    attempt->found_ = attempt->next_ = found;
    if (status == 0) {
      attempt->DialNext();
    } else {
      attempt->Finish(Unavailable(fmt::format("name resolution failed: {}", uv_strerror(status))));
    }
  }

  // A name may have addresses on which nothing listens ("localhost" is two): each is tried, and one that does not
  // answer gets half of the time that is left.
  void DialNext() {
    const addrinfo* const to = std::exchange(next_, next_->ai_next);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Now());
    deadline_.After(std::max(next_ == nullptr ? left : left / 2, std::chrono::milliseconds(1)), [this] {
      if (next_ != nullptr) return Failed(ETIMEDOUT);
      Finish(Unavailable("connection timed out"));
    });
    Dial(to->ai_addr, to->ai_addrlen);
  }

  void Failed(int error) {
    Hang();
    if (next_ != nullptr) return DialNext();
    FinishSoon(Unavailable(std::strerror(error)));
  }

  void Connected() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Failed(error);
    Finish(Status());
  }

  void Hang() {
    StopPolling();
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

  void StopPolling() {
    if (poll_ == nullptr) return;
    poll_->data = nullptr;
    uv_poll_stop(poll_);
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  }

  void FinishSoon(const Status& status) {
    deadline_.After(std::chrono::milliseconds(0), [this, status] { Finish(status); });
  }

  // The last act: `done` may destroy this attempt.
  void Finish(const Status& status) {
    deadline_.Cancel();
    StopPolling();
    auto done = std::move(done_);
    if (!status.ok()) {
      done(status);
    } else {
      done(std::exchange(fd_, -1));
    }
  }

  net::Loop& loop_;
  Connector::Done done_;
  net::Timer deadline_;
  const base::SteadyTime end_;
  Lookup* lookup_ = nullptr;
  addrinfo* found_ = nullptr;
  addrinfo* next_ = nullptr;  // of found_
  uv_poll_t* poll_ = nullptr;
  int fd_ = -1;
};

class SocketConnector final : public Connector {
 public:
  explicit SocketConnector(const base::UpstreamUrl& url) : url_(url) {}

  std::unique_ptr<Attempt> Connect(net::Loop& loop, std::chrono::milliseconds timeout, Done done) override {
    auto attempt = std::make_unique<SocketAttempt>(loop, timeout, std::move(done));
    if (url_.kind == base::UpstreamUrl::Kind::kUnix) {
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      std::strncpy(name.sun_path, url_.path.c_str(), sizeof name.sun_path - 1);
      attempt->Dial(reinterpret_cast<sockaddr*>(&name), sizeof name);
      return attempt;
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(url_.port);
    if (inet_pton(AF_INET, url_.host.c_str(), &four.sin_addr) == 1) {
      attempt->Dial(reinterpret_cast<sockaddr*>(&four), sizeof four);
    } else {
      attempt->Resolve(url_.host, url_.port);
    }
    return attempt;
  }

  std::string name() const override { return url_.ToString(); }

 private:
  const base::UpstreamUrl url_;
};

}  // namespace

std::unique_ptr<Connector> MakeSocketConnector(const base::UpstreamUrl& url) {
  return std::make_unique<SocketConnector>(url);
}

}  // namespace herdgate::upstream
