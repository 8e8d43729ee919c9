// Listen: a TCP listening socket for the sidecar's HTTP servers, with errors that a person can act on.
//
// Exclusive: no SO_REUSEPORT (cpp-httplib sets it), so a second process on the same port is told, not mixed in.
#pragma once

#include <cstdint>

#include "sidecar/base/address.h"
#include "sidecar/base/result.h"

namespace herdgate::admin {

struct ListenSocket {
  int fd = -1;             // non-blocking, close-on-exec; the caller owns it
  std::uint16_t port = 0;  // as bound
};

// Errors: kInvalidArgument (not a TCP address, unknown host), kIo (in use, not permitted, not this machine's address).
base::Result<ListenSocket> Listen(const base::ListenAddress& address);

}  // namespace herdgate::admin
