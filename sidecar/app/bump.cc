#include "sidecar/app/bump.h"

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "sidecar/app/url_identity.h"
#include "sidecar/base/log.h"
#include "sidecar/pipeline/generations.h"

namespace herdgate::app {
namespace {

using BumpResult = base::Result<std::uint64_t>;

// Several round trips to any upstream that is of use to a cache.
constexpr std::chrono::milliseconds kLinger{200};

// The parts of a sidecar that a bump needs, on a loop of their own.
class OneBump {
 public:
  explicit OneBump(const config::Options& options)
      : identity_(UrlIdentity(options.upstream.url)),
        connector_(upstream::MakeSocketConnector(options.upstream.url)),
        options_{.timeout = options.upstream.timeout, .idle_dedicated = 0},
        pool_({.loop = loop_,
               .connector = *connector_,
               .options = options_,
               .metrics = metrics_,
               .health = health_,
               .breaker = breaker_,
               .random = random_,
               .connections = connections_,
               .own_addresses = own_addresses_,
               .own_identity = identity_,
               .on_user_refused = on_user_refused_},
              dedicated_in_use_),
        generations_(pool_, {3, options.upstream.url.db, identity_},
                     [](const pipeline::PolicyNames&, const std::function<void()>& everywhere) {
                       if (everywhere) everywhere();
                     }),
        policies_(std::make_shared<const policy::PolicySet>(options.policies)) {}

  BumpResult Run(const std::string& policy) {
    std::promise<BumpResult> done;
    loop_.Start();
    loop_.Post([&] {
      loop_.EverySecond([this] { generations_.EverySecond(); });
      generations_.SetPolicies(policies_);
      generations_.Bump(policy, [&](BumpResult result) { done.set_value(std::move(result)); });
    });
    BumpResult result = done.get_future().get();
    if (result.ok()) std::this_thread::sleep_for(kLinger);
    loop_.Post([this] {
      generations_.Close();
      pool_.CloseAll();
    });
    loop_.Stop();
    return result;
  }
  // Which upstream, and why it can't be reached; or else `error`, which it gave.
  std::string Explain(const std::string& error) const {
    const upstream::Health::State state = health_.Get();
    return connector_->name() + ": " + (state.connected || state.error.empty() ? error : state.error);
  }

 private:
  net::Loop loop_{0};
  const upstream::IdentityPtr identity_;
  const std::unique_ptr<upstream::Connector> connector_;
  const upstream::UpstreamOptions options_;
  upstream::UpstreamMetrics metrics_;
  upstream::Health health_;
  upstream::Breaker breaker_;
  base::Random random_{static_cast<std::uint64_t>(base::SystemClock().Now().time_since_epoch().count())};
  std::atomic<std::int64_t> connections_{0};
  upstream::OwnAddresses own_addresses_;
  const std::function<void(const upstream::LaneKey&)> on_user_refused_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  upstream::LanePool pool_;
  pipeline::Generations generations_;
  const std::shared_ptr<const policy::PolicySet> policies_;
};

BumpOutcome Failed(int exit_code, const std::string& message) {
  return {exit_code, "", "herdgate: " + message + "\n"};
}

}  // namespace

BumpOutcome Bump(const config::Options& options, const std::string& policy) {
  base::ConfigureLog(base::LogFormat::kAuto, base::LogLevel::kError);
  if (options.upstream.url.kind == base::UpstreamUrl::Kind::kMemory) {
    return Failed(kExitUsage, "the embedded store (memory://) lives inside the running process, out of reach of bump");
  }
  OneBump bump(options);
  const BumpResult result = bump.Run(policy);
  if (result.ok()) return {kExitOk, std::to_string(result.value()) + "\n", ""};
  const base::Status& status = result.status();
  if (status.code() == base::ErrorCode::kInvalidArgument) return Failed(kExitUsage, status.message());
  return Failed(kExitRuntime, bump.Explain(status.message()));
}

}  // namespace herdgate::app
