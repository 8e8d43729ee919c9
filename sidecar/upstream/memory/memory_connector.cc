#include "sidecar/upstream/memory/memory_connector.h"

#include <utility>

#include "sidecar/net/timer.h"

namespace herdgate::upstream {
namespace {

class MemoryAttempt final : public Connector::Attempt {
 public:
  MemoryAttempt(net::Loop& loop, MemoryServer& server, Connector::Done done) : done_(std::move(done)), soon_(loop) {
    soon_.After(std::chrono::milliseconds(0), [this, &server] {
      auto done_now = std::move(done_);
      done_now(server.Connect());
    });
  }

 private:
  Connector::Done done_;
  net::Timer soon_;
};

class MemoryConnector final : public Connector {
 public:
  explicit MemoryConnector(MemoryServer& server) : server_(server) {}

  std::unique_ptr<Attempt> Connect(net::Loop& loop, std::chrono::milliseconds, Done done) override {
    return std::make_unique<MemoryAttempt>(loop, server_, std::move(done));
  }
  std::string name() const override { return "memory://"; }

 private:
  MemoryServer& server_;
};

}  // namespace

std::unique_ptr<Connector> MakeMemoryConnector(MemoryServer& server) {
  return std::make_unique<MemoryConnector>(server);
}

}  // namespace herdgate::upstream
