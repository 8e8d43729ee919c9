// One loop, one SessionSet, one session, and the client's end of its connection.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "sidecar/net/session_set.h"
#include "tests/support/fake_handler.h"
#include "tests/support/loop_turns.h"
#include "tests/support/peer_socket.h"

namespace herdgate::net {

class SessionFixture : public ::testing::Test {
 protected:
  ~SessionFixture() override {
    sessions_.reset();
    testing::RunTurns(loop_);
  }

  // With options of its own; call it first.
  void Open(const SessionOptions& options = {}) {
    sessions_ = std::make_unique<SessionSet>(loop_, handler_, options, metrics_);
    session_ = &Connect(client_);
  }
  Session& Connect(testing::PeerSocket& client) {
    auto [peer, fd] = testing::PeerSocket::Pair();
    client = std::move(peer);
    testing::PeerSocket::ShrinkSendBuffer(fd);
    return sessions_->Add(fd, {.address = "1.2.3.4:5", .local_address = "6.7.8.9:10"});
  }
  void Turn() { testing::RunTurns(loop_); }
  // What the client gets for `bytes`.
  std::string Ask(std::string_view bytes) {
    client_.Send(bytes);
    Turn();
    return client_.Receive();
  }
  // A reply of the upstream, as a lane passes it.
  void Pass(std::string_view bytes, std::size_t ended) {
    session_->replies().PassCopy(bytes, ended);
    session_->TouchReplies();
  }
  std::uint64_t ClosedFor(CloseReason reason) const {
    return metrics_.connections_closed[static_cast<std::size_t>(reason)].value();
  }

  Loop loop_{0};
  testing::FakeHandler handler_;
  NetMetrics metrics_;
  std::unique_ptr<SessionSet> sessions_;
  testing::PeerSocket client_;
  Session* session_ = nullptr;
};

}  // namespace herdgate::net
