// Connector: how a lane gets a connected socket; a true seam (Redis over TCP or a Unix socket, the embedded store,
// tests).
//
// Threads: Connect on the loop that will own the socket. One connector serves all loops.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "sidecar/base/address.h"
#include "sidecar/base/result.h"
#include "sidecar/net/loop.h"

namespace herdgate::upstream {

class Connector {
 public:
  // An attempt under way; destroying it cancels it, and `done` does not run any more.
  class Attempt {
   public:
    virtual ~Attempt() = default;
  };
  // A connected, non-blocking descriptor, owned by the receiver, or why there is none.
  using Done = std::function<void(base::Result<int>)>;

  virtual ~Connector() = default;
  // `done` runs once, on `loop`, never before Connect returned; at the latest after `timeout`.
  virtual std::unique_ptr<Attempt> Connect(net::Loop& loop, std::chrono::milliseconds timeout, Done done) = 0;
  // For people; never holds a secret.
  virtual std::string name() const = 0;
};

// redis:// and unix://. The host's name is resolved afresh for each attempt.
std::unique_ptr<Connector> MakeSocketConnector(const base::UpstreamUrl& url);

}  // namespace herdgate::upstream
