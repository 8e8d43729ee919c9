#include "sidecar/admin/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

#include "sidecar/admin/listen_socket.h"

namespace herdgate::admin {
namespace {

using base::ErrorCode;
using base::SteadyTime;

// Few enough that clients which were accepted before get a turn in between.
constexpr int kAcceptsPerTurn = 16;
constexpr int kRequestTimeout = 408;
constexpr std::chrono::milliseconds kOutOfDescriptorsPause{100};

// Signals are for the threads that were made for them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// "127.0.0.1:50000", "[::1]:50000"
std::string AddressText(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    (void)inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(four.sin_port));
  }
  if (address.ss_family != AF_INET6) return "";
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
  (void)inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(six.sin6_port));
}

}  // namespace

HttpServer::HttpServer(HttpServerOptions options, const base::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      codec_([this](const HttpRequest& request) { return Dispatch(request); }),
      responder_([this](const RequestHead& head, std::string_view body, std::string_view remote) {
        return Respond(head, body, remote);
      }),
      refuser_([this](int status) { return RefusalText(status, refusal_); }) {}

HttpServer::~HttpServer() {
  Stop();
}

void HttpServer::Route(std::string_view method, std::string_view path, HttpHandler handler) {
  assert(!thread_.joinable());
  routes_[std::string(path)][std::string(method)] = std::move(handler);
}

void HttpServer::Refusal(HttpRefusal refusal) {
  assert(!thread_.joinable());
  refusal_ = std::move(refusal);
  codec_.SetRefusal(refusal_);
}

base::Result<std::uint16_t> HttpServer::Start() {
  assert(!thread_.joinable() && !stopping_);
  base::Result<ListenSocket> listening = Listen(options_.listen);
  if (!listening.ok()) return listening.status();
  listen_fd_ = listening.value().fd;
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) {
    close(std::exchange(listen_fd_, -1));
    return base::Status(ErrorCode::kIo, "can't make an event descriptor for an HTTP listener");
  }
  try {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& error) {
    close(std::exchange(listen_fd_, -1));
    close(std::exchange(wake_fd_, -1));
    return base::Status(ErrorCode::kIo, std::string("can't start the thread of an HTTP listener: ") + error.what());
  }
  return listening.value().port;
}

void HttpServer::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  (void)eventfd_write(wake_fd_, 1);
  thread_.join();
  connections_.clear();
  metrics_.connections.Set(0);
  close(std::exchange(listen_fd_, -1));
  close(std::exchange(wake_fd_, -1));
}

void HttpServer::Run() {
  pthread_setname_np(pthread_self(), "herdgate-http");
  while (!stopping_) {
    Wait(clock_.Now());
    if (stopping_) break;
    const SteadyTime now = clock_.Now();
    Serve(now);
    if (listener_ready_) Accept(now);
    ShedMemory();
    metrics_.connections.Set(static_cast<std::int64_t>(connections_.size()));
  }
}

// Polls until a socket is ready or a deadline has come; the results go to ready_ and listener_ready_.
void HttpServer::Wait(SteadyTime now) {
  std::vector<pollfd> polled;
  polled.reserve(connections_.size() + 2);
  SteadyTime until = SteadyTime::max();
  polled.push_back({wake_fd_, POLLIN, 0});
  const bool accepting = now >= accept_from_;
  polled.push_back({accepting ? listen_fd_ : -1, POLLIN, 0});
  if (!accepting) until = accept_from_;
  for (const auto& connection : connections_) {
    polled.push_back({connection->fd(), connection->events(), 0});
    until = std::min(until, connection->wants_turn() ? now : connection->deadline());
  }
  int timeout_ms = -1;
  if (until != SteadyTime::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now, SteadyTime::duration::zero()));
    timeout_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
  }
  (void)poll(polled.data(), polled.size(), timeout_ms);
  listener_ready_ = polled[1].revents != 0;
  ready_.clear();
  for (std::size_t i = 2; i < polled.size(); ++i) ready_.push_back(polled[i].revents);
}

void HttpServer::Serve(SteadyTime now) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    HttpConnection& connection = *connections_[i];
    HttpConnection::Ended ended = HttpConnection::Ended::kNo;
    if (ready_[i] != 0 || connection.wants_turn()) ended = connection.OnReady(now, responder_);
    if (ended == HttpConnection::Ended::kNo && connection.deadline() <= now) ended = connection.OnDeadline(now);
    if (!Keep(connection, ended)) connections_[i].reset();
  }
  std::erase(connections_, nullptr);
}

