// The operations of invalidations: described, guarded and routed, and not there yet.
#include "sidecar/admin/api_state.h"

namespace herdgate::admin {
namespace {

ApiAnswer NotYet(ApiCall&) {
  return Problem{.status = 501, .detail = "this version can't invalidate by the API", .name = "not-implemented"};
}

}  // namespace

void AddInvalidationRoutes(ApiState&, std::vector<ApiRoute>& routes) {
  const auto add = [&](std::string_view method, std::string_view path, std::string_view operation, Scope scope,
                       bool takes_body) {
    routes.push_back({.method = method,
                      .path = path,
                      .operation = operation,
                      .scope = scope,
                      .takes_body = takes_body,
                      .handler = NotYet});
  };
  add("POST", "/invalidations/preview", "PreviewInvalidation", Scope::kInvalidate, true);
  add("GET", "/invalidations/preview/{token}", "GetPreview", Scope::kInvalidate, false);
  add("POST", "/invalidations", "Invalidate", Scope::kInvalidate, true);
  add("GET", "/invalidations", "ListInvalidations", Scope::kRead, false);
  add("GET", "/invalidations/{id}", "GetInvalidation", Scope::kRead, false);
  add("POST", "/invalidations/{id}/pause", "PauseInvalidation", Scope::kInvalidate, false);
  add("POST", "/invalidations/{id}/resume", "ResumeInvalidation", Scope::kInvalidate, false);
  add("POST", "/invalidations/{id}/cancel", "CancelInvalidation", Scope::kInvalidate, false);
  add("GET", "/invalidations/{id}/report.jsonl", "GetInvalidationReport", Scope::kRead, false);
}

}  // namespace herdgate::admin
