// Worker: one loop with everything that serves clients on it: sessions, lanes, handler, metric cells.
//
// Life: construct all workers; Prepare each; Connect each to all; Open each on its loop; serve; Close each on its loop;
// destroy. Threads: constructor and Connect before the loop starts; the rest as said.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "sidecar/cache/hit_curves.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/net/session_set.h"
#include "sidecar/pipeline/discovery.h"
#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/handler.h"
#include "sidecar/pipeline/invalidation_effects.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/near_fills.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/offline_stage.h"
#include "sidecar/pipeline/policy_hub.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/recovery.h"
#include "sidecar/pipeline/remembered_deletes.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/upstream/connector.h"
#include "sidecar/upstream/health.h"
#include "sidecar/upstream/lane_pool.h"
#include "sidecar/upstream/memory/standby_store.h"

namespace herdgate::pipeline {

// The store that stands in for an upstream that is away, and what its lanes share.
struct StandbyState {
  explicit StandbyState(const upstream::MemoryOptions& memory) : store(memory) {}

  upstream::StandbyStore store;
  upstream::UpstreamOptions options;
  upstream::Health health;
  upstream::Breaker breaker;
  std::atomic<std::size_t> dedicated_in_use{0};
  std::atomic<std::int64_t> connections{0};
  upstream::OwnAddresses own_addresses;
};

// What the workers of a process share; outlives them.
struct SharedState {
  explicit SharedState(upstream::Connector& to) : connector(to) {}

  upstream::Connector& connector;
  upstream::UpstreamOptions upstream;
  net::SessionOptions sessions;
  PipelineOptions pipeline;
  upstream::IdentityPtr identity;  // from the upstream's URL
  std::uint32_t default_db = 0;
  upstream::Health health;
  upstream::Breaker breaker;
  std::atomic<std::size_t> dedicated_in_use{0};
  std::atomic<std::uint64_t> next_client_id{1};
  Connections connections;
  ShownCommands shown_commands;
  metrics::BucketLayout command_buckets = metrics::kCommandDurationBuckets;
  upstream::OwnAddresses own_addresses;
  std::shared_ptr<const policy::PolicySet> policies;  // of the start; null: none
  std::unique_ptr<cache::HitCurves> curves;           // told by the near cache: outlives it
  std::unique_ptr<cache::NearCache> near_cache;
  std::unique_ptr<stampede::FlightTable> flights;
  stampede::Guards guards;
  std::unique_ptr<stampede::HotList> hot;
  std::unique_ptr<RememberedDeletes> deletes;
  std::unique_ptr<StandbyState> standby;
};

class Worker {
 public:
  Worker(int index, SharedState& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Prepare();
  void Connect(const std::vector<std::unique_ptr<Worker>>& all);
  net::Loop& loop() { return loop_; }

  // On the loop. One worker of the process is the first: it learns what the upstream is, and keeps the policies.
  void Open(bool first);
  void Close();
  net::SessionSet& sessions() { return *sessions_; }
  LoopContext& context() { return *context_; }

  // Any thread; of the first worker only.
  void ApplyPolicies(std::shared_ptr<const policy::PolicySet> set);

  // What an invalidation acts on. REQUIRES: Connect was called; the first worker's.
  InvalidationEffects::Parts invalidation_parts() {
    return {*context_, *policy_hub_, *flight_desk_, *shared_.near_cache, *shared_.hot};
  }

  // Any thread: what /metrics shows of this worker.
  void Collect(metrics::SampleSink& sink) const;

 private:
  void MakeStandby();
  void JudgeLearning();
  void RefreshDiscovery();
  void CloseClientsOf(const upstream::LaneKey& key);

  SharedState& shared_;
  net::Loop loop_;
  base::Random random_;
  net::NetMetrics net_metrics_;
  upstream::UpstreamMetrics upstream_metrics_;
  PipelineMetrics pipeline_metrics_;
  std::function<void(const upstream::LaneKey&)> on_user_refused_;
  const std::function<void(const upstream::LaneKey&)> no_user_;
  std::unique_ptr<upstream::LanePool> lanes_;
  upstream::UpstreamMetrics standby_metrics_;  // nobody's: only the upstream's are shown
  std::unique_ptr<upstream::LanePool> standby_lanes_;
  std::unique_ptr<LoopContext> context_;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<net::SessionSet> sessions_;
  std::unique_ptr<SideQuery> auth_query_;
  std::unique_ptr<SideQuery> own_query_;
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<PolicyStage> policy_stage_;
  std::unique_ptr<PolicyHub> policy_hub_;  // of the first worker
  std::unique_ptr<NearFills> near_fills_;  // of the first worker
  std::unique_ptr<NearStage> near_stage_;
  std::unique_ptr<FlightDesk> flight_desk_;  // of the first worker
  std::unique_ptr<FlightStage> flight_stage_;
  std::unique_ptr<OfflineStage> offline_stage_;
  std::unique_ptr<Recovery> recovery_;  // of the first worker
};

}  // namespace herdgate::pipeline
