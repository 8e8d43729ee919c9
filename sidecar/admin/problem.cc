#include "sidecar/admin/problem.h"

#include <array>

#include "sidecar/admin/json_writer.h"

namespace herdgate::admin {
namespace {

std::string_view TitleOf(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 19> kTitles = {{{400, "Bad Request"},
                                                                         {401, "Unauthorized"},
                                                                         {403, "Forbidden"},
                                                                         {404, "Not Found"},
                                                                         {405, "Method Not Allowed"},
                                                                         {408, "Request Timeout"},
                                                                         {409, "Conflict"},
                                                                         {410, "Gone"},
                                                                         {411, "Length Required"},
                                                                         {413, "Content Too Large"},
                                                                         {415, "Unsupported Media Type"},
                                                                         {421, "Misdirected Request"},
                                                                         {422, "Unprocessable Content"},
                                                                         {429, "Too Many Requests"},
                                                                         {431, "Request Header Fields Too Large"},
                                                                         {500, "Internal Server Error"},
                                                                         {501, "Not Implemented"},
                                                                         {503, "Service Unavailable"},
                                                                         {505, "HTTP Version Not Supported"}}};
  for (const auto& [known, title] : kTitles) {
    if (known == status) return title;
  }
  return "Error";
}

}  // namespace

HttpResponse AnswerOf(const Problem& problem, std::string_view instance) {
  JsonWriter json;
  json.Object().Add("type", problem.name.empty() ? "about:blank" : "urn:herdgate:problem:" + problem.name);
  json.Add("title", TitleOf(problem.status)).Add("status", problem.status).Add("instance", instance);
  if (!problem.detail.empty()) json.Add("detail", problem.detail);
  if (problem.retry_after_s > 0) json.Add("retry_after_seconds", problem.retry_after_s);
  if (!problem.needed_scope.empty()) json.Add("needed_scope", problem.needed_scope);
  if (!problem.errors.empty()) {
    json.Array("errors");
    for (const FieldError& error : problem.errors) {
      json.Object().Add("pointer", error.pointer).Add("detail", error.detail).End();
    }
    json.End();
  }
  HttpResponse response{.status = problem.status,
                        .content_type = "application/problem+json",
                        .body = json.End().Take() + "\n",
                        .headers = problem.headers};
  if (problem.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after_s));
  return response;
}

}  // namespace herdgate::admin
