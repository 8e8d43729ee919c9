// A Connector whose connections lead to the test: it plays the upstream on the other end of each.
//
// Threads: the loop's, which the test runs. Outlives the lanes.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/connector.h"
#include "tests/support/peer_socket.h"

namespace herdgate::testing {

class FakeConnector final : public upstream::Connector {
 public:
  std::unique_ptr<Attempt> Connect(net::Loop& loop, std::chrono::milliseconds timeout, Done done) override {
    ++attempts;
    auto attempt = std::make_unique<FakeAttempt>(loop);
    const auto delay = hang ? timeout : std::chrono::milliseconds(0);
    attempt->timer.After(delay, [this, hangs = hang, done = std::move(done)] {
      const std::string error = hangs ? "connection timed out" : fail_with;
      if (!error.empty()) return done(base::Status(base::ErrorCode::kUnavailable, error));
      auto [peer, fd] = PeerSocket::Pair();
      if (send_buffer > 0) PeerSocket::ShrinkSendBuffer(fd, send_buffer);
      peers.push_back(std::move(peer));
      done(fd);
    });
    return attempt;
  }
  std::string name() const override { return "redis://fake:1"; }

  // The test's ends of the connections made so far; the last is the newest.
  std::deque<PeerSocket> peers;
  int attempts = 0;
  // What becomes of the next attempts: success unless one of these is set.
  std::string fail_with;
  bool hang = false;
  int send_buffer = 0;  // of the lane's end, in bytes; 0 leaves the system's

 private:
  struct FakeAttempt final : Attempt {
    explicit FakeAttempt(net::Loop& loop) : timer(loop) {}
    net::Timer timer;
  };
};

}  // namespace herdgate::testing
