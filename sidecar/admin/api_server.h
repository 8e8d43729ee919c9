// ApiServer: the admin listener: the HTTP API under /api/v1, as openapi.json describes it, and the web UI beside it.
//
//   bytes -> HttpServer (limits) -> RequestGuard -> token -> route -> scope -> body -> handler -> audit
//                                \-> outside /api: Host -> a file of the web UI (web_routes.h), without a token
//
// One thread and hard limits on connections, bytes and time, so that whoever talks to it costs the data path nothing.
// A request that waits for a loop or for Redis waits a second at most, and holds up the other requests meanwhile. One
// that changes something also waits for the disk of the audit file, for as long as that takes; so does the thread of
// the jobs at the end of one. No loop of the data path waits for either thread.
// With a file of tokens every operation but GET /openapi.json needs one of them. Without, whoever comes from loopback
// may do what `read` allows, and nobody may do more.
// Every error is application/problem+json; every answer of the API says who may show, keep and sniff it: nobody.
// Threads: construct, Start and Stop from one thread; Collect from any. Ownership: what the content borrows outlives
// Stop(). content.invalidations, if any, keeps a pointer to this (OnEnded): construct before its Run(), and destroy
// after its Stop().
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/admin/api_state.h"
#include "sidecar/admin/auth_limit.h"
#include "sidecar/admin/http_server.h"
#include "sidecar/admin/request_guard.h"
#include "sidecar/admin/token_store.h"

namespace herdgate::admin {

struct ApiOptions {
  base::ListenAddress listen;                // kTcp
  std::string tokens_file{};                 // empty: read-only, and from loopback only
  std::vector<std::string> allowed_hosts{};  // names in Host headers, beside loopback's and that of `listen`
  std::string audit_file{};                  // empty: none
};

// openapi.json, as it was when this was built.
std::string_view OpenApiText();

class ApiServer {
 public:
  static constexpr std::size_t kMaxBodyBytes = 65'536;
  static constexpr std::string_view kRoot = "/api/v1";

  ApiServer(const ApiOptions& options, ApiContent content, const base::Clock& clock = base::SystemClock());

  // The bound port. Errors: as HttpServer::Start.
  base::Result<std::uint16_t> Start() { return server_.Start(); }
  void Stop() { server_.Stop(); }

  const std::vector<ApiRoute>& routes() const { return routes_; }
  // As if it had come over the listener; for tests. REQUIRES: not started.
  HttpResponse Handle(const HttpRequest& request);

  // Adds herdgate_http_*{listener="admin"} and herdgate_admin_*.
  void Collect(metrics::SampleSink& sink) const;

 private:
  HttpResponse AnswerOutsideApi(const HttpRequest& request, const std::string& id);
  // Who it is, or why not.
  std::optional<Problem> Authenticate(const HttpRequest& request, Caller& caller);
  ApiAnswer Answer(const HttpRequest& request, std::string_view id);
  ApiAnswer Route(const HttpRequest& request, std::string_view id, const Caller& caller);
  ApiAnswer Run(const ApiRoute& route, ApiCall& call);
  void Audit(const ApiRoute& route, const ApiCall& call, const ApiAnswer& answer, base::SteadyTime began);
  // Of the route that the path means; empty: none.
  std::string_view TemplateOf(std::string_view path) const;
  Problem MethodProblem(std::string_view path) const;
  std::string NextId();

  const base::Clock& clock_;
  ApiState state_;
  RequestGuard guard_;
  TokenStore tokens_;
  AuthLimit limit_;
  std::vector<ApiRoute> routes_;
  const std::uint64_t first_id_;
  std::atomic<std::uint64_t> last_id_{0};
  metrics::Counter unknown_;  // tokens
  metrics::Counter missing_;
  metrics::Counter limited_;
  metrics::Counter foreign_;  // refused by the guard
  HttpServer server_;         // last: its thread uses the rest
};

// Whether `path` is one of the template's; then `argument` is what stands for its {...}.
bool MatchesPath(std::string_view path_template, std::string_view path, std::string_view& argument);

}  // namespace herdgate::admin
