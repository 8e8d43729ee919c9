#include "sidecar/app/explain.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "sidecar/base/random.h"
#include "sidecar/command/table.h"
#include "sidecar/config/policy_fields.h"
#include "sidecar/pipeline/control.h"
#include "sidecar/policy/policy_set.h"
#include "sidecar/policy/ttl_rule.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::app {
namespace {

using policy::Mode;
using policy::Policy;
using policy::PolicySet;
using policy::RequestPlan;
using policy::TtlRules;
using std::chrono::milliseconds;

// Stands for the generation that only Redis knows.
constexpr std::uint64_t kSomeGeneration = std::numeric_limits<std::uint64_t>::max();
// How often a draw that happens to shorten nothing is repeated.
constexpr std::uint64_t kDraws = 64;
constexpr std::size_t kTableIndent = 22;

// "key" stands for the key.
constexpr std::array<std::string_view, 11> kCommands = {
    "GET key",  "SET key v",    "SET key v EX 3600", "SET key v KEEPTTL", "SETEX key 3600 v", "MSET key v",
    "INCR key", "HSET key f v", "EXPIRE key 3600",   "PERSIST key",       "DEL key"};

std::vector<std::string> Words(std::string_view text, std::string_view key) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    words.emplace_back(word == "key" ? key : word);
  }
  return words;
}

// As redis-cli reads it: in quotes if it is no plain word.
std::string Quoted(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\';
  });
  if (plain) return std::string(text);
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string ShowField(const Policy& policy, std::string_view key) {
  return config::FindPolicyField(key)->show(policy);
}

// "3240000..3600000": what jitter makes of an expiry, in `unit`s.
std::string Range(const TtlRules& rules, milliseconds requested, milliseconds unit = milliseconds(1)) {
  TtlRules bounds = rules;
  bounds.jitter = 0;
  base::Random unused(0);
  const auto least = static_cast<std::int64_t>(static_cast<double>(requested.count()) * (1 - rules.jitter));
  const auto low = ApplyTtl(bounds, milliseconds(std::max<std::int64_t>(1, least)), unused).applied;
  const auto high = ApplyTtl(bounds, requested, unused).applied;
  if (low / unit == high / unit) return std::to_string(high / unit);
  return std::to_string(low / unit) + ".." + std::to_string(high / unit);
}

milliseconds Asked(const policy::TtlJudgement& judgement, const TtlRules& rules) {
  return judgement.requested.count() > 0 ? judgement.requested : rules.default_ttl;
}

// Who answers reads of hot keys.
std::string Near(const Policy& policy) {
  if (!policy.near.enabled) return "off: every read goes to Redis";
  return "hot keys are answered from memory for up to " + ShowField(policy, "near.max_ttl") + ", values up to " +
         ShowField(policy, "near.max_value");
}

// Who computes a value that is missing, and what the others get.
std::string Misses(const Policy& policy) {
  const policy::StampedeRules& rules = policy.stampede;
  if (rules.coalesce == policy::Coalesce::kOff) return "every caller computes";
  std::string out = rules.coalesce == policy::Coalesce::kAuto ? "once traffic shows that it is a cache: " : "";
  out += "one caller computes, ";
  if (rules.lease) out += "by a lease of " + ShowField(policy, "stampede.lease") + ", ";
  const bool kept = policy.near.enabled || policy.keeps_shadows();
  const bool stale = kept && rules.stale_while_revalidate.count() > 0;
  out += "the others ";
  if (stale)
    out += "get a value up to " + ShowField(policy, "stampede.stale_while_revalidate") + " past its expiry" +
           (policy.keeps_shadows() ? " (of hot keys, kept in Redis)" : "") + ", or ";
  out += "wait up to " + ShowField(policy, "stampede.max_wait") + ", then ";
  if (rules.on_timeout == policy::OnTimeout::kError) return out + "an error";
  return out + (rules.on_timeout == policy::OnTimeout::kStale ? "an old value or a miss" : "a miss");
}

