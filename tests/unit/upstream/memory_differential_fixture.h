// Two servers given the same commands on several connections in turn: every connection must receive the same bytes.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/encoder.h"
#include "sidecar/upstream/memory/memory_server.h"
#include "tests/unit/upstream/memory_redis_process.h"

namespace herdgate::upstream::memory {

using Command = std::vector<std::string>;

inline constexpr std::size_t kConnections = 3;

// One server with its connections; the last is for synchronisation only.
class Side {
 public:
  void Add(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    fds_.push_back(fd);
  }
  ~Side() {
    for (const int fd : fds_) close(fd);
  }
  void Send(std::size_t connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = write(fds_[connection], bytes.data(), bytes.size());
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // A server reads a small batch at once and answers it in the same turn of its loop: behind two round trips on another
  // connection, everything that it has to say about the batch is in the sockets.
  void Settle() {
    for (int i = 0; i < 2; ++i) {
      Send(fds_.size() - 1, "PING\r\n");
      std::string pong;
      while (pong.size() < 7) {
        char buffer[16];
        const ssize_t got = read(fds_.back(), buffer, sizeof buffer);
        ASSERT_GT(got, 0);
        pong.append(buffer, static_cast<std::size_t>(got));
      }
    }
  }
  // What has arrived on a connection.
  std::string Take(std::size_t connection) {
    std::string bytes;
    pollfd ready{.fd = fds_[connection], .events = POLLIN, .revents = 0};
    while (poll(&ready, 1, 0) == 1) {
      char buffer[65536];
      const ssize_t got = read(ready.fd, buffer, sizeof buffer);
      if (got <= 0) return bytes + "<closed>";
      bytes.append(buffer, static_cast<std::size_t>(got));
    }
    return bytes;
  }

 private:
  std::vector<int> fds_;
};

inline std::string Encode(const Command& command) {
  std::vector<std::string_view> args(command.begin(), command.end());
  std::string out;
  resp::AppendRequest(out, args);
  return out;
}

inline std::string Show(const std::vector<Command>& batch) {
  std::string text;
  for (const Command& command : batch) {
    for (const std::string& arg : command) text += "\"" + arg + "\" ";
    text += "| ";
  }
  return text;
}

// The ids of HELLO differ.
inline std::string WithoutIds(const std::string& bytes) {
  if (bytes.find("\r\nid\r\n") == std::string::npos) return bytes;
  static const std::regex id("\r\nid\r\n:[0-9]+\r\n");
  return std::regex_replace(bytes, id, "\r\nid\r\n:0\r\n");
}

class MemoryDifferential : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed: nothing to compare with";
    redis_ = std::make_unique<RedisProcess>();
    store_.Start();
    for (std::size_t i = 0; i <= kConnections; ++i) {
      const int fd = redis_->Connect();
      ASSERT_GE(fd, 0) << "redis-server did not come up";
      expected_.Add(fd);
      auto own = store_.Connect();
      ASSERT_TRUE(own.ok());
      actual_.Add(own.value());
    }
  }

  // False after a difference, which is reported.
  bool Compare(std::size_t connection, const std::vector<Command>& batch) {
    std::string bytes;
    for (const Command& command : batch) bytes += Encode(command);
    expected_.Send(connection, bytes);
    actual_.Send(connection, bytes);
    expected_.Settle();
    actual_.Settle();
    for (std::size_t i = 0; i < kConnections; ++i) {
      const std::string expected = WithoutIds(expected_.Take(i));
      const std::string actual = WithoutIds(actual_.Take(i));
      EXPECT_EQ(expected, actual) << "connection " << i << " after, on connection " << connection << ": "
                                  << Show(batch);
      for (std::size_t at = 0; at + 1 < expected.size(); ++at) {
        errors_ += (at == 0 || expected[at - 1] == '\n') && expected[at] == '-' ? 1U : 0U;
      }
      if (expected != actual) return false;
    }
    return !HasFatalFailure();
  }
  bool Compare(const Command& command) { return Compare(0, {command}); }

  MemoryServer store_{MemoryOptions{.seed = 5}};
  std::unique_ptr<RedisProcess> redis_;
  Side expected_;
  Side actual_;
  std::size_t errors_ = 0;
};

}  // namespace herdgate::upstream::memory
