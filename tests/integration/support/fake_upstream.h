// FakeUpstream: a listening socket whose answers the test writes itself, for an upstream that misbehaves.
//
// The kernel accepts for it; the test takes a connection, reads what the sidecar wrote and answers. Threads: one owner.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

class FakeUpstream {
 public:
  FakeUpstream() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name = TcpName("127.0.0.1", 0);
    socklen_t size = sizeof name;
    bind(fd_, reinterpret_cast<const sockaddr*>(&name), size);
    listen(fd_, 64);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
  }
  ~FakeUpstream() { close(fd_); }
  FakeUpstream(const FakeUpstream&) = delete;
  FakeUpstream& operator=(const FakeUpstream&) = delete;

  std::string Url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  // The next connection of the sidecar; not connected() if none comes in time.
  RawClient Take(std::chrono::milliseconds patience = kPatience) const {
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return RawClient(-1);
    return RawClient(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }
  // Answers the HELLO of a connection: the lane is ready.
  static void Greet(RawClient& lane) {
    lane.ReadUntil(Encode({"HELLO", "2"}));
    lane.Send("*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:1\r\n");
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

}  // namespace herdgate::integration
