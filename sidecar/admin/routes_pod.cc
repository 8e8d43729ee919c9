// GET /upstreams, /sessions and /config: this pod, its clients, and the Redis behind it.
#include "sidecar/admin/api_state.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

constexpr std::size_t kMaxSessions = 100;

double SecondsSince(base::SteadyTime now, base::SteadyTime since) {
  if (since == base::SteadyTime{}) return 0;
  return std::chrono::duration<double>(now - since).count();
}

ApiAnswer ListUpstreams(ApiState& state) {
  JsonWriter json;
  json.Object().Array("items").Object();
  AddUpstream(json, state);
  return ApiAnswer::Json(json.End().End().End().Take());
}

void AddSession(JsonWriter& json, const pipeline::SessionView& session) {
  json.Object().Add("id", session.id).Add("address", session.address);
  json.Add("local_address", session.local_address).Add("name", session.name).Add("user", session.user);
  json.Add("protocol", session.protocol).Add("db", session.db).Add("library", session.library);
  json.Add("age_seconds", session.age_s).Add("idle_seconds", session.idle_s);
  json.Add("lane", session.is_dedicated ? "dedicated" : "shared").Add("last_command", session.last_command);
  json.Add("output_bytes", session.output_bytes).Add("loop", session.loop).End();
}

ApiAnswer ListSessions(ApiState& state) {
  const base::Result<pipeline::SessionsView> view = state.content.control->Sessions(kMaxSessions);
  if (!view.ok()) return ProblemOf(view.status());
  std::size_t open = 0;
  for (const std::size_t count : view.value().per_loop) open += count;
  JsonWriter json;
  json.Object().Add("open", open).Add("max", state.content.max_clients).Array("per_loop");
  for (const std::size_t count : view.value().per_loop) json.Value(count);
  json.End().Add("cut", open > view.value().oldest.size()).Array("items");
  for (const pipeline::SessionView& session : view.value().oldest) AddSession(json, session);
  return ApiAnswer::Json(json.End().End().Take());
}

ApiAnswer GetConfig(ApiState& state) {
  const base::Result<pipeline::PoliciesView> policies = state.content.control->Policies();
  if (!policies.ok()) return ProblemOf(policies.status());
  const ConfigView config = state.content.config();
  JsonWriter json;
  json.Object().Add("hash", config.hash).Add("last_reload_ok", config.last_reload_ok);
  const auto& good = config.last_good_at;
  json.Add("last_good_at", good ? std::optional(TimeText(good->time_since_epoch().count())) : std::nullopt);
  json.Object("reloads").Add("applied", config.applied).Add("refused", config.refused);
  json.Add("unchanged", config.unchanged).End().Array("pending_restart");
  for (const std::string& option : config.pending) json.Value(option);
  json.End().Object("options");
  for (const auto& [name, text] : config.options) json.Add(name, text);
  json.End().Array("policies");
  constexpr std::array<std::string_view, 3> kModes = {"enforce", "audit", "off"};
  for (const policy::Policy& policy : policies.value().set->policies()) {
    json.Object().Add("name", policy.name).Add("mode", kModes[static_cast<std::size_t>(policy.mode)]).Array("match");
    for (const std::string& pattern : policy.match) json.Value(pattern);
    json.End().End();
  }
  return ApiAnswer::Json(json.End().End().Take());
}

}  // namespace

void AddUpstream(JsonWriter& json, const ApiState& state) {
  const pipeline::UpstreamView view = state.content.control->Upstream();
  const base::SteadyTime now = state.clock.Now();
  json.Add("name", "default").Add("url", state.content.upstream_url).Add("kind", state.content.upstream_kind);
  json.Add("connected", view.health.connected).Add("ever_connected", view.health.ever);
  json.Add("error", view.health.connected ? "" : view.health.error);
  json.Add("for_seconds", SecondsSince(now, view.health.since));
  json.Object("breaker").Add("state", upstream::Name(view.breaker.state));
  json.Add("for_seconds", SecondsSince(now, view.breaker.since)).Add("reason", view.breaker.reason);
  json.Add("error", view.breaker.error).End().Add("connections", view.connections);
  json.Add("dedicated", view.dedicated).Add("remembered_deletes", view.remembered_deletes);
}

void AddPodRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/upstreams",
                    .operation = "ListUpstreams",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return ListUpstreams(state); }});
  routes.push_back({.method = "GET",
                    .path = "/sessions",
                    .operation = "ListSessions",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return ListSessions(state); }});
  routes.push_back({.method = "GET",
                    .path = "/config",
                    .operation = "GetConfig",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return GetConfig(state); }});
}

}  // namespace herdgate::admin