// What becomes of a SET whose key was invalidated while its value was computed.
std::string LateSet(const Policy& policy) {
  switch (policy.stampede.stale_set) {
    case policy::StaleSet::kShort:
      return "kept for 2s at most, if the key was invalidated after the miss";
    case policy::StaleSet::kDrop:
      return "answered and not kept (or for 2s at most), if the key was invalidated after the miss";
    case policy::StaleSet::kPass:
      return "kept and counted, if the key was invalidated after the miss";
  }
  return {};
}

// Who computes before a key expires.
std::string Refresh(const Policy& policy) {
  if (policy.refresh.mode == policy::RefreshMode::kOff) return "off: a value is computed again once it is gone";
  return "shortly before a hot key expires, one caller gets a miss and computes (beta " +
         ShowField(policy, "refresh.beta") + ")";
}

// What the app sees while Redis is away.
std::string Offline(const Policy& policy) {
  const policy::OfflineReads reads = policy.offline_reads();
  if (reads == policy::OfflineReads::kPass) return "every command waits for Redis, then an error";
  const std::string last = reads == policy::OfflineReads::kMiss ? "a miss" : "an error";
  std::string out = "reads: ";
  if (policy.near.enabled) {
    out += "near values";
    if (policy.stale_if_error.count() > 0) out += " up to " + ShowField(policy, "stampede.stale_if_error") + " stale";
    out += ", ";
  }
  if (policy.offline.fallback == policy::Fallback::kMemory) {
    return out + "a store in memory, " + last + "; writes: that store; deletes are made up for";
  }
  return out + last + "; writes: an error; deletes are made up for";
}

bool HasAction(const RequestPlan& plan, policy::TtlAction action) {
  return std::any_of(plan.judgements.begin(), plan.judgements.end(),
                     [&](const policy::TtlJudgement& judgement) { return judgement.action == action; });
}

}  // namespace

Explainer::Explainer(std::vector<Policy> policies) : policies_(std::move(policies)) {
  std::vector<Policy> enforced = policies_;
  std::vector<std::uint64_t> generations;
  for (Policy& policy : enforced) {
    if (policy.mode == Mode::kAudit) policy.mode = Mode::kEnforce;
    generations.push_back(policy.version.generation ? kSomeGeneration : 0);
  }
  snapshot_ = std::make_shared<policy::Snapshot>(std::make_shared<PolicySet>(std::move(enforced)), generations);
}

std::string Explainer::Explain(std::string_view key) {
  const std::size_t index = snapshot_->set().Match(key);
  std::string out = Quoted(key) + "\n";
  if (index == PolicySet::kNone) return out + "  policy    none: every command passes unchanged\n";
  const Policy& policy = policies_[index];
  out += "  policy    " + policy.name + ", by the pattern " + Quoted(pipeline::PatternOf(policy, key)) + "\n";
  out += "  mode      " + ShowField(policy, "mode");
  if (policy.mode == Mode::kOff) return out + ": every command passes unchanged\n";
  if (policy.mode == Mode::kAudit) out += ": nothing is changed; enforced, it would be as follows";
  out += "\n  in Redis  " + PhysicalName(key, index) + "\n";
  if (!policy.tags.empty()) out += "  tags      " + Tags(key, index) + "\n";
  out += "  near      " + Near(policy) + "\n  misses    " + Misses(policy) + "\n";
  if (policy.stampede.coalesce != policy::Coalesce::kOff) out += "  late SET  " + LateSet(policy) + "\n";
  out += "  refresh   " + Refresh(policy) + "\n  offline   " + Offline(policy) + "\n\n";
  return out + Table(key, index);
}

std::string Explainer::Table(std::string_view key, std::size_t index) {
  std::string out;
  for (const std::string_view command : kCommands) {
    out += "  " + std::string(command) + std::string(kTableIndent - command.size(), ' ');
    out += Outcome(Words(command, key), key, index) + "\n";
  }
  return out;
}

