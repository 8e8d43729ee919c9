// The commands that change nothing, and bypass.
#include <algorithm>
#include <chrono>
#include <thread>

#include "sidecar/admin/json_writer.h"
#include "sidecar/app/ctl/ctl_commands.h"
#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/key_json.h"
#include "sidecar/app/ctl/key_view.h"
#include "sidecar/app/ctl/status_view.h"

namespace herdgate::app {
namespace {

using std::chrono::milliseconds;

// The sidecar knows rates when it was asked twice, a second apart.
constexpr milliseconds kUntilRates{1050};
constexpr milliseconds kRedraw{1000};

std::vector<std::string> TopLines(const CtlSession& session, JsonView answer, const Style& style, std::size_t rows) {
  const std::uint64_t limit = std::min<std::uint64_t>(session.request().limit, rows);
  return HotKeyLines(answer, static_cast<std::size_t>(limit), style);
}

}  // namespace

int CtlStatus(CtlSession& session) {
  std::optional<JsonDocument> snapshot = session.Get("/snapshot");
  if (!snapshot) return session.code();
  if (session.request().json) return session.ShowJson();
  if (!snapshot->root()["rates"].exists()) {
    // Ctrl-C ends it, as ever.
    std::this_thread::sleep_for(kUntilRates);
    snapshot = session.Get("/snapshot");
    if (!snapshot) return session.code();
  }
  // One screen is shown whether there are jobs to be told of or not.
  const auto answer = session.client().Get("/invalidations?limit=20");
  const JsonDocument jobs(answer.ok() && answer.value().ok() ? answer.value().body : "{}");
  const JsonView list = jobs.root()["items"].exists() ? jobs.root() : JsonView();
  return session.Show(StatusLines(snapshot->root(), list, session.client().url().ToString(), session.terminal().out));
}

int CtlTop(CtlSession& session) {
  const std::string path = "/hot-keys?limit=" + std::to_string(session.request().limit);
  std::optional<JsonDocument> answer = session.Get(path);
  if (!answer) return session.code();
  const Terminal& terminal = session.terminal();
  if (session.request().json || !terminal.redraws) {
    return session.Show(TopLines(session, answer->root(), terminal.out, session.request().limit));
  }
  Interrupt interrupt;
  LiveArea area(stdout, true);
  while (answer) {
    const WindowSize size = SizeOf(fileno(stdout)).value_or(WindowSize{24, 80});
    Style style = terminal.out;
    style.width = std::max(size.columns, Style::kLeastWidth + 1) - 1;
    area.Draw(TopLines(session, answer->root(), style, size.rows > 4 ? size.rows - 3 : 1));
    if (interrupt.Within(kRedraw)) {
      area.Keep();
      (void)Print(stdout, "\n");
      return kExitOk;
    }
    const auto next = session.client().Get(path);
    if (!next.ok() || !next.value().ok()) {
      // Below the last figures, which stay.
      area.Keep();
      (void)Print(stdout, "\n");
    }
    answer = session.Take(next);
  }
  return session.code();
}

int CtlInspect(CtlSession& session) {
  const CtlRequest& request = session.request();
  admin::JsonWriter json;
  json.Object();
  AddKeyRequest(json, request.key);
  if (request.value) json.Add("value", true);
  if (request.database) json.Add("db", *request.database);
  const auto report = session.Post("/keys/inspect", json.End().Take());
  return report ? session.Show(KeyLines(report->root(), session.terminal().out)) : session.code();
}

int CtlBypass(CtlSession& session) {
  const CtlRequest& request = session.request();
  std::optional<JsonDocument> answer;
  if (request.verb == CtlRequest::Verb::kBypass) {
    answer = session.Get("/bypass");
  } else {
    const bool on = request.verb == CtlRequest::Verb::kBypassOn;
    admin::JsonWriter json;
    json.Object().Add("active", on);
    if (on) json.Add("seconds", request.seconds);
    if (!request.policies.empty()) {
      json.Array("policies");
      for (const std::string& policy : request.policies) json.Value(policy);
      json.End();
    }
    answer = session.Post("/bypass", json.End().Take());
  }
  if (!answer) return session.code();
  const Style& style = session.terminal().out;
  const std::string now = admin::TimeText(
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  const TextTable::Cell text = BypassText(answer->root(), now, style);
  return session.Show({"bypass " + style.Paint(text.tone, text.shown)});
}

}  // namespace herdgate::app
