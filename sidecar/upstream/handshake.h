// Handshake: what a lane says first, and what it learns from the answers. All of it is sent at once.
//
//   the sidecar's own identity        [AUTH] HELLO [SELECT]
//   a user that a client named        [AUTH as the sidecar] [SELECT] AUTH HELLO SELECT
//
// A client's user may lack SELECT: its database is selected before it is named, because a connection keeps its database
// over AUTH; the second SELECT only tells whether that user may select (select_error).
// An upstream without HELLO serves RESP2. One that asks for a password leaves the lane usable but `unauthenticated`: it
// answers the commands that need one itself.
//
// Threads: one owner, the lane.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/result.h"
#include "sidecar/upstream/identity.h"

namespace herdgate::upstream {

struct HandshakeResult {
  std::string hello;         // the upstream's reply to HELLO as it came, for clients that ask; empty if it has none
  std::string hello_error;   // its error line instead
  std::int64_t id = 0;       // the connection's id in the upstream; 0 if unknown
  std::string version;       // the upstream's version, "7.0.15"
  std::string select_error;  // the error line that this user's SELECT gets; empty if it may select
  bool unauthenticated = false;
};

class Handshake {
 public:
  enum class Progress : std::uint8_t { kMore, kDone, kRefused, kUnavailable };

  // `own`: as whom the sidecar itself speaks.
  Handshake(const LaneKey& key, IdentityPtr own) : key_(key), own_(std::move(own)) {}

  // The bytes to send on a new connection; forgets what came before.
  std::string Start();
  // Takes bytes from the upstream. After kDone, rest() is what follows the answers. After kRefused, error() is the
  // upstream's error line (with '-', without line end); after kUnavailable, its reason for not serving now.
  Progress Take(std::string_view bytes);
  std::string_view rest() const { return std::string_view(input_).substr(at_); }
  const std::string& error() const { return error_; }
  const HandshakeResult& result() const { return result_; }

 private:
  enum class Step : std::uint8_t { kOwnAuth, kOwnSelect, kAuth, kHello, kSelect };

  void Plan();
  Progress Judge(std::string_view raw, const struct HandshakeReply& reply);

  const LaneKey key_;
  const IdentityPtr own_;
  std::vector<Step> steps_;
  std::size_t done_ = 0;  // of steps_
  bool selected_ = false;
  std::string input_;
  std::size_t at_ = 0;
  std::string error_;
  HandshakeResult result_;
};

}  // namespace herdgate::upstream