std::string Explainer::Outcome(const std::vector<std::string>& command, std::string_view key, std::size_t index) {
  Judge(command);
  if (plan_.action == RequestPlan::Action::kRefuse) {
    return "refused: " + plan_.error.substr(1, plan_.error.find('\r') - 1);
  }
  std::string out = plan_.action == RequestPlan::Action::kPass ? "unchanged" : Request(key, index);
  if (HasAction(plan_, policy::TtlAction::kAllowed)) out += "  (left without an expiry)";
  return out + FollowUps(key, index);
}

std::string Explainer::Request(std::string_view key, std::size_t index) const {
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  if (decoder.Decode(plan_.raw, request) != resp::RequestDecoder::Outcome::kRequest) return "unreadable";
  const std::string physical = snapshot_->Physical(key);
  const TtlRules& rules = policies_[index].ttl;
  const bool in_seconds = request.args[0] == "SETEX" || request.args[0] == "EXPIRE";
  const milliseconds unit = in_seconds ? std::chrono::seconds(1) : milliseconds(1);
  std::string out;
  for (const std::string_view argument : request.args) {
    std::string shown = argument == physical ? PhysicalName(key, index) : Quoted(argument);
    for (const policy::TtlJudgement& judgement : plan_.judgements) {
      const bool expiry = argument != physical && judgement.applied.count() > 0 && plan_.follow_ups.empty();
      if (expiry && argument == std::to_string(judgement.applied / unit))
        shown = Range(rules, Asked(judgement, rules), unit);
    }
    out += (out.empty() ? "" : " ") + shown;
  }
  return out;
}

std::string Explainer::FollowUps(std::string_view key, std::size_t index) const {
  std::string out;
  for (const policy::FollowUp& follow_up : plan_.follow_ups) {
    out += "\n" + std::string(kTableIndent + 2, ' ') + "then PEXPIRE " + PhysicalName(key, index) + " ";
    out += follow_up.only_shorten ? std::to_string(follow_up.ttl.count()) + " XX LT"
                                  : Range(policies_[index].ttl, policies_[index].ttl.default_ttl) + " NX";
  }
  return out;
}

std::string Explainer::PhysicalName(std::string_view key, std::size_t index) const {
  std::string prefix(snapshot_->BasePrefix(index));
  const std::string generation = std::to_string(kSomeGeneration);
  if (const auto at = prefix.find(generation); at != std::string::npos) {
    prefix.replace(at, generation.size(), "<generation>");
  }
  return Quoted(prefix + std::string(key));
}

std::string Explainer::Tags(std::string_view key, std::size_t index) const {
  std::vector<std::string> tags;
  snapshot_->set().tags(index)->ForEach(key, [&](std::string_view tag) {
    const std::string quoted = Quoted(tag);
    if (std::ranges::find(tags, quoted) == tags.end()) tags.push_back(quoted);
  });
  std::string out;
  for (const std::string& tag : tags) out += (out.empty() ? "" : ", ") + tag;
  return out.empty() ? "none of its rules matches the key" : out;
}

void Explainer::Judge(const std::vector<std::string>& command) {
  const std::vector<std::string_view> arguments(command.begin(), command.end());
  std::string raw;
  resp::AppendRequest(raw, arguments);
  const command::CommandSpec& spec = *command::BuiltIn().Resolve(arguments);
  for (std::uint64_t draw = 1; draw <= kDraws; ++draw) {
    base::Random random(draw);
    const policy::JudgeContext context{.now = base::WallTime{}, .random = random};
    judge_.Judge(snapshot_, spec, arguments, raw, context, plan_);
    // A draw that changes nothing would hide that others do.
    const bool idle = std::any_of(plan_.judgements.begin(), plan_.judgements.end(), [](const auto& judgement) {
      return judgement.requested.count() > 0 && judgement.applied == judgement.requested;
    });
    if (!idle) return;
  }
}

}  // namespace herdgate::app