void HttpServer::Accept(SteadyTime now) {
  for (int i = 0; i < kAcceptsPerTurn && HasRoom(now); ++i) {
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof(peer);
    const int fd = accept4(listen_fd_, reinterpret_cast<sockaddr*>(&peer), &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // Without a free descriptor the listener stays readable; don't spin on it, and give one back.
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        accept_from_ = now + kOutOfDescriptorsPause;
        DropLongestWaiting([](const HttpConnection&) { return true; });
      }
      return;
    }
    if (IsFull()) DropLongestWaiting([&](const HttpConnection& connection) { return IsEvictable(connection, now); });
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto channel = make_channel_ ? make_channel_(fd) : MakePlainChannel(fd);
    if (!channel) {
      close(fd);
      continue;
    }
    auto connection = std::make_unique<HttpConnection>(fd, options_.limits, now, AddressText(peer), std::move(channel));
    if (refusal_) connection->SetRefuser(&refuser_);
    if (Keep(*connection, connection->OnReady(now, responder_))) connections_.push_back(std::move(connection));
  }
}

bool HttpServer::IsFull() const {
  return connections_.size() >= std::max<std::size_t>(options_.limits.max_connections, 1);
}

// The grace counts from the accept, so that busy clients don't hold their places for ever.
bool HttpServer::IsEvictable(const HttpConnection& connection, SteadyTime now) const {
  return connection.accepted_at() + options_.limits.grace <= now;
}

// False if a newcomer would find only connections in their grace; then sets when to look again.
bool HttpServer::HasRoom(SteadyTime now) {
  if (!IsFull()) return true;
  SteadyTime oldest = SteadyTime::max();
  for (const auto& connection : connections_) oldest = std::min(oldest, connection->accepted_at());
  accept_from_ = oldest + options_.limits.grace;
  return accept_from_ <= now;
}

void HttpServer::ShedMemory() {
  const auto held = [this] {
    std::size_t sum = 0;
    for (const auto& connection : connections_) sum += connection->held_bytes();
    return sum;
  };
  const auto holds = [](const HttpConnection& connection) { return connection.held_bytes() > 0; };
  while (held() > options_.limits.max_held_bytes && DropLongestWaiting(holds)) {
  }
}

template <typename Eligible>
bool HttpServer::DropLongestWaiting(Eligible eligible) {
  auto oldest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it) {
    if (!eligible(**it)) continue;
    if (oldest == connections_.end() || (*it)->since() < (*oldest)->since()) oldest = it;
  }
  if (oldest == connections_.end()) return false;
  metrics_.evicted.Add();
  connections_.erase(oldest);
  return true;
}

bool HttpServer::Keep(HttpConnection& connection, HttpConnection::Ended ended) {
  const int refusal = connection.TakeRefusal();
  if (refusal == kRequestTimeout || ended == HttpConnection::Ended::kTimedOut) {
    metrics_.timed_out.Add();
  } else if (refusal != 0) {
    metrics_.refused.Add();
  }
  return ended == HttpConnection::Ended::kNo;
}

std::string HttpServer::Respond(const RequestHead& head, std::string_view body, std::string_view remote) {
  std::string answer = codec_.Answer(head, body, remote);
  // "HTTP/1.1 200 OK": also what cpp-httplib answers by itself to a method or a target that it doesn't take.
  constexpr std::size_t kStatusAt = 9;
  const char kind = answer.size() > kStatusAt ? answer[kStatusAt] : '5';
  (kind == '5'   ? metrics_.answered_server_error
   : kind == '4' ? metrics_.answered_client_error
                 : metrics_.answered_ok)
      .Add();
  return answer;
}

HttpResponse HttpServer::Dispatch(const HttpRequest& request) const {
  const auto at_path = routes_.find(request.path);
  if (at_path == routes_.end())
    return fallback_ ? fallback_(request) : HttpResponse{.status = 404, .body = "not found\n"};
  const auto& methods = at_path->second;
  const auto handler = methods.find(std::string(request.method == "HEAD" ? "GET" : request.method));
  if (handler != methods.end()) return handler->second(request);
  std::string allow;
  for (const auto& [method, unused] : methods) {
    if (!allow.empty()) allow += ", ";
    allow += method == "GET" ? "GET, HEAD" : method;
  }
  return {.status = 405, .body = "method not allowed\n", .headers = {{"Allow", allow}}};
}

}  // namespace herdgate::admin
