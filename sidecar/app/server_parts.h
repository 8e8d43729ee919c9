// What a Server is made of, for its two sources: server.cc runs it, server_admin.cc shows it.
//
// Threads: as Server says. Ownership: the Server's; the order of the members is the order of their lives.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "sidecar/admin/api_server.h"
#include "sidecar/admin/telemetry_server.h"
#include "sidecar/app/bypass.h"
#include "sidecar/app/server.h"
#include "sidecar/metrics/exposition.h"
#include "sidecar/metrics/process_metrics.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/net/listener.h"
#include "sidecar/pipeline/control.h"
#include "sidecar/pipeline/worker.h"
#include "sidecar/upstream/memory/memory_connector.h"

namespace herdgate::app {

struct Server::Parts {
  std::vector<std::unique_ptr<net::Listener>> listeners;
  std::unique_ptr<upstream::MemoryServer> store;
  std::unique_ptr<upstream::Connector> connector;
  std::unique_ptr<pipeline::SharedState> shared;
  std::vector<std::unique_ptr<pipeline::Worker>> workers;
  std::unique_ptr<pipeline::Invalidations> invalidations;
  std::unique_ptr<metrics::Registry> registry = std::make_unique<metrics::Registry>();
  std::unique_ptr<metrics::ProcessMetrics> process;
  std::unique_ptr<metrics::Exposition> exposition;
  std::vector<metrics::Registration> registrations;
  std::unique_ptr<admin::TelemetryServer> telemetry;
  std::unique_ptr<Bypass> bypass;
  std::unique_ptr<pipeline::Control> control;
  std::function<admin::ConfigView()> config_view;
  std::unique_ptr<admin::ApiServer> admin;
  std::size_t next_worker = 0;  // on the accepting loop
  std::atomic<std::size_t> clients{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<bool> started{false};
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable client_gone;
};

}  // namespace herdgate::app
