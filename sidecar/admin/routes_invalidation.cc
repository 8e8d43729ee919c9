// Invalidations: a preview, whose token binds what is carried out to what was shown; jobs, and what they report.
#include <array>
#include <functional>
#include <utility>

#include "sidecar/admin/api_state.h"
#include "sidecar/admin/invalidation_json.h"
#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

using pipeline::InvalidationPreviewStatus;
using pipeline::InvalidationRefusal;
using pipeline::InvalidationRequest;
using pipeline::Invalidations;
using pipeline::InvalidationStatus;

constexpr std::int64_t kMaxRate = 1'000'000;
constexpr std::int64_t kMaxSoftSeconds = 86'400;
constexpr std::int64_t kMaxKeys = (std::int64_t{1} << 53U) - 1;  // what every JSON reader holds exactly
constexpr std::size_t kMaxIdempotencyKey = 128;

struct RefusalRow {
  int status;
  std::string_view name;
};

// In the order of InvalidationRefusal.
constexpr std::array<RefusalRow, 11> kRefusals = {{{500, ""},
                                                   {422, ""},
                                                   {403, "scope"},
                                                   {404, ""},
                                                   {410, "preview-expired"},
                                                   {409, "preview-used"},
                                                   {409, "other-request"},
                                                   {409, "policies-changed"},
                                                   {404, ""},
                                                   {429, ""},
                                                   {503, ""}}};
static_assert(kRefusals.size() == static_cast<std::size_t>(InvalidationRefusal::kStopped) + 1);

Problem ProblemOf(const Invalidations::Started& refused) {
  const RefusalRow& row = kRefusals[static_cast<std::size_t>(refused.refusal)];
  Problem problem{.status = row.status, .detail = refused.message, .name = std::string(row.name)};
  if (row.status == 429) problem.retry_after_s = 2;
  if (row.status == 503) problem.retry_after_s = 1;
  if (refused.refusal == InvalidationRefusal::kPurgeAll) problem.needed_scope = NameOf(Scope::kPurgeAll);
  return problem;
}

Problem WrongBody(const JsonBody& body) {
  return {.status = 422, .detail = "the body is wrong", .errors = body.errors()};
}

Problem NoSuch(std::string_view what) {
  return {.status = 404, .detail = "there is no such " + std::string(what) + ", or it is forgotten"};
}

std::optional<Problem> LacksScope(const ApiCall& call, const InvalidationRequest& request) {
  const Scope needed = NeededScope(request);
  if (call.caller.scopes.Has(needed)) return std::nullopt;
  return Problem{.status = 403,
                 .detail = "this means every key: the token lacks a scope",
                 .name = "scope",
                 .needed_scope = std::string(NameOf(needed))};
}

ApiAnswer JobAnswer(Invalidations& jobs, std::string_view id, int status) {
  const std::optional<InvalidationStatus> job = jobs.Get(id);
  if (!job) return NoSuch("job");
  ApiAnswer answer = ApiAnswer::Json(InvalidationJson(*job), status);
  // Relative to the request's own path, so that it holds behind a proxy with a prefix.
  if (status == 202) answer.response.headers.emplace_back("Location", "invalidations/" + std::string(id));
  return answer;
}

ApiAnswer PreviewInvalidation(Invalidations& jobs, ApiCall& call) {
  call.audit.wanted = false;  // it changes nothing
  const std::optional<InvalidationRequest> request = ReadTarget(*call.body);
  if (!request) return WrongBody(*call.body);
  if (auto problem = LacksScope(call, *request)) return std::move(*problem);
  const Invalidations::Started started = jobs.Preview(*request);
  if (!started.ok()) return ProblemOf(started);
  const std::optional<InvalidationPreviewStatus> preview = jobs.GetPreview(started.id);
  if (!preview) return NoSuch("preview");
  return ApiAnswer::Json(PreviewJson(*preview));
}

