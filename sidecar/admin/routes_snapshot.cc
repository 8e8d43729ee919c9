// GET /snapshot: one answer with all that a first screen shows.
#include "sidecar/admin/api_state.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

void AddCaller(JsonWriter& json, const ApiState& state, const Caller& caller) {
  json.Object("caller");
  if (caller.name.empty()) {
    json.Null("name");
  } else {
    json.Add("name", caller.name);
  }
  json.Array("scopes");
  for (std::size_t i = 0; i < kScopeNames.size(); ++i) {
    if (caller.scopes.Has(static_cast<Scope>(i))) json.Value(kScopeNames[i]);
  }
  json.End().Add("tokens_configured", state.tokens_configured).End();
}

void AddNear(JsonWriter& json, const Figures& figures) {
  const std::string mode = figures.LabelOf("herdgate_near_mode", "mode");
  json.Object("near").Add("mode", mode.empty() ? "off" : mode);
  json.Add("bytes", static_cast<std::uint64_t>(figures.Sum("herdgate_near_bytes")));
  json.Add("max_bytes", static_cast<std::uint64_t>(figures.Sum("herdgate_near_max_bytes")));
  json.Add("entries", static_cast<std::uint64_t>(figures.Sum("herdgate_near_entries"))).End();
}

void AddRates(JsonWriter& json, const Figures& figures) {
  if (const auto rates = figures.Rates({})) {
    json.Object("rates");
    AddLookups(json, *rates, false);
    json.End();
  } else {
    json.Null("rates");
  }
  json.Object("commands").Add("total", static_cast<std::uint64_t>(figures.Sum("herdgate_commands_total")));
  json.Add("per_second", figures.CommandsPerSecond()).End();
  if (const auto latency = figures.Latency()) {
    json.Object("latency").Add("p50_seconds", latency->p50_s).Add("p99_seconds", latency->p99_s);
    json.Add("p999_seconds", latency->p999_s).End();
  } else {
    json.Null("latency");
  }
}

void AddStampedes(JsonWriter& json, const pipeline::Control& control) {
  const stampede::StampedeEvents::Totals totals = control.StampedeTotals();
  const stampede::FlightStats flights = control.Flights().stats;
  std::uint64_t events = 0;
  for (const std::uint64_t count : totals.events) events += count;
  json.Object("stampedes").Add("flights", totals.flights).Add("recomputes", totals.recomputes);
  json.Add("avoided", totals.avoided).Add("events", events);
  json.Add("seconds_avoided", std::chrono::duration<double>(totals.time_avoided).count());
  json.Add("leaders", flights.leaders).Add("waiters", flights.waiters).End();
}

ApiAnswer Snapshot(ApiState& state, const ApiCall& call) {
  const base::Result<pipeline::PoliciesView> policies = state.content.control->Policies();
  if (!policies.ok()) return ProblemOf(policies.status());
  state.figures.Update();
  const Figures& figures = state.figures;
  const base::SteadyTime now = state.clock.Now();
  JsonWriter json;
  json.Object().Add("time", TimeText(state.clock.Wall().time_since_epoch().count()));
  const auto steady = std::chrono::duration_cast<std::chrono::milliseconds>(now - state.started);
  json.Add("monotonic_ms", steady.count());
  json.Add("version", state.content.version).Add("revision", state.content.revision);
  json.Add("uptime_seconds", std::chrono::duration<double>(now - state.started).count());
  json.Add("ready", state.content.ready()).Add("draining", state.content.draining());
  AddCaller(json, state, call.caller);
  json.Object("upstream");
  AddUpstream(json, state);
  json.End();
  AddNear(json, figures);
  json.Object("sessions").Add("open", static_cast<std::uint64_t>(figures.Sum("herdgate_client_connections")));
  json.Add("max", state.content.max_clients);
  json.Add("rejected", static_cast<std::uint64_t>(figures.Sum("herdgate_client_connections_rejected_total"))).End();
  json.Object("totals");
  AddLookups(json, figures.Lookups({}), true);
  json.End();
  AddRates(json, figures);
  AddStampedes(json, *state.content.control);
  json.Object("bypass");
  AddBypass(json, state.content.bypass());
  json.End().Array("policies");
  for (const policy::Policy& policy : policies.value().set->policies()) {
    json.Object();
    AddPolicyBrief(json, policy, figures);
    json.End();
  }
  const ConfigView config = state.content.config();
  json.End().Object("config").Add("hash", config.hash).Add("last_reload_ok", config.last_reload_ok);
  return ApiAnswer::Json(json.Add("pending_restart", config.pending.size()).End().End().Take());
}

}  // namespace

void AddSnapshotRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/snapshot",
                    .operation = "GetSnapshot",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall& call) { return Snapshot(state, call); }});
}

}  // namespace herdgate::admin
