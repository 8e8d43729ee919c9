// Sockets of the tests: dialling, free ports. Any thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace herdgate::integration {

inline sockaddr_in TcpName(const char* address, std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  inet_pton(AF_INET, address, &name.sin_addr);
  return name;
}

// A connected, blocking socket, or -1. `receive_buffer` bounds what the kernel takes for a client that does not read.
inline int DialTcp(std::uint16_t port, int receive_buffer = 0) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in name = TcpName("127.0.0.1", port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return fd;
  close(fd);
  return -1;
}

inline int DialUnix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return fd;
  close(fd);
  return -1;
}

// A port that nobody listened on a moment ago.
inline std::uint16_t FreePort(const char* address = "127.0.0.1") {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name = TcpName(address, 0);
  socklen_t size = sizeof name;
  bind(fd, reinterpret_cast<const sockaddr*>(&name), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  close(fd);
  return ntohs(name.sin_port);
}

}  // namespace herdgate::integration
