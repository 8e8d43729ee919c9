#include "sidecar/app/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <random>
#include <thread>
#include <utility>

#include "sidecar/app/memory_keeper.h"
#include "sidecar/app/server_parts.h"
#include "sidecar/app/url_identity.h"
#include "sidecar/base/cgroup.h"
#include "sidecar/base/log.h"
#include "sidecar/base/version.h"
#include "sidecar/pipeline/invalidations.h"
#include "sidecar/pipeline/texts.h"

namespace herdgate::app {
namespace {

constexpr metrics::GaugeFamily kUpstreamUp{"herdgate_upstream_up", "1 if the upstream can be reached."};
constexpr metrics::CounterFamily kRejected{"herdgate_client_connections_rejected_total",
                                           "Client connections refused, by reason."};
constexpr metrics::GaugeFamily kMaxClients{"herdgate_client_connections_max", "The limit of client connections."};
constexpr metrics::GaugeFamily kLoops{"herdgate_loops", "Threads that serve clients."};
constexpr metrics::GaugeFamily kMemoryKeys{"herdgate_memory_keys", "Keys in the embedded store."};
constexpr metrics::GaugeFamily kMemoryBytes{"herdgate_memory_bytes", "Bytes held by the embedded store."};
constexpr metrics::GaugeFamily kMemoryMaxBytes{"herdgate_memory_max_bytes", "The embedded store's limit."};
constexpr metrics::CounterFamily kMemoryEvictions{"herdgate_memory_evictions_total",
                                                  "Keys the embedded store evicted."};

// Runs `task` on the loop and waits for its end.
void RunOn(net::Loop& loop, const std::function<void()>& task) {
  std::promise<void> done;
  loop.Post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

std::vector<std::string> NamesOf(const std::vector<policy::Policy>& policies) {
  std::vector<std::string> names;
  names.reserve(policies.size());
  for (const policy::Policy& policy : policies) names.push_back(policy.name);
  return names;
}

}  // namespace

Server::Server(config::Options options, std::chrono::milliseconds cache_scrapes_for)
    : options_(std::move(options)), cache_scrapes_for_(cache_scrapes_for), parts_(std::make_unique<Parts>()) {}

Server::~Server() = default;

base::Status Server::Start() {
  if (auto status = Bind(); !status.ok()) return status;
  const bool embedded = options_.upstream.url.kind == base::UpstreamUrl::Kind::kMemory;
  if (embedded) {
    parts_->store = std::make_unique<upstream::MemoryServer>(
        upstream::MemoryOptions{.max_bytes = options_.memory.max_bytes, .seed = 0});
    parts_->store->Start();
    parts_->connector = upstream::MakeMemoryConnector(*parts_->store);
  } else {
    parts_->connector = upstream::MakeSocketConnector(options_.upstream.url);
  }
  MakeWorkers();
  MakeInvalidations();
  RegisterMetrics();
  // A scrape asks it: before telemetry starts.
  MakeAdmin();
  base::Status status = StartTelemetry();
  if (status.ok()) status = StartAdmin();
  if (!status.ok()) {
    if (parts_->telemetry) parts_->telemetry->Stop();
    parts_->registrations.clear();
    parts_->listeners.clear();
    parts_->invalidations.reset();
    parts_->workers.clear();
    if (parts_->store) parts_->store->Stop();
    return status;
  }
  StartLoops();
  StartAccepting();
  parts_->started = true;
  return {};
}

base::Status Server::Bind() {
  for (const auto& address : options_.listen) {
    auto listener = net::Listener::Bind(address);
    if (!listener.ok()) {
      parts_->listeners.clear();
      return listener.status();
    }
    parts_->listeners.push_back(std::move(listener.value()));
  }
  return {};
}

void Server::MakeWorkers() {
  parts_->shared = std::make_unique<pipeline::SharedState>(*parts_->connector);
  auto& shared = *parts_->shared;
  if (const auto& bounds = options_.telemetry.command_buckets; !bounds.empty())
    shared.command_buckets = metrics::BucketLayout::FromSeconds(bounds);
  shared.upstream.timeout = options_.upstream.timeout;
  shared.upstream.max_dedicated = options_.limits.max_dedicated;
  shared.sessions.max_output = options_.limits.client_output_limit;
  shared.identity = UrlIdentity(options_.upstream.url);
  shared.default_db = options_.upstream.url.db;
  shared.pipeline.generation_timeout = options_.upstream.timeout;
  shared.pipeline.embedded = parts_->store != nullptr;
  std::random_device entropy;
  const auto seed = [&entropy] { return (std::uint64_t{entropy()} << 32U) | entropy(); };
  const unsigned count = options_.loops.value_or(base::AutoLoops());
  shared.curves = std::make_unique<cache::HitCurves>(count, options_.near.max_bytes, base::SystemClock().Now());
  shared.near_cache = std::make_unique<cache::NearCache>(cache::NearCacheOptions{
      .max_bytes = options_.near.max_bytes, .max_value_bytes = std::size_t{1} << 20U, .seed = seed()});
  shared.near_cache->SetCurves(shared.curves.get());
  shared.flights = std::make_unique<stampede::FlightTable>(stampede::FlightTableOptions{.seed = seed()});
  shared.deletes = std::make_unique<pipeline::RememberedDeletes>(pipeline::RememberedDeletesOptions{
      .max_deletes = options_.offline.max_deletes, .max_bytes = options_.offline.max_bytes});
  shared.standby = std::make_unique<pipeline::StandbyState>(
      upstream::MemoryOptions{.max_bytes = options_.memory.max_bytes, .seed = 0});
  shared.policies = std::make_shared<const policy::PolicySet>(options_.policies);
  shared.hot = std::make_unique<stampede::HotList>(count, base::SystemClock());
  for (unsigned i = 0; i < count; ++i)
    parts_->workers.push_back(std::make_unique<pipeline::Worker>(static_cast<int>(i), shared));
  for (auto& worker : parts_->workers) worker->Prepare();
  for (auto& worker : parts_->workers) worker->Connect(parts_->workers);
  parts_->control = std::make_unique<pipeline::Control>(shared, parts_->workers);
  parts_->bypass = std::make_unique<Bypass>(
      options_.policies, [this](const auto& policies) { ApplyPolicies(policies); }, base::SystemClock());
}

void Server::MakeInvalidations() {
  auto& shared = *parts_->shared;
  const auto make_host = [parts = parts_->workers.front()->invalidation_parts()](net::Loop& loop) {
    return std::make_unique<pipeline::InvalidationEffects>(loop, parts);
  };
  parts_->invalidations = std::make_unique<pipeline::Invalidations>(
      pipeline::Invalidations::Upstream{.connector = shared.connector,
                                        .options = shared.upstream,
                                        .health = shared.health,
                                        .breaker = shared.breaker,
                                        .connections = shared.connections.lanes,
                                        .own_addresses = shared.own_addresses,
                                        .identity = shared.identity,
                                        .db = shared.default_db},
      make_host);
}

void Server::StartLoops() {
  parts_->invalidations->Run();
  for (auto& worker : parts_->workers) {
    worker->sessions().set_on_gone([this] {
      parts_->clients.fetch_sub(1, std::memory_order_relaxed);
      if (parts_->draining) parts_->client_gone.notify_all();
    });
    worker->loop().Start();
    worker->loop().Post([&worker = *worker, first = worker == parts_->workers.front()] { worker.Open(first); });
  }
}

void Server::StartAccepting() {
  net::Loop& home = parts_->workers.front()->loop();
  const auto deal = [this](int fd, net::Peer peer) {
    if (parts_->clients.load(std::memory_order_relaxed) >= options_.limits.max_clients) {
      parts_->rejected.fetch_add(1, std::memory_order_relaxed);
      (void)send(fd, pipeline::texts::kMaxClients.data(), pipeline::texts::kMaxClients.size(),
                 MSG_NOSIGNAL | MSG_DONTWAIT);
      close(fd);
      return;
    }
    parts_->clients.fetch_add(1, std::memory_order_relaxed);
    pipeline::Worker& worker = *parts_->workers[parts_->next_worker++ % parts_->workers.size()];
    if (&worker == parts_->workers.front().get()) {
      worker.sessions().Add(fd, std::move(peer));
      return;
    }
    worker.loop().Post([&worker, fd, peer = std::move(peer)]() mutable { worker.sessions().Add(fd, std::move(peer)); });
  };
  home.Post([this, &home, deal] {
    for (auto& listener : parts_->listeners) listener->Start(home, deal);
    StartMemoryKeeper(home);
    home.EverySecond([this] { parts_->bypass->EverySecond(); });
  });
  for (const auto& listener : parts_->listeners) {
    base::LogInfo("listener.started", {{"address", listener->ToString()},
                                       {"upstream", options_.upstream.url.ToString()},
                                       {"loops", static_cast<std::uint64_t>(parts_->workers.size())}});
  }
}

void Server::RegisterMetrics() {
  auto& registry = *parts_->registry;
  registry.SetPolicies(NamesOf(options_.policies));
  parts_->process = std::make_unique<metrics::ProcessMetrics>(
      registry, metrics::BuildInfo{std::string(base::kVersion), std::string(base::Revision())});
  parts_->exposition = std::make_unique<metrics::Exposition>(registry, base::SystemClock(), cache_scrapes_for_);
  for (auto& worker : parts_->workers) {
    parts_->registrations.push_back(
        registry.Register([&worker = *worker](metrics::SampleSink& sink) { worker.Collect(sink); }));
  }
  parts_->registrations.push_back(registry.Register([this](metrics::SampleSink& sink) {
    parts_->invalidations->Collect(sink);
    sink.Add(kUpstreamUp, {}, parts_->shared->health.Get().connected ? 1 : 0);
    sink.Add(kRejected, {{"reason", "max_clients"}}, parts_->rejected.load());
    sink.Add(kMaxClients, {}, options_.limits.max_clients);
    sink.Add(kLoops, {}, parts_->workers.size());
    if (parts_->telemetry) parts_->telemetry->Collect(sink);
    if (parts_->admin) parts_->admin->Collect(sink);
    parts_->shared->breaker.Collect(sink);
    parts_->shared->deletes->Collect(sink);
    if (!parts_->store) return;
    const upstream::MemoryStats stats = parts_->store->Stats();
    sink.Add(kMemoryKeys, {}, stats.keys);
    sink.Add(kMemoryBytes, {}, stats.bytes);
    sink.Add(kMemoryMaxBytes, {}, stats.max_bytes);
    sink.Add(kMemoryEvictions, {}, stats.evictions);
  }));
}

void Server::Reload(const config::Options& options) {
  base::ConfigureLog(options_.log.format, options.log.level);
  parts_->bypass->SetPolicies(options.policies);
}

void Server::ApplyPolicies(const std::vector<policy::Policy>& policies) {
  parts_->registry->SetPolicies(NamesOf(policies));
  parts_->workers.front()->ApplyPolicies(std::make_shared<const policy::PolicySet>(policies));
}

pipeline::Invalidations& Server::invalidations() {
  return *parts_->invalidations;
}

metrics::Registry& Server::registry() {
  return *parts_->registry;
}

void Server::Stop() {
  if (parts_->workers.empty()) return;
  parts_->draining = true;
  std::this_thread::sleep_for(options_.shutdown.delay);
  RunOn(parts_->workers.front()->loop(), [this] {
    for (auto& listener : parts_->listeners) listener->Stop();
  });
  parts_->listeners.clear();
  for (auto& worker : parts_->workers) {
    worker->loop().Post([&worker = *worker] { worker.sessions().DrainAll(net::CloseReason::kShutdown); });
  }
  {
    std::unique_lock lock(parts_->mutex);
    const auto deadline = std::chrono::steady_clock::now() + options_.shutdown.drain;
    // Woken without the mutex: look again now and then.
    while (parts_->clients > 0 && std::chrono::steady_clock::now() < deadline) {
      parts_->client_gone.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  base::LogInfo("drained", {{"clients_left", static_cast<std::uint64_t>(parts_->clients)}});
  if (parts_->telemetry) parts_->telemetry->Stop();
  if (parts_->admin) parts_->admin->Stop();
  parts_->control->Close();
  parts_->registrations.clear();
  parts_->invalidations->Stop();
  for (auto& worker : parts_->workers) RunOn(worker->loop(), [&worker = *worker] { worker.Close(); });
  for (auto& worker : parts_->workers) worker->loop().Stop();
  parts_->invalidations.reset();
  parts_->workers.clear();
  if (parts_->shared) parts_->shared->standby->store.Stop();
  if (parts_->store) parts_->store->Stop();
}

}  // namespace herdgate::app
