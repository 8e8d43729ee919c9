#include "sidecar/app/ctl/job_view.h"

#include <algorithm>
#include <cmath>

#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/figure_text.h"
#include "sidecar/app/ctl/target_text.h"
#include "sidecar/app/ctl/time_text.h"

namespace herdgate::app {
namespace {

using Cell = TextTable::Cell;

std::string StateOf(JsonView job) {
  return job["state"].Text();
}

Tone ToneOf(JsonView job) {
  const std::string state = StateOf(job);
  if (state == "done" || state == "running") return Tone::kGood;
  return state == "failed" ? Tone::kBad : state == "queued" ? Tone::kPlain : Tone::kWarn;
}

std::string DoneText(JsonView job) {
  const bool hard = job["target"]["mode"].Text() == "hard";
  return PluralText(job["done"].Count(), "key") + (hard ? " deleted" : " marked stale");
}

// Sent on a connection that broke, and again: what the first did is in nobody's count.
std::string UnsureText(JsonView job) {
  return job["failed"].Count() > 0 ? CountText(job["failed"].Whole()) + " sent twice" : "";
}

// By how long the part before took.
std::optional<double> SecondsLeft(JsonView job) {
  const std::optional<double> share = ProgressOf(job);
  const double seconds = job["seconds"].Number().value_or(0);
  if (StateOf(job) != "running" || !share || *share < 0.01 || seconds < 1) return std::nullopt;
  return std::ceil(seconds * (1 - *share) / *share);
}

std::string LeftText(const std::optional<double>& seconds) {
  return seconds ? SpanText(seconds) + " left" : "";
}

// Why it does not run, or why it ended.
std::string ReasonOf(JsonView job, const Style& style) {
  for (const char* const member : {"error", "reason"}) {
    if (job[member].exists()) return style.Text(job[member]);
  }
  return job["waiting_for"].exists() ? "waits for " + style.Text(job["waiting_for"]) : "";
}

}  // namespace

bool HasEnded(JsonView job) {
  const std::string state = StateOf(job);
  return state == "done" || state == "failed" || state == "cancelled";
}

std::optional<double> ProgressOf(JsonView job) {
  if (StateOf(job) == "done") return 1;
  if (job["progress"].exists()) return std::clamp(job["progress"].Number().value_or(0), 0.0, 1.0);
  const auto total = job["total"].Number().value_or(0);
  if (total <= 0) return std::nullopt;
  return std::clamp(job["scanned"].Number().value_or(0) / total, 0.0, 1.0);
}

std::string BarText(double share, std::size_t columns, const Style& style) {
  if (columns < 3) return "";
  const std::size_t inner = columns - 2;
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(inner));
  std::string text = "[";
  for (std::size_t i = 0; i < inner; ++i) {
    text += i < filled ? (style.utf8() ? "\u2588" : "#") : (style.utf8() ? "\u2591" : "-");
  }
  return text + "]";
}

std::string ProgressLine(JsonView job, const Pace& pace, const Style& style) {
  const std::optional<double> share = ProgressOf(job);
  const std::string state = StateOf(job);
  const bool moves = state == "running" && !job["waiting_for"].exists();
  std::vector<std::string> parts = {share ? std::to_string(static_cast<int>(*share * 100)) + " %" : ""};
  if (!moves) parts.push_back(job["waiting_for"].exists() ? ReasonOf(job, style) : style.Text(job["state"]));
  if (moves) parts.push_back(LeftText(pace.seconds_left ? pace.seconds_left : SecondsLeft(job)));
  parts.push_back(CountText(job["done"].Whole()) + " done");
  const std::optional<double> rate = pace.per_second ? pace.per_second : job["per_second"].Number();
  if (moves && rate > 0) parts.push_back(RateText(rate));
  // The last column stays free: some terminals wrap when it is written.
  const std::size_t room = style.width - 1;
  constexpr std::size_t kLeastBar = 8;
  std::string text;
  for (const std::string& part : parts) {
    const bool fits = Columns(text) + 2 + Columns(part) + (share ? kLeastBar : 0) <= room;
    if (!part.empty() && fits) text += "  " + part;
  }
  const std::size_t bar = share ? std::min<std::size_t>(32, room - std::min(room, Columns(text))) : 0;
  if (bar < kLeastBar) return text.empty() ? "" : text.substr(2);
  return style.Paint(moves ? Tone::kGood : Tone::kWarn, BarText(*share, bar, style)) + text;
}

