// Jobs: the list, one of them, and what can be done with it.
#include <chrono>

#include "sidecar/app/ctl/ctl_commands.h"
#include "sidecar/app/ctl/job_view.h"

namespace herdgate::app {
namespace {

using Verb = CtlRequest::Verb;

std::chrono::milliseconds Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
}

int List(CtlSession& session) {
  const auto jobs = session.Get("/invalidations");
  return jobs ? session.Show(JobTable(jobs->root(), Now(), session.terminal().out)) : session.code();
}

int One(CtlSession& session, const std::optional<JsonDocument>& job) {
  return job ? session.Show(JobLines(job->root(), Now(), session.terminal().out)) : session.code();
}

// Lines of JSON as they come. A line at a time, so that no character is torn where it is made harmless.
int Report(CtlSession& session, const std::string& path) {
  std::string line;
  bool reads = true;
  const auto answer = session.client().Download(path + "/report.jsonl", [&](std::string_view piece) {
    line += piece;
    const std::size_t end = line.rfind('\n');
    if (end == std::string::npos) return line.size() <= AdminClient::kMostBytes;
    reads = Print(stdout, ShowJson(line.substr(0, end + 1)));
    line.erase(0, end + 1);
    return reads;
  });
  if (!reads) return kExitRuntime;
  if (!answer.ok() || !answer.value().ok()) {
    (void)session.Take(answer);
    return session.code();
  }
  return Print(stdout, ShowJson(line)) ? kExitOk : kExitRuntime;
}

}  // namespace

int CtlJobs(CtlSession& session) {
  const std::string& id = session.request().job;
  const std::string path = "/invalidations/" + id;
  switch (session.request().verb) {
    case Verb::kJob:
      return One(session, session.Get(path));
    case Verb::kPause:
      return One(session, session.Post(path + "/pause", ""));
    case Verb::kResume:
      return One(session, session.Post(path + "/resume", ""));
    case Verb::kCancel:
      return One(session, session.Post(path + "/cancel", ""));
    case Verb::kFollow: {
      Interrupt interrupt;
      return FollowJob(session, id, interrupt);
    }
    case Verb::kReport:
      return Report(session, path);
    default:
      return List(session);
  }
}

}  // namespace herdgate::app
