// Session: one client's connection. It reads, decodes requests, hands each to the RequestHandler in order, and writes
// the replies in order, with one gathered write per turn.
//
// State: open -> (draining: no more requests are taken, owed replies are written) -> closed. While waiting, decoding is
// paused and input is kept, up to SessionOptions::max_waiting_input.
// Malformed input is answered in Redis' words, behind the replies still owed, and drains the session.
//
// Threads: its loop's thread only. Ownership: its SessionSet owns it; what the handler attaches is owned by the
// handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/net/net_metrics.h"
#include "sidecar/net/options.h"
#include "sidecar/net/reply_queue.h"
#include "sidecar/net/request_handler.h"
#include "sidecar/net/stream.h"
#include "sidecar/resp/limits.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::net {

// Whence a connection came.
struct Peer {
  std::string address;        // "127.0.0.1:50000", "[::1]:50000", or the socket's path
  std::string local_address;  // the listener's side
  bool is_loopback = true;    // loopback TCP or a Unix socket
  bool is_unix = false;
};

enum class CloseReason : unsigned char {
  kClient,         // the client closed
  kQuit,           // QUIT
  kProtocolError,  // malformed input
  kKilled,         // CLIENT KILL
  kOutputLimit,    // its unsent replies passed the limit
  kUpstreamLost,   // a command of unknown fate was in flight, or its dedicated lane broke
  kRefused,        // a bound was hit (lanes)
  kShutdown,
};
constexpr std::size_t kCloseReasons = 8;
std::string_view CloseReasonName(CloseReason reason);

class SessionSet;

class Session final : public Stream::Owner, public Flushable {
 public:
  Session(Loop& loop, int fd, Peer peer, SessionSet& set);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Loop& loop() { return loop_; }
  const Peer& peer() const { return peer_; }
  int fd() const { return stream_.fd(); }
  ReplyQueue& replies() { return replies_; }
  // Call after anything was added to replies(): the session writes it when the turn ends.
  void TouchReplies() { loop_.Touch(*this); }

  // Stops decoding behind the request being handled until Resume; both are idempotent.
  void Pause() { paused_ = true; }
  void Resume();
  bool paused() const { return paused_; }
  // Stops and restarts reading the socket (back-pressure while a request is streamed).
  void SetReading(bool on);

  // Answers what is owed, then closes.
  void Drain(CloseReason reason);
  // Closes now. The handler's OnClosed runs before this returns.
  void Kill(CloseReason reason);
  bool closed() const { return closed_; }
  bool draining() const { return draining_; }

  // REQUIRES: inside OnRequest. The bytes that arrived behind the request being handled.
  std::string_view BytesBehind() const { return behind_; }
  void set_unauthenticated(bool value) { decoder_.set_unauthenticated(value); }

  // For CLIENT LIST.
  std::size_t input_bytes() const { return input_.size() - input_at_; }
  base::SteadyTime opened_at() const { return opened_at_; }
  base::SteadyTime last_request_at() const { return last_request_at_; }

  // The handler's own state for this session.
  void set_attachment(void* attachment) { attachment_ = attachment; }
  void* attachment() const { return attachment_; }

  void OnData(std::string_view bytes) override;
  void OnEnd(bool broken) override;
  void OnHungUp() override;
  void OnWritable() override;
  void OnFlush() override;

 private:
  void DecodeHeld();
  std::size_t Decode(std::string_view bytes);
  bool DecodeOne(std::string_view& rest);
  bool StreamOne(std::string_view& rest);
  bool DecodeIncomplete(std::string_view rest);
  void ProtocolError();
  void AbandonStream();
  void GoOn();
  bool WriteReplies();
  void FinishIfSettled();

  Loop& loop_;
  SessionSet& set_;
  const Peer peer_;
  Stream stream_;
  resp::RequestDecoder decoder_;
  ReplyQueue replies_;
  std::string input_;  // bytes not consumed yet, from input_at_
  std::size_t input_at_ = 0;
  std::string_view behind_;
  void* attachment_ = nullptr;
  base::SteadyTime opened_at_;
  base::SteadyTime last_request_at_;
  bool paused_ = false;
  bool resuming_ = false;
  bool throttled_ = false;  // reading is off because too much input waits
  bool handler_reading_ = true;
  bool holding_ = false;  // the handler wants the request under way whole
  bool half_closed_ = false;
  bool draining_ = false;
  bool closed_ = false;
  bool had_backlog_ = false;
  std::size_t reported_backlog_ = 0;
  std::uint64_t stream_owes_ = 0;  // replies expected for the request being streamed
  CloseReason drain_reason_ = CloseReason::kClient;
};

}  // namespace herdgate::net
