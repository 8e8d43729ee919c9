// The test's end of a connection whose other end the code under test owns.
//
// Threads: one at a time. All calls return at once.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace herdgate::testing {

// One end of a connection; closed at the end.
class PeerSocket {
 public:
  PeerSocket() = default;
  explicit PeerSocket(int fd) : fd_(fd) {}
  PeerSocket(PeerSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  PeerSocket& operator=(PeerSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~PeerSocket() { Close(); }

  // A connected pair of non-blocking sockets: the test's end, and the descriptor for the code under test.
  static std::pair<PeerSocket, int> Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {PeerSocket(ends[0]), ends[1]};
  }

  int fd() const { return fd_; }
  // How many of the bytes the socket took.
  std::size_t TrySend(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t now = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now < 0) break;
      sent += static_cast<std::size_t>(now);
    }
    return sent;
  }
  // REQUIRES: the socket takes them all.
  void Send(std::string_view bytes) { EXPECT_EQ(TrySend(bytes), bytes.size()); }
  // What has arrived, at most `limit` bytes.
  std::string Receive(std::size_t limit = std::string::npos) {
    std::string all;
    std::array<char, 65536> buffer;
    while (all.size() < limit) {
      const ssize_t got = recv(fd_, buffer.data(), std::min(buffer.size(), limit - all.size()), MSG_DONTWAIT);
      if (got <= 0) {
        ended_ = ended_ || got == 0 || (errno != EAGAIN && errno != EINTR);
        break;
      }
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  // Whether Receive found the end of the connection.
  bool ended() const { return ended_; }
  void HalfClose() { shutdown(fd_, SHUT_WR); }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  // Little room for what the other end writes next.
  static void ShrinkSendBuffer(int fd, int bytes = 4096) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  }

 private:
  int fd_ = -1;
  bool ended_ = false;
};

}  // namespace herdgate::testing
