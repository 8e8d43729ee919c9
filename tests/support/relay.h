// Relay: a TCP relay before a server, in which a test makes faults.
//
// Every connection is passed on to 127.0.0.1:`target` as it comes. Faults hold for all connections, those to come too,
// or for those that Only names, until they are taken back: invalidations can be left out, what the server says can be
// delayed, everything can be held back or cut.
// Threads: any; one thread of its own does the work. Ownership: the thread and all sockets end with the relay.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "sidecar/resp/reply_scanner.h"

namespace herdgate::testing {

class Relay {
 public:
  // `port` 0: any that is free.
  explicit Relay(std::uint16_t target, std::uint16_t port = 0) : target_(target) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in name = Name(port);
    socklen_t size = sizeof name;
    bind(listener_, reinterpret_cast<const sockaddr*>(&name), size);
    listen(listener_, 64);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~Relay() {
    stopping_ = true;
    thread_.join();
    close(listener_);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::uint16_t port() const { return port_; }
  std::string Url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  // Faults are for connections whose client has said `mark` among its first bytes; empty: for all.
  void Only(const std::string& mark) {
    const std::lock_guard lock(mutex_);
    mark_ = mark;
  }
  // What the server pushes does not arrive, nor what it publishes. Only RESP may pass while this is on.
  std::atomic<bool> drops_pushes{false};
  // Bytes wait, neither way, and connections stay open.
  std::atomic<bool> holds{false};
  // What the server says waits so long.
  std::atomic<int> delay_ms{0};
  // New connections are closed at once.
  std::atomic<bool> refuses{false};
  // Closes all connections that there are and that Only names.
  void Cut() { cuts_.fetch_add(1); }
  int accepted() const { return accepted_.load(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };
  struct Link {
    int client = -1;
    int server = -1;
    resp::Limits limits{};
    resp::ReplyScanner scanner{limits};
    std::string frame;  // the front of a reply that is not whole
    std::string said;   // the client's first bytes
    std::deque<Chunk> to_client;
    std::deque<Chunk> to_server;
    bool ended = false;

    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() {
      close(client);
      close(server);
    }
  };

  static sockaddr_in Name(std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return name;
  }

  void Run() {
    int cuts = 0;
    while (!stopping_) {
      std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
      std::vector<Link*> moving;
      for (const auto& link : links_) {
        if (holds && Concerns(*link)) continue;
        moving.push_back(link.get());
        fds.push_back({link->client, POLLIN, 0});
        fds.push_back({link->server, POLLIN, 0});
      }
      poll(fds.data(), fds.size(), 1);
      if (const int now = cuts_.load(); now != cuts) {
        cuts = now;
        links_.remove_if([this](const auto& link) { return Concerns(*link); });
        continue;
      }
      std::size_t at = 1;
      for (Link* const link : moving) {
        if (fds[at++].revents != 0) Read(*link, link->client, link->to_server, false);
        if (fds[at++].revents != 0) Read(*link, link->server, link->to_client, true);
      }
      for (Link* const link : moving) {
        Write(*link, link->client, link->to_client);
        Write(*link, link->server, link->to_server);
      }
      links_.remove_if([](const auto& link) { return link->ended && link->to_client.empty(); });
      if (fds[0].revents != 0) Accept();
    }
    links_.clear();
  }
  bool Concerns(const Link& link) {
    const std::lock_guard lock(mutex_);
    return link.said.find(mark_) != std::string::npos;
  }
  void Accept() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    accepted_.fetch_add(1);
    auto link = std::make_unique<Link>();
    link->client = client;
    link->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in name = Name(target_);
    if (refuses || connect(link->server, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return;
    const int on = 1;
    setsockopt(link->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    links_.push_back(std::move(link));
  }
  void Read(Link& link, int from, std::deque<Chunk>& to, bool is_server) {
    std::array<char, 65536> buffer;
    const ssize_t got = recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      link.ended = true;
      return;
    }
    std::string bytes(buffer.data(), static_cast<std::size_t>(got));
    constexpr std::size_t kKept = 1024;
    if (!is_server && link.said.size() < kKept) link.said += bytes;
    if (is_server) bytes = Filter(link, bytes);
    const auto wait = std::chrono::milliseconds(is_server && Concerns(link) ? delay_ms.load() : 0);
    if (!bytes.empty()) to.push_back({Clock::now() + wait, std::move(bytes)});
  }
  // Passes whole replies on, so that it is known where a push begins.
  std::string Filter(Link& link, std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      const auto progress = link.scanner.Scan(bytes);
      if (link.scanner.failed() || progress.bytes == 0) return out + link.frame + std::string(bytes);
      link.frame += bytes.substr(0, progress.bytes);
      bytes.remove_prefix(progress.bytes);
      if (!progress.complete) break;
      const std::string frame = std::exchange(link.frame, {});
      const bool is_push = frame.front() == '>' || frame.starts_with("*3\r\n$7\r\nmessage\r\n");
      if (!drops_pushes || !is_push || !Concerns(link)) out += frame;
    }
    return out;
  }
  static void Write(Link& link, int to, std::deque<Chunk>& from) {
    while (!from.empty() && from.front().due <= Clock::now()) {
      std::string& bytes = from.front().bytes;
      const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN) {
        link.ended = true;
        from.clear();
        return;
      }
      if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
      if (!bytes.empty()) return;
      from.pop_front();
    }
  }

  const std::uint16_t target_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> cuts_{0};
  std::atomic<int> accepted_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards mark_
  std::string mark_;
  std::list<std::unique_ptr<Link>> links_;  // the thread's
  std::thread thread_;                      // last: it uses all above
};

}  // namespace herdgate::testing
