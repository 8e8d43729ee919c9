#include "sidecar/policy/request_judge.h"

#include <algorithm>
#include <functional>

#include "sidecar/command/keys.h"
#include "sidecar/policy/glob.h"
#include "sidecar/policy/keyless_judge.h"
#include "sidecar/policy/review.h"
#include "sidecar/policy/script_check.h"
#include "sidecar/policy/ttl_judge.h"

namespace herdgate::policy {
namespace {

using command::CommandFlag;
using command::CommandGroup;
using command::CommandSpec;

bool IsScriptText(const CommandSpec& spec) {
  return spec.name == "eval" || spec.name == "eval_ro";
}

// Shows or names keys of whatever version is in force.
bool ListsKeys(const CommandSpec& spec) {
  return spec.name == "keys" || spec.name == "scan" || spec.name == "randomkey" ||
         spec.command_class == command::CommandClass::kPubSub;
}

ReplyShape ShapeOf(const CommandSpec& spec) {
  constexpr std::string_view kFirstIsKey[] = {"blpop", "brpop",  "bzpopmin", "bzpopmax",
                                              "lmpop", "blmpop", "zmpop",    "bzmpop"};
  if (std::ranges::find(kFirstIsKey, spec.name) != std::end(kFirstIsKey)) return ReplyShape::kFirstIsKey;
  if (spec.name == "xread" || spec.name == "xreadgroup") return ReplyShape::kStreams;
  if (spec.group == CommandGroup::kScript || spec.name.starts_with('x')) return ReplyShape::kNamedKeys;
  return ReplyShape::kPlain;
}

// What must be known before a key may be renamed.
void CheckKey(const Review& review, const JudgedKey& key) {
  const Policy& policy = review.PolicyOf(key);
  const std::string_view name = review.args[key.argument];
  if (!policy.version.require.empty() && review.spec.flags.Has(CommandFlag::kWrite) && key.is_written() &&
      !review.snapshot->set().Permits(key.policy, name)) {
    review.Refuse(key.policy, Refusal::kRequire,
                  "policy '" + policy.name + "' refuses the key: it does not match 'require'");
  }
  const std::string_view prefix = review.snapshot->Prefix(key.policy);
  if (prefix.empty()) return;
  if (review.spec.name == "migrate") {
    review.Refuse(key.policy, Refusal::kCommand, "policy '" + policy.name + "' has versions: MIGRATE would lose them");
  }
  if (prefix.size() + name.size() > review.context.max_key_bytes && name.size() <= review.context.max_key_bytes) {
    review.Refuse(key.policy, Refusal::kKeyTooLong,
                  "policy '" + policy.name + "' makes a key longer than the upstream allows");
  }
}

void Rename(const Review& review) {
  const ReplyShape shape = ShapeOf(review.spec);
  for (const JudgedKey& key : review.keys) {
    const std::string_view prefix = review.snapshot->Prefix(key.policy);
    if (prefix.empty()) continue;
    const std::string_view name = review.args[key.argument];
    review.edits.Replace(key.argument, prefix, name);
    if (review.plan.rewritten_keys++ == 0) review.plan.rewritten_policy = key.policy;
    if (shape == ReplyShape::kPlain) continue;
    review.plan.reply.shape = shape;
    review.plan.reply.snapshot = review.snapshot;
    if (shape != ReplyShape::kFirstIsKey)
      review.plan.reply.keys.emplace_back(review.PhysicalName(key), std::string(name));
  }
}

}  // namespace

void RequestJudge::Judge(const SnapshotPtr& snapshot, const CommandSpec& spec, std::span<const std::string_view> args,
                         std::string_view raw, const JudgeContext& context, RequestPlan& plan) {
  plan.Clear();
  if (spec.is_unknown()) return;
  edits_.Clear();
  keys_.clear();
  const bool versions = snapshot->versions();
  if (spec.keys.empty()) {
    if (!versions) return;
    if (const std::size_t waiting = snapshot->first_waiting(); waiting != PolicySet::kNone && ListsKeys(spec)) {
      plan.action = RequestPlan::Action::kWait;
      plan.waiting_for = waiting;
      return;
    }
  } else if (!FindKeys(*snapshot, spec, args, plan)) {
    return;
  }
  const Review review{.snapshot = snapshot,
                      .spec = spec,
                      .args = args,
                      .raw = raw,
                      .context = context,
                      .keys = keys_,
                      .edits = edits_,
                      .plan = plan};
  if (spec.keys.empty()) {
    JudgeKeyless(review);
  } else {
    if (versions && spec.name.starts_with("sort")) JudgeSortPatterns(review);
    if (versions && IsScriptText(spec) && args.size() > 2) CheckScript(review);
    JudgeKeys(review);
  }
  if (review.refused()) {
    plan.follow_ups.clear();
    return;
  }
  if (edits_.empty()) return;
  plan.action = RequestPlan::Action::kRewrite;
  edits_.Build(args, raw, plan.raw);
}

// False if nothing is to be done, or nothing can be yet.
bool RequestJudge::FindKeys(const Snapshot& snapshot, const CommandSpec& spec, std::span<const std::string_view> args,
                            RequestPlan& plan) {
  bool waits = false;
  command::ForEachKey(spec, args, [&](std::size_t argument, command::KeyAccess access) {
    const std::size_t policy = snapshot.set().Match(args[argument]);
    if (policy == PolicySet::kNone || snapshot.set().at(policy).mode == Mode::kOff) return;
    keys_.push_back({.argument = argument, .access = access, .policy = policy});
    if (!waits && snapshot.IsWaiting(policy)) {
      waits = true;
      plan.action = RequestPlan::Action::kWait;
      plan.waiting_for = policy;
    }
  });
  if (waits) return false;
  // Without a judged key, patterns and scripts may still name keys.
  return !keys_.empty() || (snapshot.versions() && (spec.name.starts_with("sort") || IsScriptText(spec)));
}

void RequestJudge::JudgeKeys(const Review& review) {
  for (const JudgedKey& key : review.keys) CheckKey(review, key);
  if (review.refused()) return;
  if (review.snapshot->versions()) Rename(review);
  JudgeTtl(review);
}

namespace {

// The versioned policy whose keys a script that builds names may reach; kNone if there is no sign of one: no declared
// key is versioned, and the text holds no beginning of a versioned key's name.
std::size_t ReachedPolicy(const Review& review, std::string_view script) {
  for (const JudgedKey& key : review.keys) {
    if (!review.snapshot->Prefix(key.policy).empty()) return key.policy;
  }
  const PolicySet& set = review.snapshot->set();
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (review.snapshot->Prefix(i).empty()) continue;
    for (const std::string& glob : set.at(i).match) {
      if (script.find(LiteralPrefix(glob)) != std::string_view::npos) return i;
    }
  }
  return PolicySet::kNone;
}

}  // namespace

// A script is read once; apps send few.
void RequestJudge::CheckScript(const Review& review) {
  constexpr std::size_t kMostScripts = 1024;
  const std::string_view script = review.args[1];
  const std::size_t hash = std::hash<std::string_view>()(script);
  const auto known = scripts_.find(hash);
  const bool builds = known != scripts_.end() ? known->second : BuildsKeyNames(script);
  if (known == scripts_.end()) {
    if (scripts_.size() >= kMostScripts) scripts_.clear();
    scripts_.emplace(hash, builds);
  }
  if (!builds) return;
  const std::size_t policy = ReachedPolicy(review, script);
  if (policy == PolicySet::kNone) return;
  review.Refuse(
      policy, Refusal::kScript,
      "the script builds key names, which policy '" + review.snapshot->set().at(policy).name + "' can't rename");
}

}  // namespace herdgate::policy
