// What an operator can set about sockets and sessions.
#pragma once

#include <cstddef>

namespace herdgate::net {

struct SessionOptions {
  // Requests up to this size are held whole; larger ones are streamed to the upstream. Raise it to keep larger requests
  // on the shared lanes, at the price of memory per client.
  std::size_t max_held_request = std::size_t{256} * 1024;
  // Requests up to this size can be held whole where a policy has to read them to their end. Raise it if larger ones,
  // other than a plain SET, must be judged.
  std::size_t max_whole_request = 256UL * 1024 * 1024;
  // Input kept while a session has to wait for its turn; beyond it the socket is not read.
  std::size_t max_waiting_input = 4UL * 1024 * 1024;
  // Unsent replies of one client; beyond it the client is closed, as Redis does with client-output-buffer-limit.
  std::size_t max_output = std::size_t{1024} * 1024 * 1024;
};

}  // namespace herdgate::net
