// StandbyStore: an embedded store that nobody may ever need: it starts with the first connection to it.
//
// Threads: Connect on any loop, Stats and Stop any. Ownership: the store is its own; it outlives the lanes to it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "sidecar/upstream/connector.h"
#include "sidecar/upstream/memory/memory_server.h"

namespace herdgate::upstream {

class StandbyStore final : public Connector {
 public:
  explicit StandbyStore(const MemoryOptions& options) : options_(options) {}

  std::unique_ptr<Attempt> Connect(net::Loop& loop, std::chrono::milliseconds timeout, Done done) override;
  std::string name() const override { return "memory:// (fallback)"; }

  // Nothing if it was never needed.
  std::optional<MemoryStats> Stats() const;
  // No connection is made afterwards.
  void Stop();

 private:
  const MemoryOptions options_;
  mutable std::mutex mutex_;  // guards the two below
  std::unique_ptr<MemoryServer> server_;
  std::unique_ptr<Connector> connector_;
};

}  // namespace herdgate::upstream
