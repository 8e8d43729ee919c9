// Listener: one listening socket, TCP or Unix, that deals accepted connections to the loops round robin.
//
// Threads: Bind from any thread, before Start; the rest on the accepting loop. Ownership: the descriptor is the
// listener's; an accepted descriptor becomes the deal function's. A Unix socket's file is replaced if nobody listens on
// it, and removed at the end if it is still the listener's own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sidecar/base/address.h"
#include "sidecar/base/result.h"
#include "sidecar/net/loop.h"
#include "sidecar/net/session.h"

struct uv_poll_s;

namespace herdgate::net {

class Listener {
 public:
  using Deal = std::function<void(int fd, Peer peer)>;

  // Binds and listens; a port in use, a bad host or path gives a Status that names it. Port 0 picks one.
  static base::Result<std::unique_ptr<Listener>> Bind(const base::ListenAddress& address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // REQUIRES: on `loop`. Accepts until Stop.
  void Start(Loop& loop, Deal deal);
  void Stop();

  const base::ListenAddress& address() const { return address_; }  // with the port that was picked
  std::string ToString() const;

 private:
  Listener(int fd, base::ListenAddress address);
  void Accept();

  int fd_;
  base::ListenAddress address_;
  const std::uint64_t inode_;  // of a Unix socket's file
  uv_poll_s* handle_ = nullptr;
  Deal deal_;
  int spare_fd_;  // given up for a moment when descriptors run out, so that the queue is emptied and not spun on
};

// The ends of a connected socket, as CLIENT LIST shows them.
Peer DescribePeer(int fd, const std::string& unix_path);

}  // namespace herdgate::net
