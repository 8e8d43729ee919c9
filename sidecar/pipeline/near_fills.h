// NearFills: fills the near cache over the tracked connection, and passes on what that connection says is void.
//
// The flight desk, if there is one, uses the same connection and hears of the same pushes, whether or not any policy
// has a near cache.
//
// Lives on one loop, home. Request, Fence and armed may be called on any loop; all else on home, but the constructor
// and Collect. Ownership: the first Worker's; borrows the cache.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <unordered_map>

#include "sidecar/cache/near_cache.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/net/loop.h"
#include "sidecar/pipeline/fill_budget.h"
#include "sidecar/pipeline/fill_lifetime.h"
#include "sidecar/upstream/tracking/tracking.h"

namespace herdgate::pipeline {

class FlightDesk;
struct LoopContext;

class NearFills final : public upstream::FillSink {
 public:
  struct Wanted {
    std::string key;  // physical
    cache::Reservation reservation;
    FillWindows windows;
  };

  // `home` is the loop's context.
  NearFills(cache::NearCache& cache, LoopContext& home, const upstream::IdentityPtr& identity);
  ~NearFills() override = default;
  NearFills(const NearFills&) = delete;
  NearFills& operator=(const NearFills&) = delete;

  // Makes the connection, or ends it: policies with a near cache came or went. Idempotent.
  void SetWanted(bool wanted);
  void EverySecond();
  void Close() { tracking_.Stop(); }

  // Before the loop runs; null: none. It outlives Close.
  void SetDesk(FlightDesk* desk) { desk_ = desk; }
  upstream::Tracking& tracking() { return tracking_; }

  // Whether some policy has had a near cache.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
  // Whether pushes are proven to arrive: what was published may be answered.
  bool armed() const { return armed_.load(std::memory_order_acquire); }
  // May come to nothing: the reservation ends then. Just after the connection was armed, only so many a second are read
  // (FillBudget).
  void Request(Wanted wanted);
  // Runs `done` on `loop`, the caller's, once every push for what Redis has answered until now was processed; at once
  // if the cache answers nothing.
  void Fence(net::Loop& loop, std::function<void()> done);

  // Nothing until some policy had a near cache.
  void Collect(metrics::SampleSink& sink) const;

  void OnFill(upstream::Filled&& fill) override;
  void OnFillFailed(upstream::FillToken token, const std::string& key, upstream::FillResult why) override;
  void OnInvalidate(std::string_view key) override;
  void OnFlush() override;
  void OnLost(upstream::TrackingFault why) override;
  void OnArmed() override;

 private:
  bool Ask(const Wanted& wanted);
  void ReadAgain(std::string_view key);
  // Whether the key's old value may be answered while the new one is computed.
  bool IsInGrace(const cache::HashedKey& key, const FillWindows& windows) const;

  // Each loop reads these with every look-up.
  alignas(metrics::kCacheLine) std::atomic<bool> armed_{false};
  std::atomic<bool> wanted_{false};
  alignas(metrics::kCacheLine) cache::NearCache& cache_;
  LoopContext& home_;
  FlightDesk* desk_ = nullptr;
  FillBudget budget_;
  metrics::Counter refused_by_budget_;
  metrics::Counter refused_by_tracking_;
  metrics::Histogram value_bytes_{metrics::kValueBytesBuckets};
  std::unordered_map<std::string, FillWindows> windows_;  // of fills under way; one a key
  upstream::Tracking tracking_;                           // last: it calls back
};

}  // namespace herdgate::pipeline