std::string SummaryLine(JsonView job, const Style& style) {
  std::string text = style.Paint(ToneOf(job), style.Text(job["state"])) + ": ";
  const auto generation = job["generation"].Whole();
  const double seconds = job["seconds"].Number().value_or(0);
  if (generation) {
    text += "generation " + std::to_string(*generation) + " hides all keys of " + JobTargetText(job, style);
  } else {
    text += DoneText(job) + " in " + SpanText(seconds);
    if (seconds >= 1) text += " (" + RateText(static_cast<double>(job["done"].Count()) / seconds) + ")";
    if (job["scanned"].Count() > 0) text += ", " + CountText(job["scanned"].Whole()) + " looked at";
  }
  if (const std::uint64_t policies = job["bumped"].Count(); policies > 0) {
    text += ", keys tagged by rules hidden in " + std::to_string(policies) + (policies == 1 ? " policy" : " policies");
  }
  if (!UnsureText(job).empty()) text += ", " + style.Paint(Tone::kWarn, UnsureText(job));
  if (!ReasonOf(job, style).empty()) text += "; " + ReasonOf(job, style);
  return text + "; job " + style.Text(job["id"]);
}

std::vector<std::string> JobLines(JsonView job, std::chrono::milliseconds now, const Style& style) {
  FactsList facts(style);
  facts.Add("job",
            {{Tone::kStrong, style.Text(job["id"])}, {ToneOf(job), style.Text(job["state"])}, ReasonOf(job, style)});
  facts.Add("what", {JobTargetText(job, style), HowText(job["target"])});
  facts.Add("keys", {DoneText(job),
                     CountText(job["matched"].Whole()) + " matched",
                     CountText(job["scanned"].Whole()) + " looked at" +
                         (job["total"].exists() ? " of " + CountText(job["total"].Whole()) : ""),
                     {Tone::kWarn, UnsureText(job)}});
  facts.Add("pace", {HasEnded(job) ? "" : RateText(job["per_second"].Number()),
                     job["rate"].exists() ? "at most " + RateText(job["rate"].Number()) : "as Redis' latency allows",
                     "worked for " + SpanText(job["seconds"].Number()), LeftText(SecondsLeft(job))});
  if (job["generation"].exists()) facts.Add("generation", {std::to_string(job["generation"].Count())});
  facts.Add("begun", {FromNow(job["created"].Text(), now), "by " + style.Text(job["by"]),
                      job["finished"].exists() ? "ended " + FromNow(job["finished"].Text(), now) : ""});
  std::vector<std::string> lines = facts.Take();
  if (!HasEnded(job)) lines.push_back(ProgressLine(job, {}, style));
  return lines;
}

std::vector<std::string> JobTable(JsonView jobs, std::chrono::milliseconds now, const Style& style) {
  TextTable table({{"JOB", false, false, 0},
                   {"STATE", false, false, 0},
                   {"PROGRESS", true, false, 1},
                   {"DONE", true, false, 2},
                   {"BEGUN", false, false, 3},
                   {"BY", false, true, 4},
                   {"HOW", false, false, 5},
                   {"WHAT", false, true, 0}});
  for (const JsonView job : jobs["items"].Items()) {
    table.Add({{Tone::kStrong, style.Text(job["id"])},
               {ToneOf(job), style.Text(job["state"])},
               PercentText(ProgressOf(job)),
               CountText(job["done"].Whole()),
               FromNow(job["created"].Text(), now),
               style.Text(job["by"]),
               style.Text(job["target"]["mode"]) + "/" + style.Text(job["target"]["scope"]),
               JobTargetText(job, style)});
  }
  if (table.empty()) return {"nothing has been invalidated since this sidecar started"};
  return table.Lines(style);
}

}  // namespace herdgate::app
