#include "sidecar/app/ctl/problem_text.h"

#include "sidecar/app/ctl/figure_text.h"

namespace herdgate::app {

std::string ProblemText(int status, JsonView problem, const std::string& request_id, const Style& style) {
  std::string text = std::to_string(status);
  if (problem["title"].exists()) text += " " + style.Text(problem["title"]);
  if (problem["detail"].exists()) text += ": " + style.Text(problem["detail"]);
  for (const JsonView error : problem["errors"].Items()) {
    const std::string pointer = style.Text(error["pointer"]);
    text += "; " + (pointer.empty() ? "the request" : pointer) + " " + style.Text(error["detail"]);
  }
  if (problem["needed_scope"].exists()) text += "; needs the scope " + style.Text(problem["needed_scope"]);
  if (const auto after = problem["retry_after_seconds"].Number()) text += "; try again in " + SpanText(after);
  const std::string request = problem["instance"].exists() ? problem["instance"].Text() : request_id;
  return text + (request.empty() ? "" : " (request " + style.Text(request) + ")");
}

}  // namespace herdgate::app
