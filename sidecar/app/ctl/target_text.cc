#include "sidecar/app/ctl/target_text.h"

#include "sidecar/app/ctl/figure_text.h"

namespace herdgate::app {
namespace {

// The API has one member named like the kind, but for keys.
std::string NameIn(JsonView target, const Style& style) {
  const std::string kind = target["kind"].Text();
  if (kind != "key") return style.Text(target[kind]);
  const auto keys = target["keys"].Items();
  return keys.empty() ? "" : style.Key(keys.front());
}

std::string KeysText(JsonView target) {
  return PluralText(target["keys"].Items().size(), "key");
}

}  // namespace

std::string TargetText(JsonView target, const Style& style) {
  std::string kind = target["kind"].Text();
  if (kind == "everything") return kind;
  if (kind == "keys") return KeysText(target);
  return style.Text(target["kind"]) + " " + NameIn(target, style);
}

std::string JobTargetText(JsonView job, const Style& style) {
  const auto count = job["targets"].Whole();
  if (count && job["target"]["kind"].Text() == "keys") return PluralText(*count, "key");
  return TargetText(job["target"], style);
}

std::string HowText(JsonView target) {
  const std::string scope = target["scope"].Text();
  const std::string mode = target["mode"].Text() == "hard" ? "hard" : "soft";
  if (scope == "near") return mode + ", in this sidecar's near cache";
  return mode + (scope == "upstream" ? ", in Redis" : ", in Redis and near caches");
}

std::string ConfirmWord(JsonView target, const Style& style) {
  std::string kind = target["kind"].Text();
  if (kind == "everything") return kind;
  return kind == "keys" ? KeysText(target) : NameIn(target, style);
}

std::string ActText(JsonView preview) {
  const JsonView target = preview["target"];
  const auto estimated = preview["estimated"].Whole();
  std::string some = "all matching keys";
  if (estimated) some = (preview["exact"].IsTrue() ? "" : "about ") + PluralText(*estimated, "key");
  const std::string scope = target["scope"].Text();
  const std::string where = scope == "near" ? " in this near cache" : scope == "upstream" ? " in Redis" : "";
  if (preview["new_generation"].IsTrue()) return "Hide " + some + " behind a new generation";
  return target["mode"].Text() == "hard" ? "Delete " + some + where : "Mark " + some + " stale" + where;
}

}  // namespace herdgate::app
