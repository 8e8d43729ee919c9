// LoopContext: what the clients of one loop share. Made by Worker; lives as long as the loop serves.
//
// Threads: its loop, except `peers`, which is set before any loop starts and then constant.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sidecar/net/loop.h"
#include "sidecar/net/session_set.h"
#include "sidecar/pipeline/facts.h"
#include "sidecar/pipeline/options.h"
#include "sidecar/pipeline/pipeline_metrics.h"
#include "sidecar/upstream/lane_pool.h"

namespace herdgate::cache {
class HitCurves;
}  // namespace herdgate::cache

namespace herdgate::pipeline {

// Connections of all loops, counted where they come and go.
struct Connections {
  std::atomic<std::int64_t> clients{0};  // app clients
  std::atomic<std::int64_t> lanes{0};    // to the upstream
};

class Client;
class FlightStage;
class NearStage;
class OfflineStage;
class PolicyStage;
class SideQuery;

struct LoopContext {
  net::Loop& loop;
  upstream::LanePool& lanes;
  const PipelineOptions& options;
  PipelineMetrics& metrics;
  upstream::CommandCells& commands;
  FactsPtr facts;
  net::SessionSet* sessions = nullptr;
  std::uint32_t default_db = 0;    // the database of the upstream's URL
  upstream::IdentityPtr identity;  // as whom a client speaks that has not said AUTH
  std::atomic<std::uint64_t>& next_client_id;
  Connections& connections;
  const upstream::OwnAddresses& own_addresses;
  PolicyStage* policies = nullptr;        // never null while sessions are served
  NearStage* near = nullptr;              // never null while sessions are served
  FlightStage* flights = nullptr;         // never null while sessions are served
  OfflineStage* offline = nullptr;        // never null while sessions are served
  cache::HitCurves* curves = nullptr;     // null: nobody is told
  upstream::LanePool* standby = nullptr;  // to the store that stands in while the upstream is away
  SideQuery* auth_query = nullptr;        // asks with AUTH only
  SideQuery* own_query = nullptr;         // asks as the sidecar
  // The upstream's commands may have changed (MODULE LOAD): learn them again.
  std::function<void()> on_upstream_changed;
  // CLIENT PAUSE went through here: commands that it stops are kept off the shared lanes until then.
  base::SteadyTime paused_until{};
  bool pauses_reads = false;
  // Contexts of all loops, this one included; to be reached by Post only.
  std::vector<LoopContext*> peers;

  const resp::Limits& limits() const { return sessions->limits(); }

  std::unordered_map<std::uint64_t, Client*> clients;          // with an open session, by id
  std::unordered_map<Client*, std::shared_ptr<Client>> owned;  // also those that only wait for pendings
};

}  // namespace herdgate::pipeline
