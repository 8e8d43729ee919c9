#include "tests/bench/load/dial.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace herdgate::bench {
namespace {

DialResult Connect(int family, const sockaddr* address, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {-1, std::string("socket: ") + std::strerror(errno)};
  if (connect(fd, address, size) != 0) {
    const std::string why = std::strerror(errno);
    close(fd);
    return {-1, "connect: " + why};
  }
  const int on = 1;
  if (family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return {fd, ""};
}

DialResult ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return {-1, "the socket's path is too long: " + path};
  std::memcpy(address.sun_path, path.data(), path.size());
  return Connect(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

DialResult Dial(const LoadOptions& options) {
  if (!options.unix_path.empty()) return ConnectUnix(options.unix_path);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (code != 0) return {-1, options.host + ": " + gai_strerror(code)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  DialResult result{-1, options.host + ": no address"};
  for (const addrinfo* at = found; at != nullptr && result.fd < 0; at = at->ai_next) {
    result = Connect(at->ai_family, at->ai_addr, at->ai_addrlen);
  }
  return result;
}

}  // namespace herdgate::bench
