#include "sidecar/upstream/memory/standby_store.h"

#include <utility>

#include "sidecar/upstream/memory/memory_connector.h"

namespace herdgate::upstream {

std::unique_ptr<Connector::Attempt> StandbyStore::Connect(net::Loop& loop, std::chrono::milliseconds timeout,
                                                          Done done) {
  Connector* connector = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!server_) {
      server_ = std::make_unique<MemoryServer>(options_);
      server_->Start();
      connector_ = MakeMemoryConnector(*server_);
    }
    connector = connector_.get();
  }
  return connector->Connect(loop, timeout, std::move(done));
}

std::optional<MemoryStats> StandbyStore::Stats() const {
  const std::lock_guard lock(mutex_);
  if (!server_) return std::nullopt;
  return server_->Stats();
}

void StandbyStore::Stop() {
  const std::lock_guard lock(mutex_);
  if (server_) server_->Stop();
}

}  // namespace herdgate::upstream
