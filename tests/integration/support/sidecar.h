// Sidecar: an app::Server inside the test, on a TCP port, a Unix socket and a telemetry port of its own.
//
// Threads: one owner. Ownership: the server; stopped when it goes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/app/server.h"
#include "sidecar/config/loader.h"
#include "tests/integration/support/http_get.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/redis_process.h"

namespace herdgate::integration {

class Sidecar {
 public:
  struct Choices {
    unsigned loops = 1;
    std::chrono::milliseconds timeout{2000};
    std::chrono::milliseconds drain{1500};
    std::uint32_t max_clients = 10000;
    std::uint32_t max_dedicated = 1000;
    std::uint64_t output_limit = std::uint64_t{1} << 30U;
    std::uint64_t max_deletes = 100000;              // remembered while the upstream is away
    std::string policies = {};                       // the text of a configuration file that has nothing else
    std::optional<config::AdminOptions> admin = {};  // on a port of its own
  };

  Sidecar(const std::string& upstream, const Choices& choices) {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    // A port may be taken between the choice and the bind.
    for (int attempt = 0; attempt < 5 && !server_; ++attempt) Start(upstream, choices);
  }
  ~Sidecar() { Stop(); }
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;

  bool started() const { return server_ != nullptr; }
  // Puts the policies of this text into force, as a changed file would.
  void Reload(const std::string& policies) {
    options_.policies = Policies(policies);
    server_->Reload(options_);
  }
  void Stop() {
    if (server_) server_->Stop();
    server_ = nullptr;
  }

  // REQUIRES: started, and not stopped.
  app::Server& server() { return *server_; }
  std::uint16_t port() const { return port_; }
  std::uint16_t admin_port() const { return admin_port_; }
  std::string socket() const { return directory_ / "h"; }
  RawClient Client() const { return RawClient(DialTcp(port_)); }
  RawClient Resp3Client() const {
    RawClient client = Client();
    client.Do({"HELLO", "3"});
    return client;
  }
  HttpAnswer Get(const std::string& path) const { return HttpGet(telemetry_port_, path); }
  // The sum of a metric's samples whose name and labels begin with `prefix`.
  double Metric(std::string_view prefix) const { return SumOfSamples(Get("/metrics").body, prefix); }
  // Loops tell of themselves between commands: what is to be seen is waited for.
  bool MetricBecomes(std::string_view prefix, double value) const {
    return Eventually([&] { return Metric(prefix) == value; });
  }

 private:
  void Start(const std::string& upstream, const Choices& choices) {
    port_ = FreePort();
    telemetry_port_ = FreePort();
    config::Options& options = options_;
    using Kind = base::ListenAddress::Kind;
    options.listen = {{Kind::kTcp, "127.0.0.1", port_, ""}, {Kind::kUnix, "", 0, socket()}};
    options.upstream.url = base::ParseUpstreamUrl(upstream).value();
    options.upstream.timeout = choices.timeout;
    options.telemetry.listen = base::ListenAddress{Kind::kTcp, "127.0.0.1", telemetry_port_, ""};
    admin_port_ = FreePort();
    if (choices.admin) {
      options.admin = *choices.admin;
      options.admin.listen = base::ListenAddress{Kind::kTcp, "127.0.0.1", admin_port_, ""};
    }
    options.loops = choices.loops;
    options.limits.max_clients = choices.max_clients;
    options.limits.max_dedicated = choices.max_dedicated;
    options.limits.client_output_limit = choices.output_limit;
    options.shutdown.drain = choices.drain;
    options.offline.max_deletes = choices.max_deletes;
    options.policies = Policies(choices.policies);
    // Each scrape shows what is so now.
    server_ = std::make_unique<app::Server>(options, std::chrono::milliseconds(0));
    if (!server_->Start().ok()) server_ = nullptr;
  }

  static std::vector<policy::Policy> Policies(const std::string& text) {
    const config::Loaded loaded = config::LoadText(text, "policies");
    for (const config::Problem& problem : loaded.problems) ADD_FAILURE() << problem.ToString();
    return loaded.options.policies;
  }

  const TempDir directory_;
  config::Options options_;
  std::uint16_t port_ = 0;
  std::uint16_t telemetry_port_ = 0;
  std::uint16_t admin_port_ = 0;
  std::unique_ptr<app::Server> server_;
};

}  // namespace herdgate::integration
