#include "sidecar/admin/api_server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sidecar/admin/invalidation_json.h"
#include "sidecar/admin/json_writer.h"
#include "sidecar/admin/web_routes.h"
#include "sidecar/base/random.h"

namespace herdgate::admin {
namespace {

constexpr metrics::CounterFamily kRefused{"herdgate_admin_refused_total",
                                          "Requests that the admin API did not look at, by reason."};

// The API is data: no page may run, frame or keep it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kHeaders = {
    {{"Cache-Control", "no-store"},
     {"X-Content-Type-Options", "nosniff"},
     {"Referrer-Policy", "no-referrer"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}}};

HttpServerOptions ServerOptions(const ApiOptions& options) {
  HttpServerOptions server{.listen = options.listen, .limits = {}};
  server.limits.max_body_bytes = ApiServer::kMaxBodyBytes;
  server.limits.max_connections = 64;
  server.limits.max_held_bytes = std::size_t{8} << 20U;
  return server;
}

// A wildcard is nobody's name.
std::vector<std::string> AllowedHosts(const ApiOptions& options) {
  std::vector<std::string> hosts = options.allowed_hosts;
  const std::string& own = options.listen.host;
  if (own != "0.0.0.0" && own != "::") hosts.push_back(own.find(':') == std::string::npos ? own : "[" + own + "]");
  return hosts;
}

void Finish(HttpResponse& response, const std::string& id) {
  for (const auto& [name, value] : kHeaders) response.headers.emplace_back(name, value);
  response.headers.emplace_back("X-Request-Id", id);
}

// All that looks like the API is of the API, so that no file ever stands in its way.
bool IsOfApi(std::string_view path) {
  return path == "/api" || path.starts_with("/api/");
}

std::string_view NextSegment(std::string_view& path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool IsName(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !text.empty() && text.size() <= 128 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// The request that began it has an entry of its own; this one says what it came to.
AuditEntry AuditOfEnd(const pipeline::InvalidationStatus& status) {
  AuditEntry entry;
  entry.time = status.ended;
  entry.request_id = status.id;
  entry.by = status.asked_by.empty() ? "-" : status.asked_by;
  entry.remote = "-";
  entry.action = "InvalidationEnded";
  entry.parameters = AuditedTarget(*status.request, status.targets);
  entry.status = status.state == pipeline::InvalidationState::kFailed ? 500 : 200;
  entry.detail = status.end_reason;
  entry.duration = std::chrono::duration_cast<std::chrono::microseconds>(status.ran);
  if (status.keyspace > 0) entry.before = JsonWriter().Object().Add("keys", status.keyspace).End().Take();
  entry.after = AuditedInvalidation(status);
  entry.is_request = false;
  return entry;
}

}  // namespace

bool MatchesPath(std::string_view path_template, std::string_view path, std::string_view& argument) {
  while (!path_template.empty() && path.starts_with('/')) {
    const std::string_view wanted = NextSegment(path_template);
    const std::string_view given = NextSegment(path);
    if (wanted.starts_with('{')) {
      if (!IsName(given)) return false;
      argument = given;
    } else if (wanted != given) {
      return false;
    }
  }
  return path_template.empty() && path.empty();
}

ApiServer::ApiServer(const ApiOptions& options, ApiContent content, const base::Clock& clock)
    : clock_(clock),
      state_{.content = std::move(content),
             .clock = clock,
             .started = clock.Now(),
             .tokens_configured = !options.tokens_file.empty(),
             .figures = Figures(*state_.content.registry, clock),
             .audit = AuditLog(options.audit_file)},
      guard_(AllowedHosts(options)),
      tokens_(options.tokens_file, clock),
      first_id_(base::Random(static_cast<std::uint64_t>(clock.Wall().time_since_epoch().count())).Next()),
      server_(ServerOptions(options), clock) {
  AddSnapshotRoutes(state_, routes_);
  AddPolicyRoutes(state_, routes_);
  AddStampedeRoutes(state_, routes_);
  AddKeyRoutes(state_, routes_);
  AddPodRoutes(state_, routes_);
  AddOperateRoutes(state_, routes_);
  AddInvalidationRoutes(state_, routes_);
  routes_.push_back({.method = "GET",
                     .path = "/openapi.json",
                     .operation = "GetOpenApi",
                     .scope = std::nullopt,
                     .handler = [](ApiCall&) { return ApiAnswer::Json(std::string(OpenApiText())); }});
  if (auto* const jobs = state_.content.invalidations; jobs != nullptr)
    jobs->OnEnded([this](const pipeline::InvalidationStatus& status) { state_.audit.Add(AuditOfEnd(status)); });
  (void)tokens_.Current();
  server_.Fallback([this](const HttpRequest& request) { return Handle(request); });
  server_.Refusal([this](int status) {
    const std::string id = NextId();
    HttpResponse response = AnswerOf({.status = status}, id);
    Finish(response, id);
    return response;
  });
}

// Grows by one, from where nobody else's are: to be found in the log, and no secret.
std::string ApiServer::NextId() {
  constexpr char kHex[] = "0123456789abcdef";
  const std::uint64_t id = first_id_ + last_id_.fetch_add(1, std::memory_order_relaxed);
  std::string text;
  for (unsigned shift = 64; shift > 0; shift -= 4) text += kHex[(id >> (shift - 4)) & 0xfU];
  return text;
}

HttpResponse ApiServer::Handle(const HttpRequest& request) {
  const std::string id = NextId();
  if (!IsOfApi(request.path)) return AnswerOutsideApi(request, id);
  ApiAnswer answer = Answer(request, id);
  HttpResponse response = answer.problem ? AnswerOf(*answer.problem, id) : std::move(answer.response);
  Finish(response, id);
  return response;
}

HttpResponse ApiServer::AnswerOutsideApi(const HttpRequest& request, const std::string& id) {
  std::optional<Problem> problem = guard_.CheckHost(request);
  if (problem) {
    foreign_.Add();
  } else {
    WebAnswer answer = AnswerWebFile(request);
    if (!answer.problem) return std::move(answer.response);
    problem = std::move(answer.problem);
  }
  HttpResponse response = AnswerOf(*problem, id);
  Finish(response, id);
  return response;
}

ApiAnswer ApiServer::Answer(const HttpRequest& request, std::string_view id) {
  if (auto problem = guard_.Check(request)) {
    foreign_.Add();
    return std::move(*problem);
  }
  // Who may read the API may read it without knowing who he is.
  const bool open = request.path == std::string(kRoot) + "/openapi.json" && !IsWrite(request.method);
  Caller caller;
  if (auto problem = open ? std::nullopt : Authenticate(request, caller)) return std::move(*problem);
  return Route(request, id, caller);
}

std::optional<Problem> ApiServer::Authenticate(const HttpRequest& request, Caller& caller) {
  const std::vector<std::pair<std::string, std::string>> challenge = {{"WWW-Authenticate", "Bearer"}};
  if (!tokens_.configured()) {
    if (IsLoopback(request.remote)) {
      caller.scopes.Add(Scope::kRead);
      return std::nullopt;
    }
    missing_.Add();
    return Problem{.status = 401, .detail = "without a file of tokens only loopback is served", .headers = challenge};
  }
  const base::SteadyTime now = clock_.Now();
  const std::string_view address = WithoutPort(request.remote);
  if (!limit_.Allows(address, now)) {
    limited_.Add();
    return Problem{.status = 429, .detail = "too many wrong tokens from this address", .retry_after_s = 2};
  }
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view given = request.head.Header("Authorization");
  if (!given.starts_with(kBearer)) {
    missing_.Add();
    return Problem{.status = 401, .detail = "a token is needed: Authorization: Bearer TOKEN", .headers = challenge};
  }
  const Token* const token = FindToken(tokens_.Current(), given.substr(kBearer.size()));
  if (token == nullptr) {
    unknown_.Add();
    limit_.NoteFailure(address, now);
    return Problem{.status = 401, .detail = "the token is not one of the file's", .headers = challenge};
  }
  caller = {.name = token->name, .scopes = token->scopes};
  return std::nullopt;
}

// A path without an argument is never taken for one with it: /invalidations/preview is no job.
std::string_view ApiServer::TemplateOf(std::string_view path) const {
  std::string_view found;
  for (const ApiRoute& route : routes_) {
    std::string_view argument;
    if (route.path == path) return route.path;
    if (MatchesPath(route.path, path, argument)) found = route.path;
  }
  return found;
}

Problem ApiServer::MethodProblem(std::string_view path) const {
  std::string allow;
  const std::string_view meant = TemplateOf(path);
  for (const ApiRoute& route : routes_) {
    if (meant.empty() || route.path != meant) continue;
    allow += (allow.empty() ? "" : ", ") + std::string(route.method == "GET" ? "GET, HEAD" : route.method);
  }
  if (allow.empty())
    return {.status = 404, .detail = "there is no such path; see " + std::string(kRoot) + "/openapi.json"};
  return {.status = 405, .detail = "this path has other methods", .headers = {{"Allow", allow}}};
}

ApiAnswer ApiServer::Route(const HttpRequest& request, std::string_view id, const Caller& caller) {
  const std::string_view path = request.path;
  if (!path.starts_with(kRoot)) return MethodProblem("");
  const std::string_view below = path.substr(kRoot.size());
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  const std::string_view meant = TemplateOf(below);
  for (const ApiRoute& route : routes_) {
    std::string_view argument;
    if (route.method != method || route.path != meant || !MatchesPath(route.path, below, argument)) continue;
    const base::SteadyTime began = clock_.Now();
    AuditNote note;
    std::optional<JsonBody> body;
    if (route.takes_body) body.emplace(request.body);
    ApiCall call{.http = request,
                 .caller = caller,
                 .request_id = id,
                 .argument = argument,
                 .body = body ? &*body : nullptr,
                 .audit = note};
    ApiAnswer answer = Run(route, call);
    if (IsWrite(method) && note.wanted) Audit(route, call, answer, began);
    return answer;
  }
  return MethodProblem(below);
}

ApiAnswer ApiServer::Run(const ApiRoute& route, ApiCall& call) {
  if (route.scope && !call.caller.scopes.Has(*route.scope)) {
    const bool none = !tokens_.configured();
    return Problem{.status = 403,
                   .detail = none ? "without a file of tokens everything is read-only" : "the token lacks a scope",
                   .name = "scope",
                   .needed_scope = std::string(NameOf(*route.scope))};
  }
  if (call.body != nullptr && call.body->malformed()) {
    return Problem{.status = 400, .detail = "the body is no JSON", .errors = call.body->errors()};
  }
  if (call.body != nullptr && !call.body->ok()) {
    return Problem{.status = 422, .detail = "the body is wrong", .errors = call.body->errors()};
  }
  return route.handler(call);
}

void ApiServer::Audit(const ApiRoute& route, const ApiCall& call, const ApiAnswer& answer, base::SteadyTime began) {
  AuditEntry entry;
  entry.time = clock_.Wall();
  entry.request_id = call.request_id;
  entry.by = call.caller.name.empty() ? "-" : call.caller.name;
  entry.remote = call.http.remote;
  entry.action = route.operation;
  if (call.body != nullptr) entry.parameters = call.body->Compact();
  if (!call.argument.empty()) {
    entry.parameters = JsonWriter().Object().Add("id", call.argument).End().Take();
  }
  if (!call.audit.parameters.empty()) entry.parameters = call.audit.parameters;
  entry.status = answer.problem ? answer.problem->status : answer.response.status;
  if (answer.problem) entry.detail = answer.problem->detail;
  entry.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock_.Now() - began);
  entry.before = call.audit.before;
  entry.after = call.audit.after;
  state_.audit.Add(std::move(entry));
}

void ApiServer::Collect(metrics::SampleSink& sink) const {
  server_.metrics().Collect(sink, "admin");
  tokens_.Collect(sink);
  state_.audit.Collect(sink);
  sink.Add(kRefused, {{"reason", "no_token"}}, missing_);
  sink.Add(kRefused, {{"reason", "unknown_token"}}, unknown_);
  sink.Add(kRefused, {{"reason", "too_many_failures"}}, limited_);
  sink.Add(kRefused, {{"reason", "foreign"}}, foreign_);
}

}  // namespace herdgate::admin
