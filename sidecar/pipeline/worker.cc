#include "sidecar/pipeline/worker.h"

#include <limits>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/pipeline/client.h"

namespace herdgate::pipeline {
namespace {

constexpr metrics::CounterFamily kLoopCpu{
    "herdgate_loop_cpu_seconds_total",
    "CPU time of each thread that serves clients; one second a second is all it can."};

FactsPtr FirstFacts() {
  Facts facts;
  facts.table = {&command::BuiltIn(), [](const command::Table*) {}};
  return std::make_shared<const Facts>(facts);
}

void DeliverWake(LoopContext& context, const stampede::Wake& wake, const FlightValue& value) {
  const auto found = context.clients.find(wake.caller.id);
  if (found != context.clients.end()) found->second->OnWake(wake, value);
}

}  // namespace

Worker::Worker(int index, SharedState& shared)
    : shared_(shared),
      loop_(index),
      random_(static_cast<std::uint64_t>(base::SystemClock().Now().time_since_epoch().count()) +
              static_cast<unsigned>(index)),
      upstream_metrics_(shared.command_buckets) {}

Worker::~Worker() = default;

void Worker::Prepare() {
  const upstream::LaneContext lane_context{.loop = loop_,
                                           .connector = shared_.connector,
                                           .options = shared_.upstream,
                                           .metrics = upstream_metrics_,
                                           .health = shared_.health,
                                           .breaker = shared_.breaker,
                                           .random = random_,
                                           .connections = shared_.connections.lanes,
                                           .own_addresses = shared_.own_addresses,
                                           .own_identity = shared_.identity,
                                           .on_user_refused = on_user_refused_};
  lanes_ = std::make_unique<upstream::LanePool>(lane_context, shared_.dedicated_in_use);
  context_ = std::make_unique<LoopContext>(LoopContext{.loop = loop_,
                                                       .lanes = *lanes_,
                                                       .options = shared_.pipeline,
                                                       .metrics = pipeline_metrics_,
                                                       .commands = upstream_metrics_.commands,
                                                       .facts = FirstFacts(),
                                                       .default_db = shared_.default_db,
                                                       .identity = shared_.identity,
                                                       .next_client_id = shared_.next_client_id,
                                                       .connections = shared_.connections,
                                                       .own_addresses = shared_.own_addresses,
                                                       .policies = nullptr,
                                                       .near = nullptr,
                                                       .flights = nullptr,
                                                       .offline = nullptr,
                                                       .standby = nullptr,
                                                       .auth_query = nullptr,
                                                       .own_query = nullptr,
                                                       .on_upstream_changed = {},
                                                       .peers = {},
                                                       .clients = {},
                                                       .owned = {}});
  policy_stage_ = std::make_unique<PolicyStage>(loop_, random_.Next(), loop_.index() == 0);
  policy_stage_->Set(FirstSnapshot(shared_.policies));
  context_->policies = policy_stage_.get();
  handler_ = std::make_unique<Handler>(*context_);
  sessions_ = std::make_unique<net::SessionSet>(loop_, *handler_, shared_.sessions, net_metrics_);
  // How large a bulk may be is the upstream's to say: large requests are streamed to it.
  sessions_->limits().max_bulk_bytes = std::numeric_limits<std::int64_t>::max() / 4;
  context_->sessions = sessions_.get();
}

void Worker::Connect(const std::vector<std::unique_ptr<Worker>>& all) {
  for (const auto& worker : all) {
    context_->peers.push_back(worker->context_.get());
  }
  if (all.front().get() == this) {
    policy_hub_ = std::make_unique<PolicyHub>(*context_, shared_.identity);
    near_fills_ = std::make_unique<NearFills>(*shared_.near_cache, *context_, shared_.identity);
    flight_desk_ =
        std::make_unique<FlightDesk>(*shared_.flights, shared_.guards, *context_, near_fills_->tracking(), DeliverWake);
    near_fills_->SetDesk(flight_desk_.get());
  }
  near_stage_ = std::make_unique<NearStage>(loop_, *shared_.near_cache, *all.front()->near_fills_);
  context_->near = near_stage_.get();
  flight_stage_ = std::make_unique<FlightStage>(*context_, *all.front()->flight_desk_, *shared_.hot, random_.Next());
  context_->flights = flight_stage_.get();
  near_stage_->SetFlights(flight_stage_.get());
  near_stage_->SetCurves(shared_.curves.get());
  context_->curves = shared_.curves.get();
  offline_stage_ =
      std::make_unique<OfflineStage>(*context_, shared_.connector.name(), shared_.breaker, *shared_.deletes);
  context_->offline = offline_stage_.get();
  MakeStandby();
  if (policy_hub_) {
    recovery_ = std::make_unique<Recovery>(*context_, *shared_.deletes, *policy_hub_, shared_.standby->store,
                                           upstream::LaneKey{2, shared_.default_db, shared_.identity});
    shared_.breaker.SetOnChange([recovery = recovery_.get()](upstream::Breaker::State state, std::string_view reason) {
      recovery->OnBreaker(state, reason);
    });
  }
  if (!policy_stage_->active()) return;
  if (policy_hub_ && shared_.curves) shared_.curves->SetPolicies(CurveTermsOf(*shared_.policies));
  near_stage_->SetPolicies(policy_stage_->snapshot()->shared_set());
  flight_stage_->SetGuards(shared_.guards.Set(shared_.policies.get()));
}

void Worker::MakeStandby() {
  StandbyState& standby = *shared_.standby;
  const upstream::LaneContext lane_context{.loop = loop_,
                                           .connector = standby.store,
                                           .options = standby.options,
                                           .metrics = standby_metrics_,
                                           .health = standby.health,
                                           .breaker = standby.breaker,
                                           .random = random_,
                                           .connections = standby.connections,
                                           .own_addresses = standby.own_addresses,
                                           .own_identity = std::make_shared<const upstream::Identity>(),
                                           .on_user_refused = no_user_};
  standby_lanes_ = std::make_unique<upstream::LanePool>(lane_context, standby.dedicated_in_use);
  context_->standby = standby_lanes_.get();
}

// Redis closes the connections of a user that is deleted or switched off; so are its clients here.
void Worker::CloseClientsOf(const upstream::LaneKey& key) {
  if (key.identity->auth.empty()) return;
  sessions_->ForEach([&](net::Session& session) {
    if (*static_cast<Client*>(session.attachment())->identity() == *key.identity)
      session.Kill(net::CloseReason::kUpstreamLost);
  });
}

void Worker::Open(bool first) {
  on_user_refused_ = [this](const upstream::LaneKey& key) { CloseClientsOf(key); };
  auth_query_ =
      std::make_unique<SideQuery>(*lanes_, upstream::LaneKey{2, 0, std::make_shared<const upstream::Identity>()});
  own_query_ = std::make_unique<SideQuery>(*lanes_, upstream::LaneKey{2, 0, shared_.identity});
  context_->auth_query = auth_query_.get();
  context_->own_query = own_query_.get();
  // The lane that nearly every client starts on is ready before the first of them.
  (void)lanes_->Shared({2, shared_.default_db, shared_.identity}, false);
  loop_.EverySecond([this] { policy_stage_->EverySecond(); });
  if (first) {
    policy_hub_->Apply(shared_.policies);
    discovery_ = std::make_unique<Discovery>(*context_);
    loop_.EverySecond([this] {
      if (discovery_) discovery_->EverySecond();
      policy_hub_->EverySecond();
      near_fills_->EverySecond();
      JudgeLearning();
      if (shared_.curves) shared_.curves->EverySecond(loop_.Now());
    });
    for (LoopContext* peer : context_->peers) {
      peer->loop.Post([peer, this] { peer->on_upstream_changed = [this] { RefreshDiscovery(); }; });
    }
  }
}

void Worker::JudgeLearning() {
  for (const auto& [policy, change] : shared_.guards.EverySecond(loop_.Now())) {
    using Standing = stampede::Learning::Standing;
    const std::string_view why = change.why ? stampede::NameOf(*change.why) : "enough_seen";
    const char* const event = change.to == Standing::kEligible ? "flights.eligible" : "flights.not_eligible";
    base::LogInfo(event, {{"policy", policy}, {"why", why}});
  }
}

// Any loop.
void Worker::RefreshDiscovery() {
  loop_.Post([this] {
    if (discovery_) discovery_->Refresh();
  });
}

void Worker::ApplyPolicies(std::shared_ptr<const policy::PolicySet> set) {
  loop_.Post([this, set = std::move(set)] { policy_hub_->Apply(set); });
}

void Worker::Close() {
  sessions_->KillAll(net::CloseReason::kShutdown);
  discovery_.reset();
  if (policy_hub_) policy_hub_->Close();
  if (flight_desk_) flight_desk_->Close();
  if (near_fills_) near_fills_->Close();
  if (recovery_) recovery_->Close();
  auth_query_.reset();
  own_query_.reset();
  context_->owned.clear();
  lanes_->CloseAll();
  standby_lanes_->CloseAll();
}

void Worker::Collect(metrics::SampleSink& sink) const {
  net_metrics_.Collect(sink);
  upstream_metrics_.Collect(sink);
  CollectCommands(upstream_metrics_, shared_.shown_commands, sink);
  sink.Add(kLoopCpu, {{"loop", std::to_string(loop_.index())}}, std::chrono::duration<double>(loop_.CpuTime()).count());
  pipeline_metrics_.Collect(sink);
  policy_stage_->Collect(sink);
  if (policy_hub_) policy_hub_->Collect(sink);
  near_stage_->Collect(sink);
  if (near_fills_) near_fills_->Collect(sink);
  if (policy_hub_ && shared_.curves) shared_.curves->Collect(sink);
  if (flight_desk_ && flight_stage_->wanted()) {
    flight_desk_->Collect(sink);
    shared_.flights->Collect(sink);
    shared_.guards.Collect(sink);
    shared_.hot->Collect(sink);
  }
}

}  // namespace herdgate::pipeline
