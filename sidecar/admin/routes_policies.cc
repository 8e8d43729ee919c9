// GET /policies and /policies/{name}: the rules in force, what they count, and what other ones would.
#include <algorithm>
#include <array>

#include "sidecar/admin/api_state.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

using policy::Policy;

template <std::size_t kCount, typename Enum>
std::string_view NameIn(const std::array<std::string_view, kCount>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

constexpr std::array<std::string_view, 3> kModes = {"enforce", "audit", "off"};
constexpr std::array<std::string_view, 3> kMissing = {"apply", "reject", "allow"};
constexpr std::array<std::string_view, 3> kCoalesce = {"auto", "on", "off"};
constexpr std::array<std::string_view, 3> kOnTimeout = {"miss", "stale", "error"};
constexpr std::array<std::string_view, 3> kStaleSet = {"short", "drop", "pass"};
constexpr std::array<std::string_view, 3> kGrace = {"near", "shadow", "extend"};
constexpr std::array<std::string_view, 2> kRefresh = {"off", "synthetic"};
constexpr std::array<std::string_view, 3> kOfflineReads = {"pass", "miss", "error"};
constexpr std::array<std::string_view, 2> kFallback = {"none", "memory"};

void AddStampedeRules(JsonWriter& json, const Policy& policy) {
  const policy::StampedeRules& rules = policy.stampede;
  json.Object("stampede").Add("coalesce", NameIn(kCoalesce, rules.coalesce));
  json.Add("max_wait_ms", rules.max_wait.count());
  json.Add("lease_ms", rules.lease ? std::optional(rules.lease->count()) : std::nullopt);
  json.Add("on_timeout", NameIn(kOnTimeout, rules.on_timeout)).Add("stale_set", NameIn(kStaleSet, rules.stale_set));
  json.Add("grace", NameIn(kGrace, rules.grace));
  json.Add("stale_while_revalidate_ms", rules.stale_while_revalidate.count());
  json.Add("stale_if_error_ms", policy.stale_if_error.count()).End();
}

void AddRules(JsonWriter& json, const Policy& policy) {
  json.Object("rules").Object("ttl").Add("missing", NameIn(kMissing, policy.ttl.missing));
  json.Add("default_ms", policy.ttl.default_ttl.count()).Add("min_ms", policy.ttl.min.count());
  json.Add("max_ms", policy.ttl.max.count()).Add("jitter", policy.ttl.jitter).End();
  json.Object("version").Add("schema", policy.version.schema).Add("generation", policy.version.generation);
  json.Add("require", policy.version.require).End();
  json.Object("near").Add("enabled", policy.near.enabled).Add("max_ttl_ms", policy.near.max_ttl.count());
  json.Add("max_value_bytes", policy.near.max_value).End();
  AddStampedeRules(json, policy);
  json.Object("refresh").Add("mode", NameIn(kRefresh, policy.refresh.mode)).Add("beta", policy.refresh.beta).End();
  json.Object("offline").Add("reads", NameIn(kOfflineReads, policy.offline_reads()));
  json.Add("fallback", NameIn(kFallback, policy.offline.fallback)).End().Array("tags");
  for (const policy::TagRule& rule : policy.tags) json.Object().Add("match", rule.match).Add("tag", rule.tag).End();
  json.End().End();
}

void AddPoints(JsonWriter& json, std::string_view name, const std::vector<cache::HitCurve::Point>& points) {
  json.Array(name);
  for (const cache::HitCurve::Point& point : points) {
    json.Object().Add("at", point.at).Add("hit_ratio", point.hit_ratio).End();
  }
  json.End();
}

void AddWhatIf(JsonWriter& json, const pipeline::Control& control, const std::string& policy) {
  const std::vector<cache::HitCurve> curves = control.Curves();
  const auto curve = std::ranges::find(curves, policy, &cache::HitCurve::policy);
  if (curve == curves.end()) {
    json.Null("what_if");
    return;
  }
  json.Object("what_if").Add("window_seconds", curve->window.count()).Add("lookups", curve->lookups);
  json.Add("near_keys", curve->near_keys).Add("live_keys", curve->live_keys);
  AddPoints(json, "near_sizes", curve->sizes);
  AddPoints(json, "lives", curve->lives);
  json.End();
}

ApiAnswer ListPolicies(ApiState& state) {
  const base::Result<pipeline::PoliciesView> policies = state.content.control->Policies();
  if (!policies.ok()) return ProblemOf(policies.status());
  state.figures.Update();
  JsonWriter json;
  json.Object().Array("items");
  for (const Policy& policy : policies.value().set->policies()) {
    json.Object();
    AddPolicyBrief(json, policy, state.figures);
    json.End();
  }
  return ApiAnswer::Json(json.End().End().Take());
}

ApiAnswer GetPolicy(ApiState& state, const ApiCall& call) {
  const base::Result<pipeline::PoliciesView> view = state.content.control->Policies();
  if (!view.ok()) return ProblemOf(view.status());
  const std::vector<Policy>& policies = view.value().set->policies();
  const auto policy = std::ranges::find(policies, call.argument, &Policy::name);
  if (policy == policies.end()) return Problem{.status = 404, .detail = "there is no such policy"};
  state.figures.Update();
  const std::uint64_t generation = view.value().generations[static_cast<std::size_t>(policy - policies.begin())];
  JsonWriter json;
  json.Object();
  AddPolicyBrief(json, *policy, state.figures);
  AddRules(json, *policy);
  json.Add("current_generation", generation == 0 ? std::nullopt : std::optional(generation));
  AddWhatIf(json, *state.content.control, policy->name);
  return ApiAnswer::Json(json.End().Take());
}

}  // namespace

void AddPolicyBrief(JsonWriter& json, const Policy& policy, const Figures& figures) {
  json.Add("name", policy.name).Add("mode", NameIn(kModes, policy.mode)).Array("match");
  for (const std::string& pattern : policy.match) json.Value(pattern);
  json.End().Add("near", policy.near.enabled).Add("coalesce", NameIn(kCoalesce, policy.stampede.coalesce));
  json.Add("refresh", NameIn(kRefresh, policy.refresh.mode)).Add("generation", policy.version.generation);
  json.Object("counters");
  AddLookups(json, figures.Lookups(policy.name), true);
  json.End();
  if (const auto rates = figures.Rates(policy.name)) {
    json.Object("rates");
    AddLookups(json, *rates, false);
    json.End();
  } else {
    json.Null("rates");
  }
  const std::string standing = figures.LabelOf("herdgate_learning_info", "standing", "policy", policy.name);
  json.Add("learning", standing.empty() ? std::nullopt : std::optional(standing));
  json.Add("flights", static_cast<std::uint64_t>(figures.Sum("herdgate_flights_ended_total", "policy", policy.name)));
}

void AddPolicyRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/policies",
                    .operation = "ListPolicies",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return ListPolicies(state); }});
  routes.push_back({.method = "GET",
                    .path = "/policies/{name}",
                    .operation = "GetPolicy",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall& call) { return GetPolicy(state, call); }});
}

}  // namespace herdgate::admin
