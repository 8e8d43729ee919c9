// ApiCall and ApiRoute: one operation of the admin API, and one request for it that the guards have let through.
//
// Threads: the admin listener's. Ownership: a call borrows all it names, for the handler's time only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/http_message.h"
#include "sidecar/admin/json_body.h"
#include "sidecar/admin/problem.h"
#include "sidecar/admin/scope.h"
#include "sidecar/base/result.h"

namespace herdgate::admin {

struct Caller {
  std::string name{};  // the token's; empty without one
  ScopeSet scopes{};
};

// What the audit log says beyond the request: JSON.
struct AuditNote {
  bool wanted = true;
  std::string parameters{};  // empty: the body, or the path's argument
  std::string before = "null";
  std::string after = "null";
};

struct ApiCall {
  const HttpRequest& http;
  const Caller& caller;
  std::string_view request_id;
  std::string_view argument;  // what stands for {...} in the route's path
  JsonBody* body;             // null: the route takes none
  AuditNote& audit;

  // The parameter of the query; nothing if it is missing.
  std::optional<std::string_view> Query(std::string_view name) const {
    for (const auto& [key, value] : http.query) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};

class ApiAnswer {
 public:
  ApiAnswer(HttpResponse given) : response(std::move(given)) {}  // NOLINT(google-explicit-constructor)
  ApiAnswer(Problem trouble) : problem(std::move(trouble)) {}    // NOLINT(google-explicit-constructor)
  static ApiAnswer Json(std::string text, int status = 200) {
    return HttpResponse{.status = status, .content_type = "application/json", .body = std::move(text)};
  }

  HttpResponse response;
  std::optional<Problem> problem;
};

using ApiHandler = std::function<ApiAnswer(ApiCall&)>;

struct ApiRoute {
  std::string_view method;
  std::string_view path;       // below /api/v1; one segment may be {a name}
  std::string_view operation;  // its operationId in openapi.json
  std::optional<Scope> scope;  // nothing: anybody
  bool takes_body = false;
  ApiHandler handler;
};

// The query's `limit`, or its problem.
base::Result<std::size_t> LimitOf(const ApiCall& call, std::size_t most, std::size_t otherwise);
Problem BadQuery(std::string_view name, std::string detail);
// A failed Control call.
Problem ProblemOf(const base::Status& status);

}  // namespace herdgate::admin
