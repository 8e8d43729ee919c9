// Preview, question, job.
#include <algorithm>
#include <chrono>
#include <thread>

#include "sidecar/admin/json_writer.h"
#include "sidecar/admin/text_codec.h"
#include "sidecar/app/ctl/ctl_commands.h"
#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/job_view.h"
#include "sidecar/app/ctl/key_json.h"
#include "sidecar/app/ctl/pace_meter.h"
#include "sidecar/app/ctl/preview_view.h"
#include "sidecar/app/ctl/target_text.h"

namespace herdgate::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{250};
// Somebody who reads a file of output wants to know that it goes on.
constexpr int kLooksPerLine = 40;
// A sidecar that is restarted or has much to do may not answer for a moment.
constexpr int kMostSilentLooks = 3;
constexpr int kMostBeginnings = 3;
constexpr milliseconds kSilence{1000};

std::string BodyOf(const CtlRequest& request) {
  admin::JsonWriter json;
  json.Object().Add("kind", request.kind);
  if (request.kind == "key" || request.kind == "keys") {
    json.Array("keys");
    for (const std::string& key : request.targets) {
      json.Object();
      AddKeyRequest(json, key);
      json.End();
    }
    json.End();
  } else if (!request.targets.empty()) {
    json.Add(request.kind, request.targets.front());
  }
  json.Add("mode", request.hard ? "hard" : "soft").Add("scope", request.scope);
  return json.End().Take();
}

// Asks for a preview until it has counted. Ctrl-C ends ctl as ever: nothing has been changed.
std::optional<JsonDocument> PreviewOf(CtlSession& session) {
  std::optional<JsonDocument> preview = session.Post("/invalidations/preview", BodyOf(session.request()));
  LiveArea area(stderr, session.terminal().draws);
  while (preview && preview->root()["state"].Text() == "running") {
    area.Draw({CountingLine(preview->root(), session.terminal().err)});
    std::this_thread::sleep_for(kLook);
    const auto answer = session.client().Get("/invalidations/preview/" + preview->root()["token"].Text());
    if (!answer.ok() || !answer.value().ok()) area.Clear();
    preview = session.Take(answer);
  }
  if (preview && preview->root()["state"].Text() == "failed") {
    area.Clear();
    session.Fail(kExitRuntime, "the preview failed: " + session.terminal().err.Text(preview->root()["error"]));
    return std::nullopt;
  }
  return preview;
}

// A policy without generations would be deleted key by key, which is not what bump says.
bool HasGenerations(CtlSession& session) {
  const std::string& policy = session.request().targets.front();
  const std::optional<JsonDocument> facts = session.Get("/policies/" + policy);
  if (!facts) return false;
  if (facts->root()["generation"].IsTrue()) return true;
  session.Fail(kExitRuntime, "policy " + policy + " has no generations; herdgate ctl invalidate policy " + policy +
                                 " does it key by key");
  return false;
}

// False: the person said no.
bool Confirmed(const CtlSession& session, JsonView preview) {
  const Question question = QuestionOf(preview, session.terminal().out);
  if (session.request().yes || question.text.empty()) return true;
  (void)Print(stdout, "\n" + question.text);
  const std::optional<std::string> typed = ReadLine();
  if (!typed) (void)Print(stdout, "\n");
  return typed && IsYes(question, *typed);
}

// The same key makes a question that is asked again, because its answer was lost, the same job. Ctrl-C ends the asking.
std::optional<JsonDocument> Begin(CtlSession& session, const std::string& preview_token, Interrupt& interrupt) {
  const std::optional<std::string> key = admin::RandomToken();
  if (!key) {
    session.Fail(kExitRuntime, "the system gives no randomness");
    return std::nullopt;
  }
  admin::JsonWriter json;
  json.Object().Add("preview_token", preview_token);
  if (session.request().rate) json.Add("rate", *session.request().rate);
  const std::string body = json.End().Take();
  for (int asked = 1;; ++asked) {
    const base::Result<AdminAnswer> answer = session.client().Post("/invalidations", body, *key);
    if (answer.ok()) return session.Take(answer);
    const bool interrupted = asked < kMostBeginnings && interrupt.Within(kSilence);
    if (!interrupted && asked < kMostBeginnings) continue;
    session.Fail(interrupted ? kExitInterrupted : kExitUnreachable,
                 session.terminal().err.Text(answer.status().message()) +
                     "; the job may have begun all the same: herdgate ctl jobs shows it");
    return std::nullopt;
  }
}

