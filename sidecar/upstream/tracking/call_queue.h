// CallQueue: the commands that others have given to the tracked connection, each until it is answered.
//
//   Push -> unsent -> TakeUnsent -> sent -> TakeAnswered
//
// What Tracking::Call promises. Calls are sent in the order in which they were given. Each `done` runs once, never
// within Call:
//   with the reply, maybe an error, as soon as it is read, in the connection's order: the sink has heard of every push
//   before it and of none behind it, be it in the same read. (So a fill read before it may not be published yet: fills
//   wait for the end of the read.) The connection of a pair has no order with its pushes.
//   with null: the connection was lost or stopped; in that turn, behind the sink's OnLost and before the fences. The
//   command may have been carried out.
// A refused CLIENT CACHING is a loss, so no call is carried out untracked and answered.
//
// Threads: one, the connection's loop. Ownership: holds requests and continuations; calls none of them.
// Bounds: commands and bytes of their requests, sent and unsent ones together.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/reply.h"

namespace herdgate::upstream {

// The error that stands for a reply too long to be held: longer than TrackingOptions::max_value and what is around it.
inline constexpr std::string_view kTooLongReply = "ERR herdgate: the reply is too long";

// The reply is valid in the call.
using CallDone = std::function<void(const resp::Reply* reply)>;

class CallQueue {
 public:
  struct Request {
    std::string bytes;
    bool tracked = false;
  };

  CallQueue(std::size_t max_calls, std::size_t max_bytes) : max_calls_(max_calls), max_bytes_(max_bytes) {}

  // False, and nothing happens: no room. `arguments`: a command, its name first.
  bool Push(const std::vector<std::string>& arguments, bool tracked, CallDone done);
  bool has_unsent() const { return sent_ < calls_.size(); }
  // The oldest that was not sent. REQUIRES: has_unsent()
  Request TakeUnsent();
  // Of the oldest that was sent. REQUIRES: there is one.
  CallDone TakeAnswered();
  // Of all, in their order; the queue is empty then.
  std::vector<CallDone> TakeAll();

 private:
  struct Call {
    Request request;  // no bytes any more once it was sent
    std::size_t bytes = 0;
    CallDone done;
  };

  const std::size_t max_calls_;
  const std::size_t max_bytes_;
  std::deque<Call> calls_;  // the first sent_ were sent
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;  // of all
};

}  // namespace herdgate::upstream
