// Stream: one connected, non-blocking socket on a loop, TCP or Unix.
//
// It reads at most once per turn into the loop's arena and hands the bytes to its owner; it writes only when the owner
// says so, with one gathered write. It never makes a call that is expected to fail: it reads when the socket is ready
// and, once a write came up short, writes again only when the socket says that it can.
//
// Threads: the loop's thread. Ownership: the stream owns the descriptor; the owner owns the stream and outlives it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "sidecar/net/loop.h"

struct uv_poll_s;

namespace herdgate::net {

class Stream {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // `bytes` lie in the loop's arena: see Loop. The owner may destroy itself only by Loop::DestroyLater.
    virtual void OnData(std::string_view bytes) = 0;
    // The peer closed its sending side or the connection broke; no OnData follows. `broken`: writing is useless too.
    virtual void OnEnd(bool broken) = 0;
    // The peer has closed its sending side, but bytes before that are unread because reading is off.
    virtual void OnHungUp() {}
    // A write that came up short can go on.
    virtual void OnWritable() = 0;
  };

  // Takes over `fd`, which must be connected and non-blocking; reading starts at once.
  Stream(Loop& loop, int fd, Owner& owner);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Writes what the socket takes; the number of bytes taken, or -1 if the connection is dead (OnEnd was or will be
  // told). Writes nothing while blocked().
  std::ptrdiff_t Write(std::span<const iovec> pieces);
  // The last write came up short; OnWritable will tell.
  bool blocked() const { return blocked_; }
  // While off, an end of the connection is still noticed, unless unread bytes stand before it.
  void SetReading(bool on);
  bool reading() const { return reading_; }
  // No callback follows: for a stream that waits for its destruction.
  void Detach();
  bool ended() const { return ended_; }
  int fd() const { return fd_; }

 private:
  void Poll();
  void OnEvents(int status, int events);
  bool Read();
  void End(bool broken);

  Loop& loop_;
  Owner& owner_;
  uv_poll_s* handle_;  // owned; freed by libuv's close callback
  const int fd_;
  bool reading_ = true;
  bool blocked_ = false;
  bool ended_ = false;
  bool hung_up_ = false;  // the peer's end was seen behind unread bytes
};

}  // namespace herdgate::net
