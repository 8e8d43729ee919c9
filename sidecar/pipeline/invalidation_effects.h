// InvalidationEffects: the InvalidationHost of a sidecar: what an invalidation does to its near cache, its flights, its
// shadows and its generations.
//
// Threads: InvalidationHost's loop. What flights and generations are told goes to the home loop and back, so a batch is
// sent behind it. Ownership: the Invalidations'; borrows the rest, which outlives it.
#pragma once

#include "sidecar/cache/near_cache.h"
#include "sidecar/net/loop.h"
#include "sidecar/pipeline/invalidation_host.h"
#include "sidecar/stampede/hot_list.h"

namespace herdgate::pipeline {

class FlightDesk;
class PolicyHub;
struct LoopContext;

class InvalidationEffects final : public InvalidationHost {
 public:
  struct Parts {
    LoopContext& home;  // of the loop of `policies` and `desk`
    PolicyHub& policies;
    FlightDesk& desk;
    cache::NearCache& near;
    const stampede::HotList& hot;
  };

  InvalidationEffects(net::Loop& loop, const Parts& parts) : loop_(loop), parts_(parts) {}

  policy::SnapshotPtr Snapshot() const override;
  bool UpstreamAway() const override;
  std::vector<std::string> CompanionsOf(const InvalidationBatch& batch) const override;
  void Before(InvalidationBatchPtr batch, std::function<void()> done) override;
  void After(InvalidationBatchPtr batch) override;
  std::size_t SweepNear(const InvalidationMatcher& matcher, InvalidationMode mode) override;
  std::size_t RemoveNear(const InvalidationBatch& batch) override;
  void TaintFlights(std::shared_ptr<const InvalidationMatcher> matcher, std::function<void()> done) override;
  std::vector<Hot> HottestOf(const InvalidationMatcher& matcher) const override;
  void Bump(const std::string& policy, std::function<void(base::Result<std::uint64_t>)> done) override;
  void BumpTag(const std::string& policy, const std::string& tag,
               std::function<void(base::Result<TagBump>)> done) override;

 private:
  // Runs `task` on the home loop, then `done` on this one.
  void AtHome(std::function<void()> task, std::function<void()> done);
  void TaintAtHome(const InvalidationBatch& batch);
  void ForgetShadows(const InvalidationBatch& batch);

  net::Loop& loop_;
  const Parts parts_;
};

}  // namespace herdgate::pipeline
