// MemoryServer: `memory://`, the embedded store: a small Redis in this process, on a loop (thread) of its own.
//
// The data path connects its lanes to it through socket pairs, so that it looks like any Redis: HELLO 2/3, SELECT,
// pipelines, MULTI, pub/sub. README.md lists the commands. It is a cache: bounded in bytes, and what does not fit
// evicts (approximated LRU over all keys). Nothing is ever written to disk.
//
// Threads: Start and Stop from the owner's thread; Connect, Adopt and Stats from any. Lifetime: must outlive the
// clock's borrowers only; connections still open at Stop are closed. Errors: Connect fails if the system has no
// descriptors left or the server has stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"

namespace herdgate::upstream {

struct MemoryOptions {
  // Keys, values, tables and what clients hold on to, in bytes. Raise it where the hit ratio suffers from evictions;
  // the process may take this much beside its buffers.
  std::size_t max_bytes = 64UL * 1024 * 1024;
  // Seeds the hash and the samples of eviction; 0 takes a random one. Set it to repeat a run exactly.
  std::uint64_t seed = 0;
};

// A consistent-enough picture for metrics: each value is true at some moment of the last second.
struct MemoryStats {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t max_bytes = 0;
  std::uint64_t connections = 0;
  std::uint64_t evictions = 0;  // counters from here on
  std::uint64_t expired = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t commands = 0;
};

class MemoryServer {
 public:
  explicit MemoryServer(MemoryOptions options, const base::Clock& clock = base::SystemClock());
  ~MemoryServer();
  MemoryServer(const MemoryServer&) = delete;
  MemoryServer& operator=(const MemoryServer&) = delete;

  void Start();
  // Closes all connections and ends the thread. Idempotent.
  void Stop();

  // One end of a new connection to the store: a non-blocking AF_UNIX stream socket, closed on exec, owned by the
  // caller.
  base::Result<int> Connect();
  // Serves a connected, non-blocking stream socket, and owns it from here on. `peer` is what CLIENT LIST shows.
  void Adopt(int fd, std::string peer);

  MemoryStats Stats() const;
  // Whether the store has the command; any case.
  static bool Has(std::string_view command);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace herdgate::upstream
