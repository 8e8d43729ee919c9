#include "tests/differential/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace herdgate::differential {

bool Connection::Open(int port) {
  Close();
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Close();
    return false;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  fcntl(fd_, F_SETFL, O_NONBLOCK);
  return true;
}

void Connection::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  closed_ = false;
  in_ = ReplyText();
}

void Connection::Read() {
  static thread_local std::array<char, 256 * 1024> chunk;
  while (fd_ >= 0 && !closed_) {
    const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
    if (got > 0) {
      in_.Feed(std::string_view(chunk.data(), static_cast<std::size_t>(got)));
      if (total_received_ != nullptr) *total_received_ += static_cast<uint64_t>(got);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      closed_ = got == 0 || errno != EAGAIN;
      return;
    }
  }
}

std::size_t Connection::Write(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t sent = send(fd_, bytes.data() + written, bytes.size() - written, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) break;
    written += static_cast<std::size_t>(sent);
  }
  if (total_sent_ != nullptr) *total_sent_ += written;
  return written;
}

void Connection::HalfClose() {
  shutdown(fd_, SHUT_WR);
}

}  // namespace herdgate::differential
