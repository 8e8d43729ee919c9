#include "sidecar/app/ctl/status_view.h"

#include <chrono>

#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/figure_text.h"
#include "sidecar/app/ctl/job_view.h"
#include "sidecar/app/ctl/target_text.h"
#include "sidecar/app/ctl/time_text.h"

namespace herdgate::app {
namespace {

using Cell = TextTable::Cell;

// As on the dashboards: lookups that made no app compute.
std::optional<double> Offload(JsonView outcomes, double lookups) {
  if (lookups <= 0) return std::nullopt;
  double misses = 0;
  for (const char* const name : {"miss", "synthetic_miss", "plain_miss", "timeout_miss"}) {
    misses += outcomes[name].Number().value_or(0);
  }
  return 1 - misses / lookups;
}

// Of the last seconds if there were lookups in them, else since the start.
struct Figures {
  Figures(JsonView rates, JsonView totals) {
    recent = rates["lookups"].Number().value_or(0) > 0;
    const JsonView from = recent ? rates : totals;
    hit_ratio = from["hit_ratio"].Number();
    offload = Offload(from["outcomes"], from["lookups"].Number().value_or(0));
    if (rates.exists()) per_second = rates["lookups"].Number();
  }
  bool recent = false;
  std::optional<double> per_second;
  std::optional<double> hit_ratio;
  std::optional<double> offload;
};

void AddUpstream(FactsList& facts, JsonView upstream, const Style& style) {
  const bool connected = upstream["connected"].IsTrue();
  const std::string span = SpanText(upstream["for_seconds"].Number());
  const std::string breaker = upstream["breaker"]["state"].Text();
  const std::uint64_t remembered = upstream["remembered_deletes"].Count();
  facts.Add("upstream",
            {style.Text(upstream["url"]),
             connected ? Cell(Tone::kGood, "connected for " + span) : Cell(Tone::kBad, "NOT CONNECTED for " + span),
             {breaker == "closed" ? Tone::kPlain : Tone::kBad, "breaker " + style.Text(upstream["breaker"]["state"])},
             {Tone::kBad, style.Text(upstream["error"])},
             {Tone::kWarn, remembered > 0 ? PluralText(remembered, "remembered delete") : ""}});
}

void AddTraffic(FactsList& facts, JsonView snapshot) {
  const JsonView totals = snapshot["totals"];
  const Figures figures(snapshot["rates"], totals);
  facts.Add("lookups", {figures.per_second ? RateText(figures.per_second) : "",
                        {Tone::kStrong, "hit ratio " + PercentText(figures.hit_ratio)},
                        {Tone::kStrong, "offload " + PercentText(figures.offload)},
                        {Tone::kFaint, figures.recent ? "in the last seconds" : "since the start"},
                        CountText(totals["lookups"].Whole()) + " in all"});
  const JsonView latency = snapshot["latency"];
  if (latency.exists()) {
    facts.Add("latency",
              {"p50 " + SpanText(latency["p50_seconds"].Number()), "p99 " + SpanText(latency["p99_seconds"].Number()),
               "p99.9 " + SpanText(latency["p999_seconds"].Number())});
  }
  const JsonView stampedes = snapshot["stampedes"];
  const double saved = stampedes["seconds_avoided"].Number().value_or(0);
  facts.Add("stampedes",
            {CountText(stampedes["avoided"].Whole()) + " recomputes saved",
             saved > 0 ? SpanText(saved) + " of computing" : "", PluralText(stampedes["events"].Count(), "stampede"),
             "now " + PluralText(stampedes["leaders"].Count(), "leader") + ", " +
                 PluralText(stampedes["waiters"].Count(), "waiter")});
}

void AddParts(FactsList& facts, JsonView snapshot, const Style& style) {
  const JsonView near = snapshot["near"];
  facts.Add("near", {style.Text(near["mode"]), near["mode"].Text() == "off"
                                                   ? ""
                                                   : BytesText(near["bytes"].Whole()) + " of " +
                                                         BytesText(near["max_bytes"].Whole()) + ", " +
                                                         CountText(near["entries"].Whole()) + " entries"});
  const JsonView sessions = snapshot["sessions"];
  const std::uint64_t rejected = sessions["rejected"].Count();
  facts.Add("sessions", {CountText(sessions["open"].Whole()) + " of " + CountText(sessions["max"].Whole()),
                         {Tone::kWarn, rejected > 0 ? CountText(rejected) + " rejected since the start" : ""}});
  facts.Add("bypass", {BypassText(snapshot["bypass"], snapshot["time"].Text(), style)});
}

void AddJobs(FactsList& facts, JsonView jobs, const Style& style) {
  if (!jobs.exists()) return;
  std::vector<Cell> pieces;
  for (const JsonView job : jobs["items"].Items()) {
    if (HasEnded(job) || pieces.size() >= 5) continue;
    pieces.emplace_back(Tone::kWarn, style.Text(job["id"]) + " " + style.Text(job["state"]) + " " +
                                         PercentText(ProgressOf(job)) + " (" + JobTargetText(job, style) + ")");
  }
  if (pieces.empty()) pieces.emplace_back("none running");
  facts.Add("jobs", pieces);
}

void AddConfig(FactsList& facts, JsonView snapshot, const Style& style) {
  const JsonView config = snapshot["config"];
  const std::uint64_t pending = config["pending_restart"].Count();
  const bool good = config["last_reload_ok"].IsTrue();
  facts.Add("config",
            {style.Text(config["hash"].Text().substr(0, 12)),
             good ? Cell("last reload ok") : Cell(Tone::kBad, "LAST RELOAD REFUSED, the one before is in force"),
             {Tone::kWarn, pending > 0 ? PluralText(pending, "option") + " waiting for a restart" : ""}});
  const JsonView caller = snapshot["caller"];
  std::string scopes;
  for (const JsonView scope : caller["scopes"].Items()) scopes += (scopes.empty() ? "" : " ") + style.Text(scope);
  facts.Add("you", {caller["name"].exists() ? style.Text(caller["name"]) : "without a token", "may " + scopes});
}

std::vector<std::string> PolicyLines(JsonView snapshot, const Style& style) {
  TextTable table({{"POLICY", false, true, 0},
                   {"MODE", false, false, 3},
                   {"LOOKUPS", true, false, 2},
                   {"HIT", true, false, 0},
                   {"OFFLOAD", true, false, 1},
                   {"LEARNED", false, false, 5},
                   {"FLIGHTS", true, false, 4}});
  for (const JsonView policy : snapshot["policies"].Items()) {
    const Figures figures(policy["rates"], policy["counters"]);
    const bool off = policy["mode"].Text() != "enforce";
    table.Add({{Tone::kStrong, style.Text(policy["name"])},
               {off ? Tone::kWarn : Tone::kPlain, style.Text(policy["mode"])},
               figures.recent ? RateText(figures.per_second) : CountText(policy["counters"]["lookups"].Whole()),
               PercentText(figures.hit_ratio),
               PercentText(figures.offload),
               policy["learning"].exists() ? style.Text(policy["learning"]) : "-",
               CountText(policy["flights"].Whole())});
  }
  if (table.empty()) return {"no policy is configured: all commands pass unchanged"};
  return table.Lines(style);
}

}  // namespace

TextTable::Cell BypassText(JsonView bypass, const std::string& now, const Style& style) {
  if (!bypass["active"].IsTrue()) return {"off"};
  std::string policies;
  for (const JsonView policy : bypass["policies"].Items())
    policies += (policies.empty() ? "" : ", ") + style.Text(policy);
  std::string text = "ON for " + (policies.empty() ? "all policies" : policies);
  const auto at = ParseTime(now);
  const std::string end = at ? FromNow(bypass["until"].Text(), *at) : "";
  if (!end.empty()) text += ", ends " + end;
  if (bypass["by"].exists()) text += ", by " + style.Text(bypass["by"]);
  return {Tone::kWarn, text};
}

std::vector<std::string> StatusLines(JsonView snapshot, JsonView jobs, const std::string& url, const Style& style) {
  FactsList facts(style);
  const bool ready = snapshot["ready"].IsTrue();
  const bool draining = snapshot["draining"].IsTrue();
  const Cell state = draining ? Cell(Tone::kWarn, "DRAINING")
                     : ready  ? Cell(Tone::kGood, "ready")
                              : Cell(Tone::kBad, "NOT READY");
  facts.Add("herdgate", {state, style.Text(url), style.Text(snapshot["version"]),
                         "up " + SpanText(snapshot["uptime_seconds"].Number())});
  AddUpstream(facts, snapshot["upstream"], style);
  AddTraffic(facts, snapshot);
  AddParts(facts, snapshot, style);
  AddJobs(facts, jobs, style);
  AddConfig(facts, snapshot, style);
  std::vector<std::string> lines = facts.Take();
  lines.emplace_back();
  for (std::string& line : PolicyLines(snapshot, style)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace herdgate::app