ApiAnswer GetPreview(Invalidations& jobs, const base::Clock& clock, const ApiCall& call) {
  const std::optional<InvalidationPreviewStatus> preview = jobs.GetPreview(call.argument);
  if (!preview) return NoSuch("preview");
  if (preview->expires < clock.Wall())
    return Problem{.status = 410, .detail = "the preview is too old: ask for another", .name = "preview-expired"};
  return ApiAnswer::Json(PreviewJson(*preview));
}

// What the body says of how to carry it out.
void ReadOptions(JsonBody& body, pipeline::InvalidationOptions& options) {
  if (const auto rate = body.Integer("rate", {.least = 1, .most = kMaxRate})) options.rate = static_cast<double>(*rate);
  if (const auto most = body.Integer("max_keys", {.least = 1, .most = kMaxKeys}))
    options.max_keys = static_cast<std::uint64_t>(*most);
  if (const auto seconds = body.Integer("soft_seconds", {.least = 1, .most = kMaxSoftSeconds}))
    options.soft_window = std::chrono::seconds(*seconds);
}

ApiAnswer Start(Invalidations& jobs, ApiCall& call, const Invalidations::Terms& terms,
                const pipeline::InvalidationOptions& options) {
  if (const auto before = jobs.Repeated(terms.idempotency_key, terms.preview_token)) {
    return before->ok() ? JobAnswer(jobs, before->id, 202) : ApiAnswer(ProblemOf(*before));
  }
  const std::optional<InvalidationPreviewStatus> preview = jobs.GetPreview(terms.preview_token);
  if (!preview) return NoSuch("preview");
  InvalidationRequest request = *preview->request;
  call.audit.parameters = AuditedTarget(request);
  if (auto problem = LacksScope(call, request)) return std::move(*problem);
  using State = InvalidationPreviewStatus::State;
  if (preview->state != State::kDone) {
    const bool running = preview->state == State::kRunning;
    return Problem{.status = 409,
                   .detail = running ? "the preview still counts: wait until it is ready" : "the preview failed",
                   .name = "preview-not-ready"};
  }
  request.purge_all = true;  // by its scope
  request.options = options;
  const Invalidations::Started started = jobs.Start(request, terms);
  if (!started.ok()) return ProblemOf(started);
  if (const auto job = jobs.Get(started.id)) call.audit.after = AuditedInvalidation(*job);
  return JobAnswer(jobs, started.id, 202);
}

ApiAnswer Invalidate(Invalidations& jobs, ApiCall& call) {
  const std::string_view key = call.http.head.Header("Idempotency-Key");
  if (key.empty() || key.size() > kMaxIdempotencyKey) {
    return Problem{.status = 400,
                   .detail = "a header is missing or wrong",
                   .errors = {{.pointer = "Idempotency-Key", .detail = "must have 1 to 128 bytes, new for each job"}}};
  }
  const auto token = call.body->Text("preview_token", {.required = true, .least = 1, .most = 128});
  pipeline::InvalidationOptions options;
  ReadOptions(*call.body, options);
  call.body->RefuseOthers();
  if (!call.body->ok()) return WrongBody(*call.body);
  // Two callers may choose the same key.
  const Invalidations::Terms terms{.preview_token = *token,
                                   .idempotency_key = call.caller.name + ":" + std::string(key),
                                   .asked_by = call.caller.name};
  return Start(jobs, call, terms, options);
}

ApiAnswer ListInvalidations(Invalidations& jobs, const ApiCall& call) {
  const base::Result<std::size_t> limit = LimitOf(call, 100, 100);
  if (!limit.ok()) return BadQuery("limit", limit.status().message());
  const std::vector<InvalidationStatus> all = jobs.List();
  auto job = all.begin();
  if (const auto cursor = call.Query("cursor")) {
    while (job != all.end() && job->id != *cursor) ++job;
    if (job == all.end()) return BadQuery("cursor", "is none that an answer gave, or its job is forgotten");
  }
  JsonWriter json;
  json.Object().Array("items");
  for (std::size_t i = 0; i < limit.value() && job != all.end(); ++i, ++job) AddInvalidation(json, *job);
  json.End().Add("next_cursor", job == all.end() ? std::nullopt : std::optional(job->id));
  return ApiAnswer::Json(json.End().Take());
}

