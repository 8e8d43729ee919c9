// Links is the connections of the herd: a pool for each pod that grows when nothing is free, and one epoll for all.
//
// A link carries one command at a time. It is taken, sends, gets its reply through the callback, and is given back or
// sends again. Connecting does not block: a command is written as soon as the connection stands.
//
// Threads: one. A callback may call any function of Links. A Link is valid until it is lost or closed.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/bench/herd/idle_pool.h"
#include "tests/bench/herd/resp.h"

namespace herdgate::bench {

struct Endpoint {
  std::string host = "127.0.0.1";  // an IPv4 address or localhost
  std::uint16_t port = 6379;
};

sockaddr_in AddressOf(const Endpoint& endpoint);

struct Link {
  std::uint64_t owner = 0;  // who has taken it; the caller's to set
  unsigned pod = 0;
  bool busy = false;  // a reply is due

  // Of Links alone.
  std::uint64_t id = 0;
  int fd = -1;
  bool taken = true;
  bool wants_write = false;
  std::string out;  // not yet written
  std::string in;   // not yet a whole reply
};

class Links {
 public:
  struct Callbacks {
    std::function<void(Link&, const RespReply&)> on_reply;
    // The connection of a link that is taken has ended; if `busy`, without its reply. The link is destroyed when this
    // returns.
    std::function<void(Link&, std::string_view why)> on_lost;
  };

  Links(std::vector<Endpoint> endpoints, PoolOrder order, Callbacks callbacks);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // A free link of the pod, or a new one. Null: no socket could be made.
  Link* Take(unsigned pod);
  void Send(Link& link, std::string command);
  // REQUIRES that no reply is due on it.
  void Give(Link& link);
  // Ends the connection at once, without a callback.
  void Close(Link& link);
  // Handles what has arrived, after waiting up to `seconds` for it.
  void Wait(double seconds);

  std::size_t open() const { return all_.size(); }
  std::size_t most_open() const { return most_open_; }

 private:
  Link* Connect(unsigned pod);
  void OnEvent(Link& link, std::uint32_t events);
  void Read(Link& link);
  void Write(Link& link);
  void Lose(Link& link, std::string_view why);

  std::vector<Endpoint> endpoints_;
  Callbacks callbacks_;
  int epoll_fd_;
  std::vector<IdlePool<Link*>> idle_;
  // By id: a descriptor is used again while events of the one before it may still be around.
  std::unordered_map<std::uint64_t, std::unique_ptr<Link>> all_;
  std::uint64_t next_id_ = 0;
  std::size_t most_open_ = 0;
  std::vector<char> buffer_;
};

}  // namespace herdgate::bench
