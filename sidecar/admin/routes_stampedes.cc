// GET /hot-keys, /flights and /stampedes: which keys are asked for, and what was saved of their computing.
#include <algorithm>
#include <chrono>

#include "sidecar/admin/api_state.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

// Of the last full minute and the present one, as far as they are over and this sidecar was there.
double PerSecond(const stampede::HotKey& key, double seconds) {
  const std::size_t last = key.minutes.size() - 1;
  return static_cast<double>(key.minutes[last] + key.minutes[last - 1]) / seconds;
}

// HotSketch counts by minutes of the steady clock.
double CountedSeconds(base::SteadyTime now, base::SteadyTime started) {
  using Seconds = std::chrono::duration<double>;
  const Seconds into_minute = now.time_since_epoch() % std::chrono::minutes(1);
  return std::max(1.0, std::min(Seconds(std::chrono::minutes(1)) + into_minute, Seconds(now - started)).count());
}

ApiAnswer ListHotKeys(ApiState& state, const ApiCall& call) {
  const base::Result<std::size_t> limit = LimitOf(call, stampede::HotList::kTop, stampede::HotList::kTop);
  if (!limit.ok()) return BadQuery("limit", limit.status().message());
  const base::Result<pipeline::PoliciesView> policies = state.content.control->Policies();
  if (!policies.ok()) return ProblemOf(policies.status());
  const policy::PolicySet& set = *policies.value().set;
  bool counted = false;
  for (const policy::Policy& policy : set.policies()) counted |= policy.coalesces();
  JsonWriter json;
  json.Object().Add("keys_counted", counted).Array("items");
  const double seconds = CountedSeconds(state.clock.Now(), state.started);
  for (const stampede::HotKey& key : state.content.control->HotKeys(limit.value())) {
    json.Object();
    AddKey(json, key.key, key.key_cut);
    json.Add("policy", key.policy < set.size() ? std::optional(set.at(key.policy).name) : std::nullopt);
    json.Add("count", key.count).Add("error", key.error).Add("hits", key.hits).Add("misses", key.misses);
    json.Array("minutes");
    for (const std::uint64_t minute : key.minutes) json.Value(minute);
    json.End().Add("per_second", PerSecond(key, seconds)).End();
  }
  return ApiAnswer::Json(json.End().End().Take());
}

void AddCounts(JsonWriter& json, std::string_view name, const std::map<std::string, double>& counts) {
  json.Object(name);
  for (const auto& [label, count] : counts) json.Add(label, static_cast<std::uint64_t>(count));
  json.End();
}

ApiAnswer GetFlights(ApiState& state) {
  state.figures.Update();
  const pipeline::FlightsView view = state.content.control->Flights();
  std::uint64_t led = 0;
  for (const std::uint64_t count : view.stats.led) led += count;
  JsonWriter json;
  json.Object().Add("keys", view.stats.flights).Add("leaders", view.stats.leaders);
  json.Add("waiters", view.stats.waiters).Add("callers", view.callers).Add("begun", led);
  AddCounts(json, "answers", state.figures.ByLabel("herdgate_flight_answers_total", "answer"));
  AddCounts(json, "refusals", state.figures.ByLabel("herdgate_flight_refusals_total", "reason"));
  return ApiAnswer::Json(json.End().Take());
}

void AddEvent(JsonWriter& json, const stampede::StampedeEvent& event) {
  json.Object();
  AddKey(json, event.key, event.key_cut);
  json.Add("number", event.number).Add("policy", event.policy).Add("kind", event.refresh ? "refresh" : "cold");
  json.Add("cause", stampede::NameOf(event.cause)).Add("began", TimeText(event.began.time_since_epoch().count()));
  json.Add("duration_seconds", std::chrono::duration<double>(event.duration).count()).Add("size", event.size);
  json.Add("avoided", event.avoided).Add("pods", event.pods).Add("unprotected_size", event.unprotected_size).End();
}

ApiAnswer ListStampedes(ApiState& state, const ApiCall& call) {
  const base::Result<std::size_t> limit = LimitOf(call, stampede::StampedeEvents::kKept, 100);
  if (!limit.ok()) return BadQuery("limit", limit.status().message());
  const stampede::StampedeEvents::Totals totals = state.content.control->StampedeTotals();
  std::uint64_t events = 0;
  for (const std::uint64_t count : totals.events) events += count;
  JsonWriter json;
  json.Object().Array("items");
  for (const auto& event : state.content.control->Stampedes(limit.value())) AddEvent(json, event);
  json.End().Object("totals").Add("flights", totals.flights).Add("recomputes", totals.recomputes);
  json.Add("avoided", totals.avoided).Add("events", events);
  json.Add("seconds_avoided", std::chrono::duration<double>(totals.time_avoided).count()).End();
  return ApiAnswer::Json(json.End().Take());
}

}  // namespace

void AddStampedeRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/hot-keys",
                    .operation = "ListHotKeys",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall& call) { return ListHotKeys(state, call); }});
  routes.push_back({.method = "GET",
                    .path = "/flights",
                    .operation = "GetFlights",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return GetFlights(state); }});
  routes.push_back({.method = "GET",
                    .path = "/stampedes",
                    .operation = "ListStampedes",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall& call) { return ListStampedes(state, call); }});
}

}  // namespace herdgate::admin
