// RequestHandler: the only upward call of net. The pipeline implements it for clients, the embedded store for lanes.
//
// Threads: every method runs on the session's loop. The session outlives OnClosed and is destroyed after the turn.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "sidecar/resp/request.h"

namespace herdgate::net {

class Session;

enum class Verdict : unsigned char {
  kDone,  // the request is consumed
  kWait,  // not consumed: decoding stops, and the same request comes again after Session::Resume()
  kHold,  // OnLarge only: the request is wanted whole; OnRequest gets it, or OnLarge again if it grows too large for
          // that
};

// The head of a request that is too large to be held.
struct LargeRequest {
  std::vector<std::string_view> args;  // those that are whole so far; maybe none
  std::size_t declared_args = 0;
  std::string_view bytes;          // what has arrived of it, from its first byte
  std::int64_t declared_bulk = 0;  // size of the argument under way; 0 if not known yet
  bool may_hold = true;            // kHold is a possible answer
};

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  virtual void OnOpen(Session& session) = 0;
  virtual Verdict OnRequest(Session& session, const resp::Request& request) = 0;
  // A blank line or an array of no arguments: nothing to answer.
  virtual void OnEmptyRequest(Session&) {}
  // A request beyond SessionOptions::max_held_request. After kDone its bytes come through OnStream, from its first
  // byte.
  virtual Verdict OnLarge(Session& session, const LargeRequest& head) = 0;
  virtual void OnStream(Session& session, std::string_view bytes, bool last) = 0;
  // The client sent its last byte (half-close). What it asked before is still answered unless the handler kills it.
  virtual void OnHalfClose(Session& session) = 0;
  // The session's unsent output changed: `bytes` are left. Called after a flush that left or drained a backlog.
  virtual void OnBacklog(Session& session, std::size_t bytes) = 0;
  virtual void OnClosed(Session& session) = 0;
};

}  // namespace herdgate::net
