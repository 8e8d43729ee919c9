#include "sidecar/app/ctl/ctl_session.h"

#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/problem_text.h"

namespace herdgate::app {

std::optional<JsonDocument> CtlSession::Take(const base::Result<AdminAnswer>& result) {
  if (!result.ok()) {
    Fail(kExitUnreachable, terminal_.err.Text(result.status().message()));
    return std::nullopt;
  }
  const AdminAnswer& answer = result.value();
  JsonDocument document(answer.body);
  if (answer.ok() && document.ok()) {
    last_ = answer.body;
    return document;
  }
  if (answer.ok()) {
    Fail(kExitUnreachable, "what answers at " + client_.url().ToString() + " is not Herdgate's HTTP API");
    return std::nullopt;
  }
  std::string text = ProblemText(answer.status, document.root(), answer.request_id, terminal_.err);
  if (answer.status == 401 && !client_.has_token()) text += "; give one by --token-file or HERDGATE_TOKEN";
  Fail(kExitRuntime, text);
  if (request_.json && document.ok()) {
    last_ = answer.body;
    ShowJson();
  }
  return std::nullopt;
}

int CtlSession::Show(const std::vector<std::string>& lines) {
  if (request_.json) return ShowJson();
  return Print(stdout, Joined(lines)) ? kExitOk : kExitRuntime;
}

int CtlSession::ShowJson() const {
  std::string text = app::ShowJson(last_);
  if (!text.ends_with('\n')) text += '\n';
  return Print(stdout, text) ? kExitOk : kExitRuntime;
}

int CtlSession::Fail(int code, const std::string& sentence) {
  code_ = code;
  (void)Print(stderr, "herdgate: " + sentence + "\n");
  return code;
}

}  // namespace herdgate::app
