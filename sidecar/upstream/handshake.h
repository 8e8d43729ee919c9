// Handshake: what a lane says first, and what it learns from the answers.
//
// Sends AUTH (if the identity has credentials), HELLO with the lane's protocol, SELECT (unless database 0), all at
// once. An upstream without HELLO serves RESP2. One that asks for a password leaves the lane usable but
// `unauthenticated`: it answers the commands that need one itself.
//
// Threads: one owner, the lane.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"
#include "sidecar/upstream/identity.h"

namespace herdgate::upstream {

struct HandshakeResult {
  std::string hello;        // the upstream's reply to HELLO as it came, for clients that ask; empty if it has none
  std::string hello_error;  // its error line instead
  std::int64_t id = 0;      // the connection's id in the upstream; 0 if unknown
  std::string version;      // the upstream's version, "7.0.15"
  bool unauthenticated = false;
};

class Handshake {
 public:
  enum class Progress : std::uint8_t { kMore, kDone, kRefused, kUnavailable };

  explicit Handshake(const LaneKey& key) : key_(key) {}

  // The bytes to send on a new connection; forgets what came before.
  std::string Start();
  // Takes bytes from the upstream. After kDone, rest() is what follows the answers. After kRefused, error() is the
  // upstream's error line (with '-', without line end); after kUnavailable, its reason for not serving now.
  Progress Take(std::string_view bytes);
  std::string_view rest() const { return std::string_view(input_).substr(at_); }
  const std::string& error() const { return error_; }
  const HandshakeResult& result() const { return result_; }

 private:
  enum class Step : std::uint8_t { kAuth, kHello, kSelect, kEnd };

  Step Next(Step step) const;
  Progress Judge(std::string_view raw, const struct HandshakeReply& reply);

  const LaneKey key_;
  Step step_ = Step::kEnd;
  std::string input_;
  std::size_t at_ = 0;
  std::string error_;
  HandshakeResult result_;
};

}  // namespace herdgate::upstream
