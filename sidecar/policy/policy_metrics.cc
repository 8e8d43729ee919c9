#include "sidecar/policy/policy_metrics.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace herdgate::policy {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;
using metrics::HistogramFamily;

constexpr GaugeFamily kInfo{"herdgate_policy_info", "Always 1; the labels name each policy and its mode."};
constexpr CounterFamily kWrites{"herdgate_policy_writes_total",
                                "Keys written or given an expiry, by what became of the expiry (audit: would have)."};
constexpr CounterFamily kWithoutTtl{"herdgate_policy_writes_without_ttl_total",
                                    "Keys that commands would have left without an expiry."};
constexpr CounterFamily kRefused{"herdgate_policy_refusals_total", "Commands refused, by reason (audit: would have)."};
constexpr CounterFamily kRewrites{"herdgate_policy_key_rewrites_total",
                                  "Keys renamed to their version (audit: would have)."};
constexpr HistogramFamily kRequested{"herdgate_policy_ttl_requested_seconds",
                                     "Expiries that apps asked for, over all policies.", metrics::kTtlBuckets};
constexpr HistogramFamily kApplied{"herdgate_policy_ttl_applied_seconds",
                                   "Expiries that keys were given, over all policies.", metrics::kTtlBuckets};
constexpr GaugeFamily kPeak{
    "herdgate_policy_expiry_peak_keys",
    "Keys written here that fall due within one second, in the worst second to come; at most so many with "
    "several loops."};

constexpr std::array<std::string_view, kTtlActions> kActionNames = {"unchanged", "applied",  "clamped",
                                                                    "jittered",  "rejected", "allowed"};
constexpr std::array<std::string_view, kRefusals> kRefusalNames = {"missing_ttl", "require", "script",
                                                                   "command",     "pattern", "key_too_long"};
constexpr std::array<std::string_view, 3> kModeNames = {"enforce", "audit", "off"};

std::string_view NameOf(Mode mode) {
  return kModeNames[static_cast<std::size_t>(mode)];
}

// Whether the rules can come to this.
bool MayJudge(const TtlRules& rules, TtlAction action) {
  switch (action) {
    case TtlAction::kUnchanged:
      return rules.any();
    case TtlAction::kApplied:
      return rules.missing == MissingTtl::kApply;
    case TtlAction::kClamped:
      return rules.min.count() > 0 || rules.max.count() > 0;
    case TtlAction::kJittered:
      return rules.jitter > 0;
    case TtlAction::kRejected:
      return rules.missing == MissingTtl::kReject;
    case TtlAction::kAllowed:
      return rules.any() && rules.missing == MissingTtl::kAllow;
  }
  return false;
}

bool MayRefuse(const Policy& policy, Refusal reason) {
  if (reason == Refusal::kMissingTtl) return policy.ttl.missing == MissingTtl::kReject;
  if (reason == Refusal::kRequire) return !policy.version.require.empty();
  return policy.version.any();
}

}  // namespace

void PolicyMetrics::SetPolicies(std::shared_ptr<const PolicySet> set) {
  const std::lock_guard lock(mutex_);
  set_ = std::move(set);
  by_index_.clear();
  auto before = std::exchange(cells_, {});
  for (std::size_t i = 0; set_ && i < set_->size(); ++i) {
    auto& cells = cells_[set_->at(i).name];
    cells = std::move(before[set_->at(i).name]);
    if (!cells) cells = std::make_unique<Cells>();
    by_index_.push_back(cells.get());
  }
}

void PolicyMetrics::Count(const RequestPlan& plan, base::WallTime now) {
  for (const RequestPlan::Rewrites& rewrites : plan.rewrites) {
    if (Cells* cells = Of(rewrites.policy)) cells->rewrites.Add(rewrites.keys);
  }
  for (const TtlJudgement& judgement : plan.judgements) {
    if (Cells* cells = Of(judgement.policy)) CountJudgement(*cells, judgement, now);
  }
  for (const RefusalCount& refusal : plan.refusals) {
    if (Cells* cells = Of(refusal.policy)) cells->refusals[static_cast<std::size_t>(refusal.reason)].Add();
  }
}

void PolicyMetrics::CountJudgement(Cells& cells, const TtlJudgement& judgement, base::WallTime now) {
  // Apps may ask for more than nanoseconds can count.
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24) * 365 * 100;
  cells.writes[static_cast<std::size_t>(judgement.action)].Add();
  if (judgement.requested.count() > 0) {
    requested_.Record(std::min(judgement.requested, kLongest));
  } else {
    cells.without_ttl.Add();
  }
  if (judgement.applied.count() == 0) return;
  const std::chrono::milliseconds applied = std::min(judgement.applied, kLongest);
  applied_.Record(applied);
  const auto second = [](base::WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  cells.expiries.Note(second(now + applied), second(now));
  cells.peak.Set(cells.expiries.keys());
}

void PolicyMetrics::Collect(metrics::SampleSink& sink) const {
  const std::lock_guard lock(mutex_);
  if (!set_) return;
  sink.Add(kRequested, {}, requested_);
  sink.Add(kApplied, {}, applied_);
  for (std::size_t i = 0; i < set_->size(); ++i) {
    const Policy& policy = set_->at(i);
    if (describes_) sink.Add(kInfo, {{"policy", policy.name}, {"mode", NameOf(policy.mode)}}, 1);
    CollectPolicy(policy, *by_index_[i], sink);
  }
}

void PolicyMetrics::CollectPolicy(const Policy& policy, const Cells& cells, metrics::SampleSink& sink) {
  const std::string_view name = policy.name;
  for (std::size_t i = 0; i < kTtlActions; ++i) {
    if (MayJudge(policy.ttl, static_cast<TtlAction>(i)) || cells.writes[i].value() > 0)
      sink.Add(kWrites, {{"policy", name}, {"action", kActionNames[i]}}, cells.writes[i]);
  }
  for (std::size_t i = 0; i < kRefusals; ++i) {
    if (MayRefuse(policy, static_cast<Refusal>(i)) || cells.refusals[i].value() > 0)
      sink.Add(kRefused, {{"policy", name}, {"reason", kRefusalNames[i]}}, cells.refusals[i]);
  }
  if (policy.ttl.any() || cells.without_ttl.value() > 0) sink.Add(kWithoutTtl, {{"policy", name}}, cells.without_ttl);
  if (policy.version.any() || cells.rewrites.value() > 0) sink.Add(kRewrites, {{"policy", name}}, cells.rewrites);
  if (policy.ttl.any() || cells.peak.value() > 0) sink.Add(kPeak, {{"policy", name}}, cells.peak);
}

}  // namespace herdgate::policy
