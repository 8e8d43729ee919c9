// InjectServer: the admission webhook: inject::Injector behind HTTPS, with probes and metrics beside it.
//
//   https  POST /mutate (AdmissionReview v1), GET /healthz, GET /readyz
//   http   telemetry: /metrics /livez /readyz /startupz
//
// A request that can't be answered as an AdmissionReview is 400. Which pods are denied, and which are left as they are:
// inject::Injector.
// Certificate, key and template are files that are read again by Reload*; a bad one is logged and the old one stays.
// Threads: all methods on main's thread, but for Hurry and Collect; requests are answered on one thread of
// admin::HttpServer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "sidecar/admin/http_options.h"
#include "sidecar/admin/http_server.h"
#include "sidecar/admin/telemetry_server.h"
#include "sidecar/admin/tls_identity.h"
#include "sidecar/base/address.h"
#include "sidecar/base/result.h"
#include "sidecar/inject/injector.h"
#include "sidecar/metrics/exposition.h"
#include "sidecar/metrics/process_metrics.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::app {

// How much clients may cost the webhook: 3 MiB is what the API server may send of two objects.
admin::HttpLimits InjectLimits();

struct InjectServerOptions {
  base::ListenAddress listen;
  std::string tls_cert_file;
  std::string tls_key_file;
  // Empty: SidecarTemplate::Default().
  std::string template_file;
  inject::InjectorOptions injector;
  // None: no probes and metrics without TLS.
  std::optional<base::ListenAddress> telemetry;
  // For this long after Stop begins pods are still reviewed: the API server hears late that this one goes.
  std::chrono::milliseconds shutdown_delay{0};
  admin::HttpLimits limits = InjectLimits();
};

class InjectServer {
 public:
  explicit InjectServer(InjectServerOptions options);
  ~InjectServer() { Stop(); }
  InjectServer(const InjectServer&) = delete;
  InjectServer& operator=(const InjectServer&) = delete;

  // Errors: a certificate, key or template that can't be used, or an address that can't be bound.
  base::Status Start();
  // Waits for shutdown_delay, in which /readyz says no.
  void Stop();
  // Ends that wait, or leaves it out. Any thread.
  void Hurry();

  // After a change of the certificate's file or the key's. They are two files: between their changes they don't fit
  // together, and the old ones stay.
  void ReloadCertificate();
  void ReloadTemplate();

  // REQUIRES: Start succeeded.
  std::uint16_t port() const { return port_; }
  // Adds herdgate_inject_* and those of its listeners. Any thread.
  // REQUIRES: Start succeeded.
  void Collect(metrics::SampleSink& sink) const;

 private:
  base::Status StartTelemetry();
  void RouteAll();
  admin::HttpResponse Mutate(const admin::HttpRequest& request);

  const InjectServerOptions options_;
  admin::TlsIdentity identity_;
  inject::Injector injector_;
  admin::HttpServer server_;
  std::atomic<std::uint64_t> certificate_loads_{0};
  std::atomic<std::uint64_t> certificate_refusals_{0};
  std::atomic<bool> certificate_good_{true};
  std::atomic<std::uint64_t> template_loads_{0};
  std::atomic<std::uint64_t> template_refusals_{0};
  std::atomic<bool> template_good_{true};
  std::uint16_t port_ = 0;
  std::atomic<bool> ready_{false};
  std::binary_semaphore hurried_{0};

  metrics::Registry registry_;
  metrics::ProcessMetrics process_;
  metrics::Exposition exposition_;
  std::unique_ptr<admin::TelemetryServer> telemetry_;
  metrics::Registration registration_;
};

}  // namespace herdgate::app
