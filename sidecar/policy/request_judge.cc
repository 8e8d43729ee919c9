#include "sidecar/policy/request_judge.h"

#include <algorithm>
#include <functional>

#include "sidecar/command/keys.h"
#include "sidecar/command/table.h"
#include "sidecar/policy/expiry_options.h"
#include "sidecar/policy/glob.h"
#include "sidecar/policy/keyless_judge.h"
#include "sidecar/policy/review.h"
#include "sidecar/policy/script_check.h"
#include "sidecar/policy/ttl_judge.h"

namespace herdgate::policy {
namespace {

using command::CommandClass;
using command::CommandFlag;
using command::CommandGroup;
using command::CommandSpec;

bool IsScriptText(const CommandSpec& spec) {
  return spec.name == "eval" || spec.name == "eval_ro";
}

bool IsSort(const CommandSpec& spec) {
  return spec.name == "sort" || spec.name == "sort_ro";
}

ReplyShape ShapeByName(const CommandSpec& spec) {
  constexpr std::string_view kFirstIsKey[] = {"blpop", "brpop",  "bzpopmin", "bzpopmax",
                                              "lmpop", "blmpop", "zmpop",    "bzmpop"};
  if (std::ranges::find(kFirstIsKey, spec.name) != std::end(kFirstIsKey)) return ReplyShape::kFirstIsKey;
  if (spec.name == "xread" || spec.name == "xreadgroup") return ReplyShape::kStreams;
  if (spec.group == CommandGroup::kScript || spec.name.starts_with('x')) return ReplyShape::kNamedKeys;
  return ReplyShape::kPlain;
}

// By the id of the command, which every table shares.
ReplyShape ShapeOf(const CommandSpec& spec) {
  static const std::vector<ReplyShape> shapes = [] {
    std::vector<ReplyShape> by_id;
    for (const CommandSpec& known : command::BuiltIn().specs()) by_id.push_back(ShapeByName(known));
    return by_id;
  }();
  return spec.id < shapes.size() ? shapes[spec.id] : ShapeByName(spec);
}

// Whether the policy gives keys a version, or in audit mode would.
bool HasVersion(const Policy& policy) {
  return policy.mode != Mode::kOff && policy.version.any();
}

// Whether a command all of whose keys are a cache's may be answered in the upstream's place.
bool MayDegrade(const CommandSpec& spec, std::span<const std::string_view> args) {
  if (spec.group == CommandGroup::kScript || command::MayBlock(spec, args)) return false;
  const CommandClass carried = spec.command_class;
  if (carried != CommandClass::kShared && carried != CommandClass::kSlow && carried != CommandClass::kMaybeBlocking) {
    return false;
  }
  if (IsSort(spec)) {  // BY and GET name keys by patterns
    return std::ranges::none_of(args.subspan(std::min<std::size_t>(args.size(), 2)),
                                [](std::string_view word) { return IsWord(word, "BY") || IsWord(word, "GET"); });
  }
  return std::ranges::none_of(spec.keys, [](const command::KeySpec& keys) {
    return keys.incomplete || keys.begin == command::KeySpec::Begin::kUnknown ||
           keys.find == command::KeySpec::Find::kUnknown;
  });
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
  if (!HasVersion(policy)) return;
  if (review.spec.name == "migrate") {
    review.Refuse(key.policy, Refusal::kCommand, "policy '" + policy.name + "' has versions: MIGRATE would lose them");
  }
  const std::size_t prefix =
      review.IsEnforced(key) ? key.prefix.size() : VersionPrefix(policy.version.schema, 0).size();
  if (prefix + name.size() > review.context.max_key_bytes && name.size() <= review.context.max_key_bytes) {
    review.Refuse(key.policy, Refusal::kKeyTooLong,
                  "policy '" + policy.name + "' makes a key longer than the upstream allows");
  }
}

void CountRewrite(RequestPlan& plan, std::size_t policy) {
  const auto known = std::ranges::find(plan.rewrites, policy, &RequestPlan::Rewrites::policy);
  if (known != plan.rewrites.end()) {
    ++known->keys;
  } else {
    plan.rewrites.push_back({.policy = policy, .keys = 1});
  }
}

void Rename(const Review& review) {
  // A command that the upstream lacks is renamed all the same, as the upstream may have changed since it was asked; the
  // error quotes its arguments.
  const ReplyShape shape = review.spec.absent ? ReplyShape::kNamedKeys : ShapeOf(review.spec);
  for (const JudgedKey& key : review.keys) {
    if (HasVersion(review.PolicyOf(key))) CountRewrite(review.plan, key.policy);
    const std::string_view prefix = key.prefix;
    if (prefix.empty()) continue;
    const std::string_view name = review.args[key.argument];
    review.edits.Replace(key.argument, prefix, name);
    if (shape == ReplyShape::kPlain) continue;
    review.plan.reply.shape = shape;
    review.plan.reply.snapshot = review.snapshot;
    if (shape != ReplyShape::kFirstIsKey)
      review.plan.reply.keys.emplace_back(review.PhysicalName(key), std::string(name));
  }
}

// Of what was decided before the refusal only the counters stay.
void DropWhatIsRefused(RequestPlan& plan) {
  plan.follow_ups.clear();
  plan.expiries.clear();
  plan.rewrites.clear();
  plan.reply = {};
}

// The versioned policy whose keys a script that builds names may reach: a declared key's, or one with a pattern whose
// literal prefix stands in the text. An enforced one if there is any; kNone if there is no sign of one.
std::size_t ReachedPolicy(const Review& review, std::string_view script) {
  const PolicySet& set = review.snapshot->set();
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit}) {
    const auto counts = [&](std::size_t policy) { return set.at(policy).mode == mode && set.at(policy).version.any(); };
    for (const JudgedKey& key : review.keys) {
      if (counts(key.policy)) return key.policy;
    }
    for (std::size_t i = 0; i < set.size(); ++i) {
      const auto is_named = [&](const std::string& glob) {
        return script.find(LiteralPrefix(glob)) != std::string_view::npos;
      };
      if (counts(i) && std::ranges::any_of(set.at(i).match, is_named)) return i;
    }
  }
  return PolicySet::kNone;
}

}  // namespace