ApiAnswer GetReport(Invalidations& jobs, const ApiCall& call) {
  std::optional<std::string> report = jobs.Report(call.argument);
  if (!report) return NoSuch("job");
  HttpResponse response{.status = 200, .content_type = "application/jsonl", .body = std::move(*report)};
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"invalidation-" + std::string(call.argument) + ".jsonl\"");
  return response;
}

// One of pause, resume and cancel.
ApiAnswer Step(Invalidations& jobs, ApiCall& call, const std::function<base::Status(std::string_view)>& step) {
  const std::optional<InvalidationStatus> job = jobs.Get(call.argument);
  if (!job) return NoSuch("job");
  call.audit.before = AuditedInvalidation(*job);
  if (const base::Status status = step(call.argument); !status.ok())
    return Problem{.status = 409, .detail = status.message(), .name = "state"};
  return JobAnswer(jobs, call.argument, 200);
}

using JobHandler = std::function<ApiAnswer(Invalidations&, ApiCall&)>;

ApiHandler With(const ApiState& state, JobHandler handler) {
  return [&state, handler = std::move(handler)](ApiCall& call) -> ApiAnswer {
    if (state.content.invalidations == nullptr) return Problem{.status = 503, .detail = "nothing can be invalidated"};
    return handler(*state.content.invalidations, call);
  };
}

void AddStepRoutes(const ApiState& state, std::vector<ApiRoute>& routes) {
  using Take = base::Status (*)(Invalidations&, std::string_view, const std::string&);
  const auto add = [&](std::string_view path, std::string_view operation, Take take) {
    const auto handler = [take](Invalidations& jobs, ApiCall& call) {
      return Step(jobs, call, [&](std::string_view id) { return take(jobs, id, call.caller.name); });
    };
    routes.push_back({.method = "POST",
                      .path = path,
                      .operation = operation,
                      .scope = Scope::kInvalidate,
                      .handler = With(state, handler)});
  };
  add("/invalidations/{id}/pause", "PauseInvalidation",
      [](Invalidations& jobs, std::string_view id, const std::string&) { return jobs.Pause(id); });
  add("/invalidations/{id}/resume", "ResumeInvalidation",
      [](Invalidations& jobs, std::string_view id, const std::string&) { return jobs.Resume(id); });
  add("/invalidations/{id}/cancel", "CancelInvalidation",
      [](Invalidations& jobs, std::string_view id, const std::string& who) {
        return jobs.Cancel(id, "cancelled by " + who);
      });
}

void AddGets(const ApiState& state, std::vector<ApiRoute>& routes) {
  const auto add = [&](std::string_view path, std::string_view operation, Scope scope, JobHandler handler) {
    routes.push_back({.method = "GET",
                      .path = path,
                      .operation = operation,
                      .scope = scope,
                      .handler = With(state, std::move(handler))});
  };
  add("/invalidations/preview/{token}", "GetPreview", Scope::kInvalidate,
      [&clock = state.clock](Invalidations& jobs, ApiCall& call) { return GetPreview(jobs, clock, call); });
  add("/invalidations", "ListInvalidations", Scope::kRead, ListInvalidations);
  add("/invalidations/{id}", "GetInvalidation", Scope::kRead,
      [](Invalidations& jobs, ApiCall& call) { return JobAnswer(jobs, call.argument, 200); });
  add("/invalidations/{id}/report.jsonl", "GetInvalidationReport", Scope::kRead, GetReport);
}

}  // namespace

void AddInvalidationRoutes(ApiState& state, std::vector<ApiRoute>& routes) {
  const auto add = [&](std::string_view path, std::string_view operation, JobHandler handler) {
    routes.push_back({.method = "POST",
                      .path = path,
                      .operation = operation,
                      .scope = Scope::kInvalidate,
                      .takes_body = true,
                      .handler = With(state, std::move(handler))});
  };
  add("/invalidations/preview", "PreviewInvalidation", PreviewInvalidation);
  add("/invalidations", "Invalidate", Invalidate);
  AddGets(state, routes);
  AddStepRoutes(state, routes);
}

}  // namespace herdgate::admin
