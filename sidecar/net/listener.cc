#include "sidecar/net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::net {
namespace {

using base::ErrorCode;
using base::Status;

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerTurn = 64;

Status Failed(const base::ListenAddress& address, const std::string& what) {
  return {ErrorCode::kIo, fmt::format("cannot listen on {}: {}", address.ToString(), what)};
}

base::Result<int> BindTcp(const base::ListenAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int rc = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (rc != 0) return Failed(address, gai_strerror(rc));
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  int error = 0;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    error = errno;
  }
  freeaddrinfo(found);
  if (error == 0) return fd;
  if (fd >= 0) close(fd);
  return Failed(address, error == EADDRINUSE ? "the port is in use; stop the other process or choose another port"
                                             : std::string(std::strerror(error)));
}

bool SomebodyListens(const sockaddr_un& name) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const bool listens = connected || errno == EAGAIN;  // EAGAIN: its queue is full
  close(fd);
  return listens;
}

base::Result<int> BindUnix(const base::ListenAddress& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof name.sun_path) return Failed(address, "the path is longer than 107 bytes");
  std::memcpy(name.sun_path, address.path.data(), address.path.size());
  struct stat old {};
  if (lstat(name.sun_path, &old) == 0 && !S_ISSOCK(old.st_mode)) {
    return Failed(address, "the path exists and is not a socket; remove it or choose another path");
  }
  if (SomebodyListens(name)) return Failed(address, "another process listens there; stop it or choose another path");
  unlink(name.sun_path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  // Any user may connect, as to a loopback port: the apps of a pod have users of their own. Who may reach the socket is
  // for its folder to say.
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0 && chmod(name.sun_path, 0666) == 0 &&
      listen(fd, kBacklog) == 0) {
    return fd;
  }
  const int error = errno;
  if (fd >= 0) close(fd);
  return Failed(address, std::strerror(error));
}

void LogNoDescriptors(const std::string& address) {
  static base::LogRateLimit limit(std::chrono::seconds(1));
  std::uint64_t suppressed = 0;
  if (!limit.Allow(std::chrono::steady_clock::now(), suppressed)) return;
  base::LogError("listener.no_descriptors",
                 {{"address", address}, {"suppressed", suppressed}, {"hint", "raise the open files limit"}});
}

// The socket file's inode; 0 if there is none.
std::uint64_t InodeOf(const std::string& path) {
  struct stat file {};
  return lstat(path.c_str(), &file) == 0 ? file.st_ino : 0;
}

std::uint16_t PortOf(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(name).sin_port);
}

std::string FormatName(const sockaddr_storage& name, bool& is_loopback) {
  char text[INET6_ADDRSTRLEN] = {};
  if (name.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(name);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    is_loopback = (ntohl(four.sin_addr.s_addr) >> 24U) == 127;
    return fmt::format("{}:{}", text, ntohs(four.sin_port));
  }
  const auto& six = reinterpret_cast<const sockaddr_in6&>(name);
  inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
  is_loopback = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
  return fmt::format("[{}]:{}", text, ntohs(six.sin6_port));
}

}  // namespace

Peer DescribePeer(int fd, const std::string& unix_path) {
  Peer peer;
  if (!unix_path.empty()) {
    peer.address = peer.local_address = unix_path + ":0";
    peer.is_unix = true;
    return peer;
  }
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0) {
    peer.address = FormatName(name, peer.is_loopback);
  }
  size = sizeof name;
  bool local_loopback = true;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0) {
    peer.local_address = FormatName(name, local_loopback);
  }
  return peer;
}

base::Result<std::unique_ptr<Listener>> Listener::Bind(const base::ListenAddress& address) {
  const bool is_unix = address.kind == base::ListenAddress::Kind::kUnix;
  auto fd = is_unix ? BindUnix(address) : BindTcp(address);
  if (!fd.ok()) return fd.status();
  base::ListenAddress bound = address;
  if (!is_unix) bound.port = PortOf(fd.value());
  return std::unique_ptr<Listener>(new Listener(fd.value(), std::move(bound)));
}

Listener::Listener(int fd, base::ListenAddress address)
    : fd_(fd),
      address_(std::move(address)),
      inode_(address_.kind == base::ListenAddress::Kind::kUnix ? InodeOf(address_.path) : 0),
      spare_fd_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

Listener::~Listener() {
  Stop();
  close(fd_);
  if (spare_fd_ >= 0) close(spare_fd_);
  // Another process may have put its own socket there since.
  if (inode_ != 0 && InodeOf(address_.path) == inode_) unlink(address_.path.c_str());
}

std::string Listener::ToString() const {
  return address_.ToString();
}

void Listener::Start(Loop& loop, Deal deal) {
  deal_ = std::move(deal);
  handle_ = new uv_poll_s;
  uv_poll_init(loop.uv(), handle_, fd_);
  handle_->data = this;
  uv_poll_start(handle_, UV_READABLE, [](uv_poll_t* handle, int, int) {
    if (handle->data != nullptr) static_cast<Listener*>(handle->data)->Accept();
  });
}

void Listener::Stop() {
  if (handle_ == nullptr) return;
  handle_->data = nullptr;
  uv_poll_stop(handle_);
  uv_close(reinterpret_cast<uv_handle_t*>(handle_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  handle_ = nullptr;
}

void Listener::Accept() {
  const bool is_unix = address_.kind == base::ListenAddress::Kind::kUnix;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno != EMFILE && errno != ENFILE) return;
      LogNoDescriptors(ToString());
      close(spare_fd_);
      const int refused = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (refused >= 0) close(refused);
      spare_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
      return;
    }
    if (!is_unix) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    deal_(fd, DescribePeer(fd, is_unix ? address_.path : std::string()));
  }
}

}  // namespace herdgate::net
