// RealRedis: a redis-server of this machine, on a Unix socket in a directory of its own, for tests that compare with
// the real thing.
//
// Threads: one. Owns the process and the directory; both go with it. Where no redis-server is on PATH, available() is
// false and a test says so with GTEST_SKIP().
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sidecar/resp/reply.h"

namespace herdgate::command {

// One connection. Threads: one.
class RedisConnection {
 public:
  RedisConnection() = default;
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection() {
    if (socket_ >= 0) close(socket_);
  }

  bool Connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(fd);
      return false;
    }
    socket_ = fd;
    return true;
  }
  bool connected() const { return socket_ >= 0; }

  // Sends all requests in one go.
  void Send(const std::vector<std::vector<std::string>>& requests) const {
    std::string bytes;
    for (const auto& args : requests) {
      bytes += "*" + std::to_string(args.size()) + "\r\n";
      for (const std::string& arg : args) bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t sent = send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      rest.remove_prefix(static_cast<size_t>(sent));
    }
  }

  // The next reply or push as it came; "" if the server went away.
  std::string ReadReply() {
    char chunk[65536];
    for (;;) {
      const base::Result<resp::ParsedReply> parsed = resp::ParseReply(buffer_);
      if (parsed.ok()) {
        std::string reply = buffer_.substr(0, parsed.value().bytes);
        buffer_.erase(0, reply.size());
        return reply;
      }
      const ssize_t got = recv(socket_, chunk, sizeof(chunk), 0);
      if (got <= 0) return {};
      buffer_.append(chunk, static_cast<size_t>(got));
    }
  }

 private:
  int socket_ = -1;
  std::string buffer_;
};

class RealRedis {
 public:
  RealRedis() {
    char directory[] = "/tmp/herdgate-command-XXXXXX";
    if (mkdtemp(directory) == nullptr) return;
    directory_ = directory;
    Start();
    for (int attempt = 0; process_ > 0 && !available() && attempt < 500; ++attempt) {
      if (waitpid(process_, nullptr, WNOHANG) != 0) return;  // no such program, or it did not start
      if (!connection_.Connect(socket_path())) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  ~RealRedis() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  RealRedis(const RealRedis&) = delete;
  RealRedis& operator=(const RealRedis&) = delete;

  bool available() const { return connection_.connected(); }
  std::string socket_path() const { return directory_ + "/redis.sock"; }

  // Sends one request and returns its whole reply as it came; "" if the server went away.
  std::string Call(const std::vector<std::string>& args) {
    return CallAll(std::vector<std::vector<std::string>>(1, args)).front();
  }

  // Sends all requests in one go and returns as many replies.
  std::vector<std::string> CallAll(const std::vector<std::vector<std::string>>& requests) {
    connection_.Send(requests);
    std::vector<std::string> replies;
    while (replies.size() < requests.size()) replies.push_back(connection_.ReadReply());
    return replies;
  }

 private:
  void Start() {
    process_ = fork();
    if (process_ != 0) return;
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path().c_str(), "--save", "", "--dir",
           directory_.c_str(), "--daemonize", "no", static_cast<char*>(nullptr));
    _exit(127);
  }

  std::string directory_;
  pid_t process_ = -1;
  RedisConnection connection_;
};

}  // namespace herdgate::command
