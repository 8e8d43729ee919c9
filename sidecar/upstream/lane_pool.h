// LanePool: the lanes of one loop, by (protocol, database, user).
//
// A shared lane is made at the first command that needs it and kept while anybody uses it. Dedicated lanes are lent to
// one client at a time; one that comes back in the state in which it was lent is kept ready, a few per key.
//
// Threads: its loop. Ownership: users and the pool share lanes; the pool outlives its users.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/lane.h"

namespace herdgate::upstream {

class LanePool {
 public:
  // `dedicated_in_use` is shared by the loops: the cap is for all of them.
  LanePool(const LaneContext& context, std::atomic<std::size_t>& dedicated_in_use);
  ~LanePool();
  LanePool(const LanePool&) = delete;
  LanePool& operator=(const LanePool&) = delete;

  std::shared_ptr<Lane> Shared(const LaneKey& key, bool slow);
  // Null at the cap of dedicated lanes.
  std::shared_ptr<Lane> TakeDedicated(const LaneKey& key, ReplySink& owner);
  // `clean`: nothing pending, and the state of the connection is as it was lent.
  void GiveBack(std::shared_ptr<Lane> lane, bool clean);
  // Everything new gets new connections: the upstream's rules about who may do what have changed.
  void ForgetIdle();
  void CloseAll();
  // The breaker has opened: every shared lane abandons what is degradable. Not from within a lane's callback.
  void Abandon();
  // The upstream is back: shared lanes that wait for their next attempt do so no longer.
  void Hurry();
  // A lane of its own for the prober: see Lane::Start::kOnce. Not counted as dedicated; the caller closes it.
  std::shared_ptr<Lane> MakeProbe(const LaneKey& key, ReplySink& owner);

  net::Loop& loop() { return context_.loop; }
  const UpstreamOptions& options() const { return context_.options; }
  const Health& health() const { return context_.health; }
  Breaker& breaker() { return context_.breaker; }
  base::Random& random() { return context_.random; }
  UpstreamMetrics& metrics() { return context_.metrics; }

 private:
  struct Idle {
    std::shared_ptr<Lane> lane;
    base::SteadyTime since;
  };

  void EverySecond();
  void LookForSilence();
  void KeepSpare(const LaneKey& key);
  void Discard(std::shared_ptr<Lane> lane);

  const LaneContext context_;
  std::atomic<std::size_t>& dedicated_in_use_;
  std::vector<std::shared_ptr<Lane>> shared_;  // a handful: searched from the front
  std::vector<Idle> idle_;
  net::Timer silence_timer_;
};

}  // namespace herdgate::upstream
