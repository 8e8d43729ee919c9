// HttpConnection: one client of an HttpServer, as a state machine over a non-blocking socket.
//
//   reading --whole request--> writing --answer taken--> reading ...
//      |  `--refused----------> writing --answer taken--> lingering --peer closed, or enough--> over
//      `--peer closed, or time--> over
//
// Bounds: it never holds more than one request (head and body limits) and one answer, reads nothing while it answers,
// and every phase has a deadline that traffic does not move, so a client that sends or takes a byte now and then gains
// nothing. After a refusal it lingers: closing with unread bytes would reset the connection and could cost the client
// the answer. Threads: the server's. Ownership: owns the socket.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sidecar/admin/http_channel.h"
#include "sidecar/admin/http_options.h"
#include "sidecar/admin/request_head.h"
#include "sidecar/base/clock.h"

namespace herdgate::admin {

class HttpConnection {
 public:
  // Makes the whole answer to a request.
  using Responder = std::function<std::string(const RequestHead&, std::string_view body, std::string_view remote)>;
  // ... and to one that is refused before it is whole.
  using Refuser = std::function<std::string(int status)>;

  enum class Ended : unsigned char { kNo, kByClient, kAfterRefusal, kAfterAnswer, kTimedOut };

  // Takes the socket over. REQUIRES: it is non-blocking. `remote`: the client's address. `channel`: null for the
  // socket's bytes as they are.
  HttpConnection(int fd, const HttpLimits& limits, base::SteadyTime now, std::string remote = {},
                 std::unique_ptr<HttpChannel> channel = nullptr);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Does what the socket allows now, at most one request. Anything but kNo: destroy it.
  Ended OnReady(base::SteadyTime now, const Responder& respond);
  // True if a pipelined request may be waiting in memory: call OnReady without waiting for the socket.
  bool wants_turn() const { return phase_ == Phase::kReading && (pipelined_ || channel_->has_unread()); }
  // Call at or after deadline().
  Ended OnDeadline(base::SteadyTime now);
  // Null: RefusalText. It outlives this.
  void SetRefuser(const Refuser* refuser) { refuser_ = refuser; }

  int fd() const { return fd_; }
  short events() const;  // what to poll for
  base::SteadyTime deadline() const { return deadline_; }
  // Since when it has waited for its client.
  base::SteadyTime since() const { return since_; }
  base::SteadyTime accepted_at() const { return accepted_at_; }
  // Memory that it holds for its client.
  std::size_t held_bytes() const { return in_.size() + out_.size(); }
  // The status of a refusal, told once; 0 if there was none.
  int TakeRefusal() { return std::exchange(refusal_, 0); }

 private:
  enum class Phase : unsigned char { kReading, kWriting, kLingering };

  Ended Read(base::SteadyTime now, const Responder& respond);
  Ended Write(base::SteadyTime now);
  Ended Linger();
  bool TryAnswer(base::SteadyTime now, const Responder& respond);
  void Refuse(int status, base::SteadyTime now);
  void StartWriting(std::string answer, bool then_close, base::SteadyTime now);
  void StartReading(base::SteadyTime now);
  void Enter(Phase phase, base::SteadyTime now, base::SteadyTime::duration limit);

  const int fd_;
  const HttpLimits& limits_;
  const base::SteadyTime accepted_at_;
  const std::string remote_;
  std::unique_ptr<HttpChannel> channel_;
  const Refuser* refuser_ = nullptr;
  Phase phase_ = Phase::kReading;
  base::SteadyTime since_;
  base::SteadyTime deadline_;

  std::string in_;
  std::size_t searched_ = 0;  // in_ holds no head end that starts before this
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t lingered_ = 0;
  bool close_after_ = false;
  bool between_requests_ = false;
  bool pipelined_ = false;
  bool linger_after_ = false;
  int refusal_ = 0;
};

}  // namespace herdgate::admin
