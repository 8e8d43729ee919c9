#include "tests/bench/herd/links.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace herdgate::bench {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr int kMaxEvents = 256;

}  // namespace

sockaddr_in AddressOf(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

Links::Links(std::vector<Endpoint> endpoints, PoolOrder order, Callbacks callbacks)
    : endpoints_(std::move(endpoints)),
      callbacks_(std::move(callbacks)),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      idle_(endpoints_.size(), IdlePool<Link*>(order)),
      buffer_(kReadBytes) {}

Links::~Links() {
  for (const auto& [id, link] : all_) close(link->fd);
  close(epoll_fd_);
}

Link* Links::Take(unsigned pod) {
  const auto idle = idle_[pod].Take();
  if (!idle) return Connect(pod);
  (*idle)->taken = true;
  return *idle;
}

Link* Links::Connect(unsigned pod) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = AddressOf(endpoints_[pod]);
  // A refused connection shows as an event, like any other that ends.
  connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  auto link = std::make_unique<Link>();
  link->fd = fd;
  link->pod = pod;
  link->id = next_id_++;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = link->id;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
  Link* const made = link.get();
  all_[made->id] = std::move(link);
  most_open_ = std::max(most_open_, all_.size());
  return made;
}

void Links::Send(Link& link, std::string command) {
  link.busy = true;
  link.out += command;
  Write(link);
}

void Links::Write(Link& link) {
  const ssize_t wrote = send(link.fd, link.out.data(), link.out.size(), MSG_NOSIGNAL);
  if (wrote > 0) link.out.erase(0, static_cast<std::size_t>(wrote));
  // EAGAIN while it connects or the peer is slow; what has failed for good shows as an event.
  const bool wants_write = !link.out.empty();
  if (wants_write == link.wants_write) return;
  link.wants_write = wants_write;
  epoll_event event{};
  event.events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = link.id;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, link.fd, &event);
}

void Links::Give(Link& link) {
  link.taken = false;
  idle_[link.pod].Put(&link);
}

void Links::Close(Link& link) {
  idle_[link.pod].Remove(&link);
  close(link.fd);
  all_.erase(link.id);
}

void Links::Lose(Link& link, std::string_view why) {
  if (link.taken) callbacks_.on_lost(link, why);
  Close(link);
}

void Links::Read(Link& link) {
  const ssize_t got = recv(link.fd, buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Lose(link, got == 0 ? "closed" : std::strerror(errno));
  link.in.append(buffer_.data(), static_cast<std::size_t>(got));
  RespReply reply;
  std::size_t used = 0;
  const RespOutcome outcome = ParseResp(link.in, reply, used);
  if (outcome == RespOutcome::kNeedMore) return;
  // One command, one reply: what follows it belongs to nobody.
  if (outcome == RespOutcome::kMalformed || !link.busy || used != link.in.size()) return Lose(link, "malformed reply");
  const std::string bytes = std::exchange(link.in, {});
  ParseResp(bytes, reply, used);
  link.busy = false;
  callbacks_.on_reply(link, reply);
}

void Links::OnEvent(Link& link, std::uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return Lose(link, std::strerror(error));
  }
  if ((events & EPOLLOUT) != 0) Write(link);
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) Read(link);
}

void Links::Wait(double seconds) {
  const double whole = std::max(0.0, seconds);
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(whole);
  timeout.tv_nsec = static_cast<long>((whole - static_cast<double>(timeout.tv_sec)) * 1e9);
  std::array<epoll_event, kMaxEvents> events;
  const int ready = epoll_pwait2(epoll_fd_, events.data(), kMaxEvents, &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    // A callback may have closed it since.
    const auto found = all_.find(event.data.u64);
    if (found != all_.end()) OnEvent(*found->second, event.events);
  }
}

}  // namespace herdgate::bench
