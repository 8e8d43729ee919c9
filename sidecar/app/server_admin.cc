// Server: what it shows and who may change it: the telemetry and the admin listener.
#include <utility>

#include "sidecar/app/config_view.h"
#include "sidecar/app/server_parts.h"
#include "sidecar/base/log.h"
#include "sidecar/base/version.h"
#include "sidecar/config/fields.h"

namespace herdgate::app {
namespace {

config::Options OptionsAt(base::LogLevel level) {
  config::Options options;
  options.log.level = level;
  return options;
}

}  // namespace

base::Status Server::StartTelemetry() {
  if (!options_.telemetry.listen) return {};
  admin::TelemetryContent content;
  content.metrics = [this] { return parts_->exposition->Text(); };
  content.compressed_metrics = [this] { return parts_->exposition->Compressed(); };
  content.health = [this] {
    admin::Health health;
    const auto upstream = parts_->shared->health.Get();
    health.started = parts_->started;
    health.ready = parts_->started && !parts_->draining;
    health.checks.push_back(
        {.name = "listener", .ok = health.ready, .detail = parts_->draining ? "draining" : "starting"});
    const upstream::Breaker::Info breaker = parts_->shared->breaker.Get();
    const bool away = breaker.state != upstream::Breaker::State::kClosed;
    const std::string& why = away && !breaker.error.empty() ? breaker.error : upstream.error;
    health.checks.push_back({.name = "upstream",
                             .ok = upstream.connected && !away,
                             .detail = !why.empty() ? why
                                       : away       ? "coming back"
                                                    : "no connection yet"});
    return health;
  };
  parts_->telemetry =
      std::make_unique<admin::TelemetryServer>(admin::HttpServerOptions{.listen = *options_.telemetry.listen}, content);
  const auto port = parts_->telemetry->Start();
  if (!port.ok()) return port.status();
  base::LogInfo("telemetry.started",
                {{"host", options_.telemetry.listen->host}, {"port", static_cast<int>(port.value())}});
  return {};
}

admin::ApiContent Server::MakeApiContent() {
  using Kind = base::UpstreamUrl::Kind;
  const Kind kind = options_.upstream.url.kind;
  admin::ApiContent content;
  content.control = parts_->control.get();
  content.registry = parts_->registry.get();
  content.invalidations = parts_->invalidations.get();
  content.version = base::kVersion;
  content.revision = base::Revision();
  content.upstream_url = options_.upstream.url.ToString();
  content.upstream_kind = kind == Kind::kMemory ? "memory" : kind == Kind::kUnix ? "unix" : "redis";
  content.max_clients = options_.limits.max_clients;
  content.ready = [this] { return parts_->started && !parts_->draining; };
  content.draining = [this] { return parts_->draining.load(); };
  content.config = [this] { return parts_->config_view ? parts_->config_view() : ViewOfOptions(options_); };
  content.log_level = [] { return config::FindField("log.level")->show(OptionsAt(base::LeastLogLevel())); };
  content.set_log_level = [](const std::string& level) {
    config::Options parsed;
    if (config::FindField("log.level")->set(level, parsed).ok()) base::SetLeastLogLevel(parsed.log.level);
  };
  content.bypass = [this] { return parts_->bypass->View(); };
  content.set_bypass = [this](const admin::BypassWish& wish) { return parts_->bypass->Set(wish); };
  return content;
}

void Server::MakeAdmin() {
  const config::AdminOptions& options = options_.admin;
  if (!options.listen) return;
  parts_->admin = std::make_unique<admin::ApiServer>(admin::ApiOptions{.listen = *options.listen,
                                                                       .tokens_file = options.tokens_file,
                                                                       .allowed_hosts = options.allowed_hosts,
                                                                       .audit_file = options.audit_file},
                                                     MakeApiContent());
}

base::Status Server::StartAdmin() {
  if (!parts_->admin) return {};
  const config::AdminOptions& options = options_.admin;
  const auto port = parts_->admin->Start();
  if (!port.ok()) return port.status();
  base::LogInfo("admin.started",
                {{"host", options.listen->host},
                 {"port", static_cast<int>(port.value())},
                 {"tokens", options.tokens_file.empty() ? "none: read-only, from loopback" : "required"}});
  return {};
}

void Server::ShowConfig(std::function<admin::ConfigView()> config) {
  parts_->config_view = std::move(config);
}

}  // namespace herdgate::app
