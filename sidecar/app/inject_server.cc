#include "sidecar/app/inject_server.h"

#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/base/version.h"
#include "sidecar/config/read_file.h"

namespace herdgate::app {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr std::size_t kMaxBodyBytes = std::size_t{3} << 20U;
constexpr std::size_t kMaxHeldBytes = std::size_t{8} << 20U;

constexpr CounterFamily kCertificateLoads{"herdgate_inject_certificate_loads_total",
                                          "Times that the injector's certificate was read, by result."};
constexpr GaugeFamily kCertificateGood{"herdgate_inject_certificate_last_load_success",
                                       "1 if the injector's certificate was good when it was last read; else the one "
                                       "before is still shown."};
constexpr GaugeFamily kCertificateEnd{"herdgate_inject_certificate_not_after_timestamp_seconds",
                                      "When the injector's certificate ends."};
constexpr CounterFamily kTemplateLoads{"herdgate_inject_template_loads_total",
                                       "Times that the injector's template was read, by result."};
constexpr GaugeFamily kTemplateGood{"herdgate_inject_template_last_load_success",
                                    "1 if the injector's template was good when it was last read; else the one before "
                                    "is still used."};

base::Result<inject::SidecarTemplate> ReadTemplate(const std::string& file) {
  if (file.empty()) return inject::SidecarTemplate::Default();
  const base::Result<std::string> text = config::ReadFile(file);
  if (!text.ok()) return text.status();
  base::Result<inject::SidecarTemplate> read = inject::SidecarTemplate::Parse(text.value());
  if (read.ok()) return read;
  return base::Status(read.status().code(), file + ": " + read.status().message());
}

}  // namespace

admin::HttpLimits InjectLimits() {
  admin::HttpLimits limits;
  limits.max_body_bytes = kMaxBodyBytes;
  limits.max_held_bytes = kMaxHeldBytes;
  // A rollout of many pods comes at once, and a request that has to make room would be a pod without its sidecar.
  limits.max_connections = 512;
  // Less than the ten seconds that the API server waits by default, for the handshake and the first request together.
  limits.request_timeout = std::chrono::seconds(5);
  // Longer than the API server keeps one: who closes first may lose a request of the other.
  limits.idle_timeout = std::chrono::seconds(120);
  return limits;
}

InjectServer::InjectServer(InjectServerOptions options)
    : options_(std::move(options)),
      identity_(options_.tls_cert_file, options_.tls_key_file),
      injector_(options_.injector, inject::SidecarTemplate::Default()),
      server_({.listen = options_.listen, .limits = options_.limits}),
      process_(registry_, {std::string(base::kVersion), std::string(base::Revision())}),
      exposition_(registry_) {
  RouteAll();
  registration_ = registry_.Register([this](metrics::SampleSink& sink) { Collect(sink); });
}

void InjectServer::RouteAll() {
  const auto alive = [](const admin::HttpRequest&) {
    return admin::HttpResponse{.body = "ok\n", .headers = {{"Cache-Control", "no-store"}}};
  };
  server_.Route("GET", "/healthz", alive);
  server_.Route("GET", "/readyz", [this](const admin::HttpRequest&) {
    return admin::HttpResponse{.status = ready_ ? 200 : 503,
                               .body = ready_ ? "ok\n" : "stopping\n",
                               .headers = {{"Cache-Control", "no-store"}}};
  });
  server_.Route("POST", "/mutate", [this](const admin::HttpRequest& request) { return Mutate(request); });
  server_.Channel([this](int fd) { return identity_.Accept(fd); });
}

admin::HttpResponse InjectServer::Mutate(const admin::HttpRequest& request) {
  base::Result<std::string> answer = injector_.Review(request.body);
  if (!answer.ok()) return {.status = 400, .body = answer.status().message() + "\n"};
  return {.content_type = "application/json", .body = std::move(answer.value())};
}

base::Status InjectServer::Start() {
  if (base::Status status = identity_.Load(); !status.ok()) return status;
  ++certificate_loads_;
  base::Result<inject::SidecarTemplate> sidecar = ReadTemplate(options_.template_file);
  if (!sidecar.ok()) return sidecar.status();
  injector_.SetTemplate(std::move(sidecar.value()));
  ++template_loads_;
  const base::Result<std::uint16_t> port = server_.Start();
  if (!port.ok()) return port.status();
  port_ = port.value();
  if (base::Status status = StartTelemetry(); !status.ok()) return status;
  ready_ = true;
  base::LogInfo("inject.started", {{"host", options_.listen.host}, {"port", static_cast<int>(port_)}});
  return {};
}

base::Status InjectServer::StartTelemetry() {
  if (!options_.telemetry) return {};
  admin::TelemetryContent content;
  content.metrics = [this] { return exposition_.Text(); };
  content.compressed_metrics = [this] { return exposition_.Compressed(); };
  content.health = [this] { return admin::Health{.started = true, .ready = ready_}; };
  telemetry_ = std::make_unique<admin::TelemetryServer>(admin::HttpServerOptions{.listen = *options_.telemetry},
                                                        std::move(content));
  const base::Result<std::uint16_t> port = telemetry_->Start();
  if (!port.ok()) return port.status();
  base::LogInfo("telemetry.started", {{"host", options_.telemetry->host}, {"port", static_cast<int>(port.value())}});
  return {};
}

void InjectServer::Stop() {
  if (ready_.exchange(false)) (void)hurried_.try_acquire_for(options_.shutdown_delay);
  server_.Stop();
  if (telemetry_) telemetry_->Stop();
}

void InjectServer::Hurry() {
  hurried_.release();
}

void InjectServer::ReloadCertificate() {
  const base::Status status = identity_.Load();
  certificate_good_ = status.ok();
  if (!status.ok()) {
    ++certificate_refusals_;
    base::LogWarn("inject.certificate_refused", {{"detail", status.message()}});
    return;
  }
  ++certificate_loads_;
  base::LogInfo("inject.certificate_loaded", {{"not_after", identity_.not_after()}});
}

void InjectServer::ReloadTemplate() {
  base::Result<inject::SidecarTemplate> sidecar = ReadTemplate(options_.template_file);
  template_good_ = sidecar.ok();
  if (!sidecar.ok()) {
    ++template_refusals_;
    base::LogWarn("inject.template_refused", {{"detail", sidecar.status().message()}});
    return;
  }
  ++template_loads_;
  injector_.SetTemplate(std::move(sidecar.value()));
  base::LogInfo("inject.template_loaded");
}

void InjectServer::Collect(metrics::SampleSink& sink) const {
  injector_.Collect(sink);
  server_.metrics().Collect(sink, "inject");
  sink.Add(kCertificateLoads, {{"result", "loaded"}}, certificate_loads_.load());
  sink.Add(kCertificateLoads, {{"result", "refused"}}, certificate_refusals_.load());
  sink.Add(kCertificateGood, {}, certificate_good_ ? 1 : 0);
  sink.Add(kCertificateEnd, {}, identity_.not_after());
  sink.Add(kTemplateLoads, {{"result", "loaded"}}, template_loads_.load());
  sink.Add(kTemplateLoads, {{"result", "refused"}}, template_refusals_.load());
  sink.Add(kTemplateGood, {}, template_good_ ? 1 : 0);
  if (telemetry_) telemetry_->Collect(sink);
}

}  // namespace herdgate::app
