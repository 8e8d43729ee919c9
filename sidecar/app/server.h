// Server: the composition root's body: builds the graph, starts it, drains it, stops it, in that order.
//
// Start order: listeners bind; the embedded store, if any; telemetry; the HTTP API; loops; accepting. A port in use
// ends the start before anything was served. Stop order: no more accepting; sessions answer what they owe (at most
// `drain`); telemetry and the HTTP API; loops; the store.
//
// Threads: all methods on main's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "sidecar/admin/api_content.h"
#include "sidecar/base/result.h"
#include "sidecar/config/options.h"
#include "sidecar/metrics/exposition.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/policy/policy.h"

namespace herdgate::pipeline {
class Invalidations;
}  // namespace herdgate::pipeline

namespace herdgate::app {

class Server {
 public:
  // `cache_scrapes_for`: see metrics::Exposition; 0 where each scrape must show what is so now.
  explicit Server(config::Options options,
                  std::chrono::milliseconds cache_scrapes_for = metrics::Exposition::kCacheFor);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Errors: an address that can't be bound; nothing is left running then.
  base::Status Start();
  // Puts into force what needs no restart: the policies and the log level. Commands in flight end under the policies
  // that they started with. REQUIRES: Start succeeded; `options` are valid.
  void Reload(const config::Options& options);
  // Goes on for shutdown.delay, answers what is in flight, closes everything, returns when all is gone.
  void Stop();

  // What the HTTP API shows of the configuration and its reloads, asked on any thread; by default, the options of the
  // start. REQUIRES: before Start; what it borrows outlives Stop().
  void ShowConfig(std::function<admin::ConfigView()> config);

  // Where the composition root registers what is not the server's own. Lives as long as the server.
  metrics::Registry& registry();
  // REQUIRES: Start succeeded, and Stop was not called.
  pipeline::Invalidations& invalidations();

 private:
  struct Parts;

  base::Status Bind();
  void MakeWorkers();
  void MakeInvalidations();
  void StartLoops();
  void StartAccepting();
  void RegisterMetrics();
  base::Status StartTelemetry();
  void MakeAdmin();
  base::Status StartAdmin();
  admin::ApiContent MakeApiContent();
  void ApplyPolicies(const std::vector<policy::Policy>& policies);

  const config::Options options_;
  const std::chrono::milliseconds cache_scrapes_for_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace herdgate::app
