// HttpChannel: how the bytes of an HttpConnection get through its socket: as they are, or through TLS (tls_identity.h).
//
// Threads: the server's. Ownership: the socket stays the connection's, which outlives the channel.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace herdgate::admin {

class HttpChannel {
 public:
  virtual ~HttpChannel() = default;

  // As recv and send on a non-blocking socket: 0 at the peer's end, -1 and EAGAIN where it would block.
  virtual ssize_t Receive(char* to, std::size_t size) = 0;
  virtual ssize_t Send(const char* from, std::size_t size) = 0;
  // Says that nothing more will be sent; what the peer still sends can be received.
  virtual void EndSending() = 0;
  // What to poll for if the connection wants `wanted`.
  virtual short Events(short wanted) const = 0;
  // Bytes that have left the socket and were not received yet: a poll doesn't tell of them.
  virtual bool has_unread() const = 0;
};

// The socket's bytes as they are.
std::unique_ptr<HttpChannel> MakePlainChannel(int fd);

// Makes the channel of an accepted socket; null if there is no memory for it. Must not block.
using HttpChannelFactory = std::function<std::unique_ptr<HttpChannel>(int fd)>;

}  // namespace herdgate::admin
