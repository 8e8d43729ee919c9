// Limits of the protocol, with Redis' own defaults.
#pragma once

#include <cstddef>
#include <cstdint>

namespace herdgate::resp {

struct Limits {
  std::int64_t max_bulk_bytes = 512LL * 1024 * 1024;      // Redis' proto-max-bulk-len; follows the upstream's CONFIG
  std::size_t max_inline_bytes = std::size_t{64} * 1024;  // a header line or an inline request without its newline
  std::size_t max_nesting = 128;                          // open streamed aggregates in a reply
  // What a client may send before AUTH where the upstream asks for it.
  std::int64_t unauthenticated_args = 10;
  std::int64_t unauthenticated_bulk_bytes = 16384;
};

}  // namespace herdgate::resp