void RequestJudge::Judge(const SnapshotPtr& snapshot, const CommandSpec& spec, std::span<const std::string_view> args,
                         std::string_view raw, const JudgeContext& context, RequestPlan& plan) {
  plan.Clear();
  if (spec.is_unknown()) return;
  edits_.Clear();
  keys_.clear();
  // Without a judged key, patterns and scripts may still name keys.
  const bool versions = snapshot->versions() || snapshot->audits_versions();
  const bool patterns = versions && (spec.keys.empty() || IsSort(spec));
  const bool script = versions && IsScriptText(spec) && args.size() > 2;
  if (!FindKeys(*snapshot, spec, args, plan)) return;
  if (keys_.empty() && !patterns && !script) return;
  if (patterns && AwaitsGeneration(*snapshot, spec, args)) {
    plan.action = RequestPlan::Action::kWait;
    plan.waiting_for = snapshot->first_waiting();
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
  if (patterns && !spec.keys.empty()) JudgeSortPatterns(review);
  if (patterns && spec.keys.empty()) JudgeKeyless(review);
  if (script) CheckScript(review);
  if (!review.refused()) JudgeKeys(review);
  if (review.refused()) return DropWhatIsRefused(plan);
  if (edits_.empty()) return;
  plan.action = RequestPlan::Action::kRewrite;
  edits_.Build(args, raw, plan.raw);
}

// False if a key's name is not known yet.
bool RequestJudge::FindKeys(const Snapshot& snapshot, const CommandSpec& spec, std::span<const std::string_view> args,
                            RequestPlan& plan) {
  bool waits = false;
  bool cache_only = snapshot.caches();
  command::ForEachKey(spec, args, [&](std::size_t argument, command::KeyAccess access) {
    const std::size_t policy = snapshot.set().Match(args[argument]);
    if (policy == PolicySet::kNone || snapshot.set().at(policy).mode == Mode::kOff) {
      cache_only = false;
      return;
    }
    const std::string_view prefix = snapshot.Prefix(policy, args[argument]);
    keys_.push_back({.argument = argument, .access = access, .policy = policy, .prefix = prefix});
    const Policy& matched = snapshot.set().at(policy);
    cache_only = cache_only && matched.cache();
    if (matched.watched()) {
      plan.watched_keys.push_back(
          {.argument = argument, .policy = policy, .prefix = prefix, .written = access != command::KeyAccess::kRead});
    }
    if (!waits && snapshot.IsWaiting(policy)) {
      waits = true;
      plan.action = RequestPlan::Action::kWait;
      plan.waiting_for = policy;
    }
  });
  plan.degradable = cache_only && !keys_.empty() && MayDegrade(spec, args);
  return !waits;
}

void RequestJudge::JudgeKeys(const Review& review) {
  for (const JudgedKey& key : review.keys) CheckKey(review, key);
  if (review.refused()) return;
  Rename(review);
  JudgeTtl(review);
}

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
