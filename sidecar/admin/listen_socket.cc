#include "sidecar/admin/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace herdgate::admin {
namespace {

using base::ErrorCode;
using base::Status;

// Room for a burst: a full queue drops the SYN of a probe, which then comes again after a second.
constexpr int kBacklog = 1024;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// A numeric host first: it needs no resolver, which would cost start-up time.
Addresses Resolve(const base::ListenAddress& address, int& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const std::string port = std::to_string(address.port);
  addrinfo* found = nullptr;
  for (const int flags : {AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST, AI_PASSIVE | AI_NUMERICSERV}) {
    hints.ai_flags = flags;
    error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
    if (error == 0) break;
  }
  return {found, &freeaddrinfo};
}

Status Failed(const base::ListenAddress& address, const std::string& why, ErrorCode code = ErrorCode::kIo) {
  return {code, "can't listen on " + address.ToString() + ": " + why};
}

}  // namespace

base::Result<ListenSocket> Listen(const base::ListenAddress& address) {
  if (address.kind != base::ListenAddress::Kind::kTcp) {
    return Failed(address, "an HTTP listener needs a host and a port", ErrorCode::kInvalidArgument);
  }
  int error = 0;
  const Addresses found = Resolve(address, error);
  if (error != 0) return Failed(address, gai_strerror(error), ErrorCode::kInvalidArgument);

  ListenSocket socket;
  socket.fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket.fd < 0) return Failed(address, std::strerror(errno));
  const int on = 1;
  (void)setsockopt(socket.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(socket.fd, found->ai_addr, found->ai_addrlen) != 0 || listen(socket.fd, kBacklog) != 0) {
    const int why = errno;
    close(socket.fd);
    return Failed(address, why == EADDRINUSE ? "the port is in use" : std::strerror(why));
  }
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  if (getsockname(socket.fd, reinterpret_cast<sockaddr*>(&bound), &length) == 0) {
    // The port stands at the same place for both families.
    socket.port = ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  }
  return socket;
}

}  // namespace herdgate::admin
