#include "sidecar/admin/invalidation_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "sidecar/admin/text_codec.h"

namespace herdgate::admin {
namespace {

using pipeline::InvalidationKind;
using pipeline::InvalidationMode;
using pipeline::InvalidationPreviewStatus;
using pipeline::InvalidationRequest;
using pipeline::InvalidationScope;
using pipeline::InvalidationState;
using pipeline::InvalidationStatus;

constexpr std::size_t kMostKeys = 1000;
constexpr std::size_t kMaxTargetBytes = 65'536;
constexpr std::size_t kShownKeyBytes = 256;

// How much of a target is shown.
struct TargetBounds {
  std::size_t keys_bytes = std::string_view::npos;  // of all keys, as JSON
  std::size_t text_bytes = std::string_view::npos;
  std::uint64_t keys = 0;  // there were so many, if the target has fewer
};

constexpr std::uint64_t kTypedAbove = 1000;  // keys
constexpr std::array<std::string_view, 2> kEncodings = {"utf8", "base64"};
constexpr std::array<std::string_view, 2> kModes = {"hard", "soft"};
constexpr std::array<std::string_view, 3> kScopes = {"both", "upstream", "near"};
constexpr std::array<std::string_view, 7> kKinds = {"key", "keys", "prefix", "pattern", "policy", "tag", "everything"};
static_assert(kKinds.size() == pipeline::kInvalidationKinds);

void ReadKeys(JsonBody& body, InvalidationRequest& request) {
  const JsonBody::ListRule rule{
      .required = true, .least = 1, .most = request.kind == InvalidationKind::kKey ? 1 : kMostKeys};
  body.Each("keys", rule, [&](JsonBody& item) {
    const auto key = item.Text("key", {.required = true, .most = kMaxTargetBytes * 2});
    const auto encoding = item.Text("encoding", {.choices = kEncodings});
    if (!item.ok()) return;
    auto bytes = encoding == "base64" ? FromBase64(*key) : key;
    if (!bytes) item.Fail("/key", "is no base64");
    if (bytes) request.targets.push_back(std::move(*bytes));
  });
}

void ReadName(JsonBody& body, std::string_view member, InvalidationRequest& request) {
  auto text = body.Text(member, {.required = true, .least = 1, .most = kMaxTargetBytes});
  if (text) request.targets.push_back(std::move(*text));
}

template <typename Enum, std::size_t kSize>
void ReadChoice(JsonBody& body, std::string_view member, const std::array<std::string_view, kSize>& choices,
                Enum& into) {
  const auto text = body.Text(member, {.choices = choices});
  for (std::size_t i = 0; i < kSize; ++i) {
    if (text == choices[i]) into = static_cast<Enum>(i);
  }
}

void AddShownKey(JsonWriter& json, std::string_view key) {
  AddKey(json, key.substr(0, kShownKeyBytes), key.size() > kShownKeyBytes);
}

std::optional<std::string> TimeOf(base::WallTime time) {
  const auto ms = time.time_since_epoch().count();
  return ms == 0 ? std::nullopt : std::optional(TimeText(ms));
}

template <typename Number>
std::optional<Number> Unless(Number nothing, Number value) {
  return value == nothing ? std::nullopt : std::optional(value);
}

bool NamesKeys(const InvalidationRequest& request) {
  return request.kind == InvalidationKind::kKey || request.kind == InvalidationKind::kKeys;
}

// A mistyped character must not cost a database: what touches much is typed out.
std::string_view ConfirmOf(const InvalidationPreviewStatus& preview) {
  const bool much = preview.keys > kTypedAbove || preview.bumps || pipeline::CoversAll(*preview.request);
  return much ? "type" : "button";
}

void AddSample(JsonWriter& json, const InvalidationPreviewStatus& preview) {
  json.Array("sample");
  for (const auto& key : preview.sample) {
    json.Object();
    AddShownKey(json, key.key);
    json.Add("policy", key.policy.empty() ? std::nullopt : std::optional(key.policy));
    json.Add("bytes", Unless(std::uint64_t{0}, key.bytes));
    json.Add("ttl_ms", key.ttl_ms < 0 ? std::nullopt : std::optional(key.ttl_ms)).End();
  }
  json.End().Array("hottest");
  for (const auto& key : preview.hottest) {
    json.Object();
    AddShownKey(json, key.key);
    json.Add("policy", key.policy.empty() ? std::nullopt : std::optional(key.policy));
    json.Add("per_second", key.reads_per_second).End();
  }
  json.End();
}

TargetBounds Audited(std::uint64_t keys) {
  return {.keys_bytes = 2048, .text_bytes = 256, .keys = keys};
}

void AddTargetKeys(JsonWriter& json, const std::vector<std::string>& keys, const TargetBounds& bounds) {
  std::size_t bytes = 0;
  std::uint64_t shown = 0;
  json.Array("keys");
  for (const std::string& key : keys) {
    JsonWriter item;
    item.Object();
    AddShownKey(item, key);
    const std::string text = item.End().Take();
    bytes += text.size();
    if (bytes > bounds.keys_bytes) break;
    json.Raw({}, text);
    ++shown;
  }
  json.End();
  const std::uint64_t all = std::max<std::uint64_t>(bounds.keys, keys.size());
  if (shown < all) json.Add("keys_left_out", all - shown);
}

void AddBoundedTarget(JsonWriter& json, std::string_view name, const InvalidationRequest& request,
                      const TargetBounds& bounds) {
  const std::string kind(NameOf(request.kind));
  json.Object(name).Add("kind", kind);
  if (NamesKeys(request)) {
    AddTargetKeys(json, request.targets, bounds);
  } else if (!request.targets.empty()) {
    const std::string_view text = request.targets.front();
    const bool cut = text.size() > bounds.text_bytes;
    json.Add(kind, cut ? text.substr(0, Utf8Prefix(text.substr(0, bounds.text_bytes))) : text);
    if (cut) json.Add("cut", true);
  }
  json.Add("mode", NameOf(request.mode)).Add("scope", NameOf(request.scope)).End();
}

void AddTimes(JsonWriter& json, const InvalidationStatus& status) {
  json.Add("created", TimeText(status.created.time_since_epoch().count()));
  json.Add("started", TimeOf(status.started)).Add("finished", TimeOf(status.ended));
}

void AddBoundedInvalidation(JsonWriter& json, const InvalidationStatus& status, const TargetBounds& bounds) {
  const auto& counts = status.counts;
  const bool near_alone = status.request->scope == InvalidationScope::kNear;
  const bool bumped = status.generation > 0 && status.request->kind == InvalidationKind::kPolicy;
  json.Object().Add("id", status.id).Add("state", NameOf(status.state));
  AddBoundedTarget(json, "target", *status.request, bounds);
  json.Add("targets", status.targets).Add("by", status.asked_by);
  AddTimes(json, status);
  json.Add("scanned", counts.scanned);
  json.Add("total",
           NamesKeys(*status.request) ? std::optional(status.targets) : Unless(std::uint64_t{0}, status.keyspace));
  json.Add("progress", status.progress).Add("matched", near_alone ? counts.near : counts.matched);
  json.Add("done", near_alone ? counts.near : counts.deleted + counts.shortened).Add("failed", counts.unsure);
  json.Add("deleted", counts.deleted).Add("shortened", counts.shortened).Add("near", counts.near);
  json.Add("bumped", status.bumped).Add("renewed", status.renewed);
  json.Add("outside_policy", counts.outside_policy).Add("refreshing", counts.refreshing).Add("hidden", counts.hidden);
  json.Add("rate", static_cast<std::uint64_t>(status.request->options.rate));
  const double seconds = std::chrono::duration<double>(status.ran).count();
  const auto changed = static_cast<double>(counts.deleted + counts.shortened);
  json.Add("per_second", seconds > 0 ? changed / seconds : 0).Add("allowed_per_second", status.rate);
  json.Add("seconds", seconds).Add("interruptions", status.interruptions).Add("rescans", status.rescans);
  json.Add("capped", status.capped).Add("generation", bumped ? std::optional(status.generation) : std::nullopt);
  if (!status.waiting_for.empty()) json.Add("waiting_for", status.waiting_for);
  if (!status.end_reason.empty())
    json.Add(status.state == InvalidationState::kFailed ? "error" : "reason", status.end_reason);
  json.End();
}

}  // namespace

std::optional<InvalidationRequest> ReadTarget(JsonBody& body) {
  InvalidationRequest request;
  request.mode = InvalidationMode::kSoft;
  const auto kind = body.Text("kind", {.required = true, .choices = kKinds});
  for (std::size_t i = 0; kind && i < kKinds.size(); ++i) {
    if (*kind == kKinds[i]) request.kind = static_cast<InvalidationKind>(i);
  }
  ReadChoice(body, "mode", kModes, request.mode);
  ReadChoice(body, "scope", kScopes, request.scope);
  if (kind && NamesKeys(request)) ReadKeys(body, request);
  if (kind && !NamesKeys(request) && request.kind != InvalidationKind::kEverything) ReadName(body, *kind, request);
  body.RefuseOthers();
  if (!body.ok()) return std::nullopt;
  InvalidationRequest confirmed = request;
  confirmed.purge_all = true;
  if (const base::Status status = pipeline::Check(confirmed); !status.ok()) {
    body.Fail("", status.message());
    return std::nullopt;
  }
  return request;
}

Scope NeededScope(const InvalidationRequest& request) {
  return pipeline::CoversAll(request) ? Scope::kPurgeAll : Scope::kInvalidate;
}

void AddTarget(JsonWriter& json, std::string_view name, const InvalidationRequest& request) {
  AddBoundedTarget(json, name, request, {});
}

std::string PreviewJson(const InvalidationPreviewStatus& preview) {
  constexpr std::array<std::string_view, 3> kStates = {"running", "ready", "failed"};
  const bool scans = !NamesKeys(*preview.request);
  const bool done = preview.state == InvalidationPreviewStatus::State::kDone;
  JsonWriter json;
  json.Object().Add("token", preview.token).Add("state", kStates[static_cast<std::size_t>(preview.state)]);
  json.Add("expires", TimeText(preview.expires.time_since_epoch().count()));
  AddTarget(json, "target", *preview.request);
  const double scanned = preview.progress * static_cast<double>(preview.keyspace);
  const std::uint64_t total = scans ? preview.keyspace : preview.request->targets.size();
  json.Add("scanned", scans ? static_cast<std::uint64_t>(scanned) : preview.found);
  json.Add("total", total).Add("matched", preview.found);
  json.Add("estimated", done ? std::optional(preview.keys) : std::nullopt).Add("exact", preview.exact);
  json.Add("bytes", Unless(std::uint64_t{0}, preview.bytes));
  AddSample(json, preview);
  json.Add("origin_per_second", preview.recomputes_per_second).Add("origin_busy_seconds", preview.origin_load);
  const bool of_policy = preview.request->kind == InvalidationKind::kPolicy;
  json.Add("new_generation", preview.bumps && of_policy).Add("hidden", preview.hidden).Object("by_policy");
  for (const auto& [policy, keys] : preview.by_policy) json.Add(policy.empty() ? "(none)" : policy, keys);
  json.End().Add("confirm", ConfirmOf(preview)).Add("needed_scope", NameOf(NeededScope(*preview.request)));
  if (!preview.error.empty()) json.Add("error", preview.error);
  return json.End().Take();
}

void AddInvalidation(JsonWriter& json, const InvalidationStatus& status) {
  AddBoundedInvalidation(json, status, {});
}

std::string InvalidationJson(const InvalidationStatus& status) {
  JsonWriter json;
  AddInvalidation(json, status);
  return json.Take();
}

std::string AuditedTarget(const InvalidationRequest& request, std::uint64_t targets) {
  JsonWriter json;
  AddBoundedTarget(json, {}, request, Audited(targets));
  return json.Take();
}

std::string AuditedInvalidation(const InvalidationStatus& status) {
  JsonWriter json;
  AddBoundedInvalidation(json, status, Audited(status.targets));
  return json.Take();
}

}  // namespace herdgate::admin
