#include "sidecar/app/ctl/key_view.h"

#include "sidecar/admin/text_codec.h"
#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/figure_text.h"

namespace herdgate::app {
namespace {

std::optional<double> HitsOf(JsonView key) {
  const auto hits = static_cast<double>(key["hits"].Count());
  const double lookups = hits + static_cast<double>(key["misses"].Count());
  return lookups > 0 ? std::optional(hits / lookups) : std::nullopt;
}

std::string Milliseconds(JsonView span) {
  return SpanText(span.Number().value_or(0) / 1000);
}

std::string ExpiryText(JsonView ttl_ms) {
  return ttl_ms.exists() ? "in " + Milliseconds(ttl_ms) : "never";
}

// One line of it: strings only, and the first 4 KiB.
std::string ValueText(JsonView value, const Style& style) {
  const std::string data = value["data"].Text();
  const bool is_base64 = value["encoding"].Text() == "base64";
  const std::string bytes = is_base64 ? admin::FromBase64(data).value_or(data) : data;
  return style.Text(bytes) + (value["cut"].IsTrue() ? std::string(style.ellipsis()) : "");
}

std::string NearText(JsonView near, const Style& style) {
  const std::string state = near["state"].Text();
  if (state.empty() || state == "none") return "not there";
  std::string text = style.Text(near["state"]) + ", " + BytesText(near["bytes"].Whole());
  if (near["age_ms"].exists()) text += ", " + Milliseconds(near["age_ms"]) + " old";
  if (near["fresh_for_ms"].exists()) text += ", fresh for " + Milliseconds(near["fresh_for_ms"]);
  return text;
}

}  // namespace

std::vector<std::string> HotKeyLines(JsonView answer, std::size_t most, const Style& style) {
  TextTable table({{"LOOKUPS", true, false, 0},
                   {"HITS", true, false, 2},
                   {"COUNT", true, false, 3},
                   {"ERROR", true, false, 4},
                   {"POLICY", false, true, 1},
                   {"KEY", false, true, 0}});
  for (const JsonView key : answer["items"].Items()) {
    if (table.size() >= most) break;
    const std::uint64_t error = key["error"].Count();
    table.Add({RateText(key["per_second"].Number()),
               PercentText(HitsOf(key)),
               CountText(key["count"].Whole()),
               error > 0 ? "-" + CountText(error) : "0",
               key["policy"].exists() ? style.Text(key["policy"]) : "-",
               {Tone::kStrong, style.Key(key)}});
  }
  if (!table.empty()) return table.Lines(style);
  if (!answer["keys_counted"].IsTrue())
    return {"no policy counts its hot keys: one with near, coalesce or refresh does"};
  return {"no key was asked for in the last minutes"};
}

std::vector<std::string> KeyLines(JsonView report, const Style& style) {
  FactsList facts(style);
  const bool exists = report["exists"].IsTrue();
  facts.Add("key", {{Tone::kStrong, style.Key(report)}, exists ? style.Text(report["type"]) : "does not exist"});
  facts.Add("in redis", {style.Key(report["physical"]), "database " + CountText(report["db"].Whole())});
  const bool has_policy = report["policy"].exists();
  facts.Add("policy", {has_policy ? style.Text(report["policy"]) : "none",
                       report["mode"].exists() ? style.Text(report["mode"]) : "", style.Text(report["why"])});
  if (exists) {
    const std::string logical = ExpiryText(report["ttl_ms"]);
    const std::string physical = ExpiryText(report["physical_ttl_ms"]);
    facts.Add("expires", {logical, logical == physical ? "" : "in Redis " + physical});
    facts.Add("size", {BytesText(report["size_bytes"].Whole()),
                       report["length"].exists() ? "length " + CountText(report["length"].Whole()) : ""});
  }
  facts.Add("near", {NearText(report["near"], style)});
  facts.Add("traffic", {RateText(report["per_second"].Number()),
                        {Tone::kWarn, report["flight"].IsTrue() ? "somebody computes it or waits for it" : ""}});
  if (report["value"].exists()) {
    facts.Add("value", {BytesText(report["value"]["bytes"].Whole()), ValueText(report["value"], style)});
  }
  return facts.Take();
}

}  // namespace herdgate::app
