// RawClient: a TCP client that sends exactly the bytes it is told to, for tests of HTTP servers on 127.0.0.1.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace herdgate::admin {

class RawClient {
 public:
  RawClient() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit RawClient(std::uint16_t port) : RawClient() { Connect(port); }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() {
    if (fd_ >= 0) close(fd_);
  }

  bool Connect(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }

  // False once the peer has gone.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

  // What arrives until the peer closes, or until nothing came for `patience`.
  std::string ReadToEnd(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    std::string all;
    while (Receive(all, patience)) {
    }
    return all;
  }

  // One answer with a Content-Length; what is there of it if the peer closes first.
  std::string ReadAnswer(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    while (true) {
      const std::size_t head = buffered_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t at = buffered_.find("Content-Length: ");
        const std::size_t body = at < head ? std::strtoul(buffered_.c_str() + at + 16, nullptr, 10) : 0;
        if (buffered_.size() >= head + 4 + body) {
          std::string answer = buffered_.substr(0, head + 4 + body);
          buffered_.erase(0, answer.size());
          return answer;
        }
      }
      if (!Receive(buffered_, patience)) return std::exchange(buffered_, {});
    }
  }

  bool ClosedByPeer(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    std::string rest;
    pollfd polled{fd_, POLLIN, 0};
    while (poll(&polled, 1, static_cast<int>(patience.count())) == 1) {
      if (!Receive(rest, patience)) return true;
    }
    return false;
  }

  int fd() const { return fd_; }

 private:
  bool Receive(std::string& into, std::chrono::milliseconds patience) {
    pollfd polled{fd_, POLLIN, 0};
    if (poll(&polled, 1, static_cast<int>(patience.count())) != 1) return false;
    std::array<char, 16384> chunk;
    const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    into.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::string buffered_;
};

// `headers`: whole lines.
inline std::string GetRequest(std::string_view target, std::string_view headers = {}) {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers).append("\r\n");
}

}  // namespace herdgate::admin
