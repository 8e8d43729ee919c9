// SessionSet owns the sessions of one loop and gives them what they share: handler, limits, options, metric cells.
//
// Threads: its loop's thread only, except Dispatch, which may be called from any thread and hands a descriptor over.
// Lifetime: destroyed on its loop, after every session was closed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>

#include "sidecar/net/loop.h"
#include "sidecar/net/net_metrics.h"
#include "sidecar/net/options.h"
#include "sidecar/net/request_handler.h"
#include "sidecar/net/session.h"
#include "sidecar/resp/limits.h"

namespace herdgate::net {

class SessionSet {
 public:
  SessionSet(Loop& loop, RequestHandler& handler, const SessionOptions& options, NetMetrics& metrics);
  ~SessionSet();
  SessionSet(const SessionSet&) = delete;
  SessionSet& operator=(const SessionSet&) = delete;

  // Takes over a connected, non-blocking descriptor.
  Session& Add(int fd, Peer peer);
  std::size_t size() const { return sessions_.size(); }
  void ForEach(const std::function<void(Session&)>& visit);
  // Every session answers what it owes and closes; one that is between requests closes at once.
  void DrainAll(CloseReason reason);
  void KillAll(CloseReason reason);
  // Called on the loop whenever a session has gone.
  void set_on_gone(std::function<void()> on_gone) { on_gone_ = std::move(on_gone); }

  Loop& loop() { return loop_; }
  RequestHandler& handler() { return handler_; }
  const SessionOptions& options() const { return options_; }
  resp::Limits& limits() { return limits_; }
  NetMetrics& metrics() { return metrics_; }

 private:
  friend class Session;
  void Closing(Session& session, CloseReason reason);

  Loop& loop_;
  RequestHandler& handler_;
  const SessionOptions options_;
  resp::Limits limits_;
  NetMetrics& metrics_;
  std::function<void()> on_gone_;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
};

}  // namespace herdgate::net
