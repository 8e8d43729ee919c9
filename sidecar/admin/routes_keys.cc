// POST /keys/inspect: what is known of one key. It changes nothing; a POST keeps keys out of URLs.
#include <array>

#include "sidecar/admin/api_state.h"
#include "sidecar/admin/json_writer.h"
#include "sidecar/admin/text_codec.h"

namespace herdgate::admin {
namespace {

constexpr std::size_t kMaxKeyBytes = 65'536;
constexpr std::int64_t kMaxDb = 65'535;
constexpr std::size_t kShownKeyBytes = 256;
constexpr std::array<std::string_view, 2> kEncodings = {"utf8", "base64"};

// Nothing: the body says why.
std::optional<pipeline::KeyQuestion> ReadQuestion(JsonBody& body) {
  const auto key = body.Text("key", {.required = true, .least = 1, .most = kMaxKeyBytes * 2});
  const auto encoding = body.Text("encoding", {.choices = kEncodings});
  pipeline::KeyQuestion question;
  question.wants_value = body.Bool("value", false).value_or(false);
  if (const auto db = body.Integer("db", {.most = kMaxDb})) question.db = static_cast<std::uint32_t>(*db);
  body.RefuseOthers();
  if (!body.ok()) return std::nullopt;
  const auto bytes = encoding == "base64" ? FromBase64(*key) : key;
  if (!bytes) body.Fail("/key", "is no base64");
  if (bytes && (bytes->empty() || bytes->size() > kMaxKeyBytes)) body.Fail("/key", "must have 1 to 65536 bytes");
  if (!body.ok()) return std::nullopt;
  question.key = *bytes;
  return question;
}

std::string WhyOf(const pipeline::KeyView& view, const policy::Policy* policy) {
  if (policy == nullptr) return "no policy's pattern matches the key: every command passes unchanged";
  std::string why = "of all patterns that match the key, " + view.pattern + " has the longest literal prefix";
  if (policy->mode == policy::Mode::kOff) why += "; the policy is off: every command passes unchanged";
  if (policy->mode == policy::Mode::kAudit) why += "; the policy audits: it counts, and changes nothing";
  return why;
}

void AddNear(JsonWriter& json, const pipeline::KeyView& view) {
  constexpr std::array<std::string_view, cache::kFreshnesses> kStates = {"none", "fresh", "stale", "grace"};
  const bool there = view.near != cache::Freshness::kAbsent;
  json.Object("near").Add("state", kStates[static_cast<std::size_t>(view.near)]);
  json.Add("age_ms", there ? std::optional(view.near_age.count()) : std::nullopt);
  json.Add("fresh_for_ms", there ? std::optional(view.near_fresh_for.count()) : std::nullopt);
  json.Add("bytes", there ? std::optional(view.near_bytes) : std::nullopt).End();
}

void AddValue(JsonWriter& json, const pipeline::KeyView& view) {
  if (!view.value) {
    json.Null("value");
    return;
  }
  const std::uint64_t whole = view.length.value_or(view.value->size());
  const bool plain = IsPlainText(*view.value);
  json.Object("value").Add("data", plain ? *view.value : Base64(*view.value));
  json.Add("encoding", plain ? "utf8" : "base64").Add("cut", whole > view.value->size()).Add("bytes", whole).End();
}

std::string Report(const pipeline::KeyQuestion& question, const pipeline::KeyView& view) {
  const bool has_policy = view.policy != policy::PolicySet::kNone && view.set != nullptr;
  const policy::Policy* const policy = has_policy ? &view.set->at(view.policy) : nullptr;
  constexpr std::array<std::string_view, 3> kModes = {"enforce", "audit", "off"};
  const auto add_key = [](JsonWriter& json, std::string_view key) {
    AddKey(json, key.substr(0, kShownKeyBytes), key.size() > kShownKeyBytes);
  };
  JsonWriter json;
  json.Object();
  add_key(json, question.key);
  json.Add("exists", view.type != "none").Add("type", view.type).Add("ttl_ms", view.pttl_ms);
  json.Add("physical_ttl_ms", view.pttl_ms).Add("size_bytes", view.bytes).Add("length", view.length);
  json.Object("physical");
  add_key(json, view.physical);
  json.End().Add("db", view.db);
  json.Add("policy", policy ? std::optional(policy->name) : std::nullopt);
  json.Add("mode", policy ? std::optional(kModes[static_cast<std::size_t>(policy->mode)]) : std::nullopt);
  json.Add("pattern", policy ? std::optional(view.pattern) : std::nullopt).Add("why", WhyOf(view, policy));
  AddNear(json, view);
  json.Add("flight", view.in_flight).Add("per_second", view.per_second);
  AddValue(json, view);
  return json.End().Take();
}

ApiAnswer InspectKey(ApiState& state, ApiCall& call) {
  const std::optional<pipeline::KeyQuestion> question = ReadQuestion(*call.body);
  call.audit.wanted = question && question->wants_value;
  if (!question) return Problem{.status = 422, .detail = "the body is wrong", .errors = call.body->errors()};
  if (question->wants_value && !call.caller.scopes.Has(Scope::kInspect)) {
    return Problem{
        .status = 403, .detail = "the value needs another scope", .name = "scope", .needed_scope = "inspect"};
  }
  const base::Result<pipeline::KeyView> view = state.content.control->Inspect(*question);
  if (!view.ok()) return ProblemOf(view.status());
  return ApiAnswer::Json(Report(*question, view.value()));
}

}  // namespace

void AddKeyRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  routes.push_back({.method = "POST",
                    .path = "/keys/inspect",
                    .operation = "InspectKey",
                    .scope = Scope::kRead,
                    .takes_body = true,
                    .handler = [&state](ApiCall& call) { return InspectKey(state, call); }});
}

}  // namespace herdgate::admin
