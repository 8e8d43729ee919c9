// GET and PUT /log-level, GET and POST /bypass, GET /audit.
#include <array>
#include <charconv>

#include "sidecar/admin/api_state.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
constexpr std::int64_t kMaxBypassSeconds = 3600;
constexpr std::size_t kMaxPolicies = 1000;

std::string LevelJson(const ApiState& state) {
  return JsonWriter().Object().Add("level", state.content.log_level()).End().Take();
}

std::string BypassJson(const ApiState& state) {
  JsonWriter json;
  json.Object();
  AddBypass(json, state.content.bypass());
  return json.End().Take();
}

Problem WrongBody(const JsonBody& body) {
  return {.status = 422, .detail = "the body is wrong", .errors = body.errors()};
}

ApiAnswer SetLogLevel(ApiState& state, ApiCall& call) {
  const auto level = call.body->Text("level", {.required = true, .choices = kLevels});
  call.body->RefuseOthers();
  if (!call.body->ok()) return WrongBody(*call.body);
  call.audit.before = LevelJson(state);
  state.content.set_log_level(*level);
  call.audit.after = LevelJson(state);
  return ApiAnswer::Json(call.audit.after);
}

ApiAnswer SetBypass(ApiState& state, ApiCall& call) {
  JsonBody& body = *call.body;
  BypassWish wish;
  wish.by = call.caller.name;
  wish.active = body.Bool("active", true).value_or(false);
  const auto seconds = body.Integer("seconds", {.required = wish.active, .least = 1, .most = kMaxBypassSeconds});
  wish.policies = body.Texts("policies", kMaxPolicies);
  body.RefuseOthers();
  if (!body.ok()) return WrongBody(body);
  wish.duration = std::chrono::seconds(seconds.value_or(0));
  call.audit.before = BypassJson(state);
  if (const base::Status status = state.content.set_bypass(wish); !status.ok()) return ProblemOf(status);
  call.audit.after = BypassJson(state);
  return ApiAnswer::Json(call.audit.after);
}

ApiAnswer ListAudit(ApiState& state, const ApiCall& call) {
  const base::Result<std::size_t> limit = LimitOf(call, AuditLog::kKept, 100);
  if (!limit.ok()) return BadQuery("limit", limit.status().message());
  std::uint64_t before = 0;
  if (const auto cursor = call.Query("cursor")) {
    const auto [end, error] = std::from_chars(cursor->data(), cursor->data() + cursor->size(), before);
    if (error != std::errc() || end != cursor->data() + cursor->size() || before == 0) {
      return BadQuery("cursor", "is none that an answer gave");
    }
  }
  // One more, to see whether there is another page.
  auto entries = state.audit.Newest(limit.value() + 1, before);
  const bool more = entries.size() > limit.value();
  if (more) entries.pop_back();
  std::string items;
  for (const AuditEntry& entry : entries) items += (items.empty() ? "" : ",") + entry.Json();
  JsonWriter json;
  json.Object().Raw("items", "[" + items + "]");
  json.Add("next_cursor", more ? std::optional(std::to_string(entries.back().number)) : std::nullopt);
  return ApiAnswer::Json(json.End().Take());
}

}  // namespace

void AddBypass(JsonWriter& json, const BypassView& bypass) {
  json.Add("active", bypass.active).Array("policies");
  for (const std::string& policy : bypass.policies) json.Value(policy);
  json.End();
  const bool until = bypass.active && bypass.until;
  json.Add("until", until ? std::optional(TimeText(bypass.until->time_since_epoch().count())) : std::nullopt);
  json.Add("by", bypass.active ? std::optional(bypass.by) : std::nullopt);
}

void AddOperateRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/log-level",
                    .operation = "GetLogLevel",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return ApiAnswer::Json(LevelJson(state)); }});
  routes.push_back({.method = "PUT",
                    .path = "/log-level",
                    .operation = "SetLogLevel",
                    .scope = Scope::kOperate,
                    .takes_body = true,
                    .handler = [&state](ApiCall& call) { return SetLogLevel(state, call); }});
  routes.push_back({.method = "GET",
                    .path = "/bypass",
                    .operation = "GetBypass",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall&) { return ApiAnswer::Json(BypassJson(state)); }});
  routes.push_back({.method = "POST",
                    .path = "/bypass",
                    .operation = "SetBypass",
                    .scope = Scope::kOperate,
                    .takes_body = true,
                    .handler = [&state](ApiCall& call) { return SetBypass(state, call); }});
  routes.push_back({.method = "GET",
                    .path = "/audit",
                    .operation = "ListAudit",
                    .scope = Scope::kRead,
                    .handler = [&state](ApiCall& call) { return ListAudit(state, call); }});
}

}  // namespace herdgate::admin
