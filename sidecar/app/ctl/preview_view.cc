#include "sidecar/app/ctl/preview_view.h"

#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/figure_text.h"
#include "sidecar/app/ctl/job_view.h"
#include "sidecar/app/ctl/target_text.h"

namespace herdgate::app {
namespace {

using Cell = TextTable::Cell;

constexpr std::size_t kMostHottest = 5;
constexpr std::size_t kMostSample = 8;
// From here on an origin notices.
constexpr double kMuch = 100;

std::string OriginText(JsonView preview) {
  const auto load = preview["origin_per_second"].Number();
  if (!load) return "not known";
  const bool hard = preview["target"]["mode"].Text() == "hard";
  const std::string spread = hard ? " for a while, estimated from their hits" : ", spread out as they are refreshed";
  return "+ " + RateText(load) + spread;
}

// Keys of no policy are among them more often than one thinks.
void AddPolicies(FactsList& facts, JsonView preview, const Style& style) {
  constexpr std::size_t kMost = 8;
  const JsonView policies = preview["by_policy"];
  std::vector<Cell> pieces;
  for (const std::string& name : policies.Names()) {
    if (pieces.size() >= kMost) break;
    const bool none = name == "(none)";
    pieces.emplace_back(none ? Tone::kWarn : Tone::kPlain,
                        (none ? "of no policy" : style.Text(name)) + " " + CountText(policies[name].Whole()));
  }
  const std::uint64_t hidden = preview["hidden"].Count();
  if (hidden > 0) pieces.emplace_back(PluralText(hidden, "key") + " of other versions stay");
  facts.Add("policies", pieces);
}

void AddTables(std::vector<std::string>& lines, JsonView preview, const Style& style) {
  TextTable hottest({{"HOTTEST", true, false, 0}, {"", false, true, 0}});
  for (const JsonView key : preview["hottest"].Items()) {
    hottest.Add({RateText(key["per_second"].Number()), {Tone::kStrong, style.Key(key)}});
    if (hottest.size() >= kMostHottest) break;
  }
  TextTable sample({{"SOME OF THEM", false, true, 0}, {"SIZE", true, false, 1}, {"EXPIRES IN", true, false, 2}});
  for (const JsonView key : preview["sample"].Items()) {
    const auto ttl = key["ttl_ms"].Number();
    sample.Add({style.Key(key), BytesText(key["bytes"].Whole()), ttl ? SpanText(*ttl / 1000) : "never"});
    if (sample.size() >= kMostSample) break;
  }
  for (const TextTable* const table : {&hottest, &sample}) {
    if (table->empty()) continue;
    lines.emplace_back();
    for (std::string& line : table->Lines(style)) lines.push_back(std::move(line));
  }
}

}  // namespace

std::vector<std::string> PreviewLines(JsonView preview, const Style& style) {
  FactsList facts(style);
  const JsonView target = preview["target"];
  const bool exact = preview["exact"].IsTrue();
  facts.Add("what", {{Tone::kStrong, TargetText(target, style)}, HowText(target)});
  const auto estimated = preview["estimated"].Whole();
  const std::string count = estimated ? (exact ? "" : "about ") + CountText(*estimated) : "not known";
  facts.Add("keys",
            {Cell(Tone::kStrong, count), Cell(exact ? "exact" : CountText(preview["matched"].Whole()) + " seen")});
  if (preview["bytes"].exists()) facts.Add("memory", {"about " + BytesText(preview["bytes"].Whole())});
  AddPolicies(facts, preview, style);
  const bool much = preview["origin_per_second"].Number().value_or(0) > kMuch;
  const double busy = preview["origin_busy_seconds"].Number().value_or(0);
  facts.Add("origin", {Cell(much ? Tone::kWarn : Tone::kPlain, OriginText(preview)),
                       Cell(busy > 0 ? SpanText(busy) + " of computing" : "")});
  if (preview["new_generation"].IsTrue()) {
    facts.Add("note", {Cell("a new generation hides all keys of the policy at once")});
  }
  if (preview["target"]["kind"].Text() == "tag" && preview["target"]["mode"].Text() == "hard") {
    facts.Add("note", {Cell("keys tagged by rules are hidden at once, those tagged by apps are deleted one by one")});
  }
  std::vector<std::string> lines = facts.Take();
  AddTables(lines, preview, style);
  return lines;
}

std::string CountingLine(JsonView preview, const Style& style) {
  const auto total = preview["total"].Number().value_or(0);
  const double scanned = preview["scanned"].Number().value_or(0);
  std::string text = "counting: " + CountText(preview["matched"].Whole()) + " found";
  if (total <= 0) return text;
  const std::string bar = BarText(scanned / total, 16, style) + "  ";
  const std::string whole = ", " + CountText(preview["scanned"].Whole()) + " of " + CountText(preview["total"].Whole());
  text = bar + text + whole + " looked at";
  return CutEnd(text, style.width - 1);
}

Question QuestionOf(JsonView preview, const Style& style) {
  const std::string act = ActText(preview);
  const std::string confirm = preview["confirm"].Text();
  if (confirm == "none") return {};
  if (confirm == "button") return {act + "? [y/N] ", "", ""};
  const JsonView target = preview["target"];
  const std::string word = ConfirmWord(target, style);
  return {act + ". Type " + style.Paint(Tone::kStrong, word) + " to confirm: ", word,
          target[target["kind"].Text()].Text()};
}

bool IsYes(const Question& question, const std::string& typed) {
  if (question.text.empty()) return true;
  if (question.word.empty()) return typed == "y" || typed == "Y" || typed == "yes";
  return typed == question.word || (!question.other_word.empty() && typed == question.other_word);
}

}  // namespace herdgate::app