// Whoever asks later may hear more: nobody answered, or who did has no time.
bool IsSilence(const base::Result<AdminAnswer>& answer) {
  return !answer.ok() || answer.value().status == 503 || answer.value().status == 429;
}

std::string HowToGoOn(const std::string& id) {
  return "the job goes on: herdgate ctl jobs follow " + id + ", or pause, resume or cancel instead of follow";
}

int ShowEnd(CtlSession& session, JsonView job) {
  const bool good = job["state"].Text() == "done";
  const int shown = session.Show({SummaryLine(job, session.terminal().out)});
  return good ? shown : kExitRuntime;
}

// Draws the job on a terminal; elsewhere a line now and then.
class JobWatch {
 public:
  explicit JobWatch(const CtlSession& session)
      : style_(session.terminal().err),
        draws_(session.terminal().draws && !session.request().json),
        area_(stderr, draws_) {}

  void See(JsonView job) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    if (job["state"].Text() != "running") meter_.Forget();
    meter_.Add(std::chrono::duration_cast<milliseconds>(now), job["done"].Count(), ProgressOf(job));
    // Windows are drawn larger and smaller.
    if (const auto size = draws_ ? SizeOf(fileno(stderr)) : std::nullopt) {
      style_.width = std::max(size->columns, Style::kLeastWidth);
    }
    const std::string line = ProgressLine(job, meter_.Get(), style_);
    area_.Draw({line});
    if (!draws_ && ++looks_ % kLooksPerLine == 0) (void)Print(stderr, line + "\n");
  }
  void Clear() { area_.Clear(); }
  void Leave() {
    area_.Keep();
    if (draws_) (void)Print(stderr, "\n");
  }

 private:
  Style style_;
  const bool draws_;
  LiveArea area_;
  PaceMeter meter_;
  int looks_ = 0;
};

}  // namespace

int CtlInvalidate(CtlSession& session) {
  const CtlRequest& request = session.request();
  const bool asks = !request.yes && !request.preview;
  if (asks && request.json)
    return session.Fail(kExitUsage, "--json asks nothing: add --yes, or --preview to look only");
  if (asks && !session.terminal().CanAsk()) {
    return session.Fail(kExitUsage, "there is no terminal to ask on: add --yes, or --preview to look only");
  }
  if (request.verb == CtlRequest::Verb::kBump && !HasGenerations(session)) return session.code();
  const std::optional<JsonDocument> preview = PreviewOf(session);
  if (!preview) return session.code();
  if (request.preview) return session.Show(PreviewLines(preview->root(), session.terminal().out));
  if (!request.json) (void)session.Show(PreviewLines(preview->root(), session.terminal().out));
  if (!Confirmed(session, preview->root())) return session.Fail(kExitRuntime, "not confirmed; nothing was changed");
  Interrupt interrupt;
  const std::optional<JsonDocument> job = Begin(session, preview->root()["token"].Text(), interrupt);
  if (!job) return session.code();
  const std::string id = session.terminal().err.Text(job->root()["id"]);
  if (request.detach) return session.Show({id});
  return FollowJob(session, id, interrupt);
}

int FollowJob(CtlSession& session, const std::string& id, Interrupt& interrupt) {
  JobWatch watch(session);
  int silent = 0;
  for (;;) {
    const auto answer = session.client().Get("/invalidations/" + id);
    const bool waits = IsSilence(answer) && ++silent <= kMostSilentLooks;
    if (!waits) {
      if (!answer.ok() || !answer.value().ok()) watch.Clear();
      const std::optional<JsonDocument> job = session.Take(answer);
      if (!job) return session.code();
      silent = 0;
      if (HasEnded(job->root())) {
        watch.Clear();
        return ShowEnd(session, job->root());
      }
      watch.See(job->root());
    }
    if (!interrupt.Within(waits ? kSilence : kLook)) continue;
    watch.Leave();
    return session.Fail(kExitInterrupted, HowToGoOn(id));
  }
}

}  // namespace herdgate::app
