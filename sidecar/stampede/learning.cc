#include "sidecar/stampede/learning.h"

#include <algorithm>
#include <limits>

namespace herdgate::stampede {
namespace {

using Kind = OpenMisses::Fill::Kind;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// Below so many, shares say nothing; a session may be written again as soon as its first visitors click on.
constexpr double kFewestRewritten = 3;
constexpr double kFewestReleased = 20;
// Some libraries send SET and EXPIRE instead of SET EX.
constexpr std::chrono::seconds kSetsOwnExpiry{1};

bool Lives(const std::optional<KeyFacts>& facts, base::SteadyTime now) {
  if (!facts || facts->deleted) return false;
  return facts->lifetime.count() == 0 || now - facts->set_at < facts->lifetime;
}

}  // namespace

Learning::Learning(const LearningOptions& options, KeyHistory& history)
    : options_(options), history_(history), open_(options.misses), marks_(options.max_marks), refresh_from_(kNever) {
  Reset();
}

bool Learning::MayRefresh(base::SteadyTime now) const {
  return eligible() && now.time_since_epoch().count() >= refresh_from_.load(kRelaxed);
}

std::chrono::nanoseconds Learning::DeltaOf(std::uint64_t key) const {
  const auto facts = history_.Find(key);
  return facts && facts->delta.count() > 0 ? facts->delta : delta();
}

bool Learning::IsUncacheable(std::uint64_t key, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const Mark* mark = marks_.Find(key);
  if (mark == nullptr || mark->misses < options_.uncacheable_after) return false;
  if (now < mark->until) return true;
  marks_.Erase(key);
  return false;
}

void Learning::OnNil(std::uint64_t key, std::uint64_t session, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  open_.Open(key, session, now);
  Judge(now);
}

Learning::SetReport Learning::OnSet(std::uint64_t key, const SetSeen& set, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  OpenMisses::Fill fill = open_.Close(key, set.session, !set.in_transaction, now);
  Sample(set, fill);
  if (const auto before = history_.Find(key)) {
    if (fill.kind == Kind::kFill) rewritten_.Add(0, 1);
    if (fill.kind == Kind::kOrphan && Lives(before, now)) rewritten_.Add(1, 1);
  }
  history_.OnSet(key, set.lifetime, fill.delta, now);
  marks_.Erase(key);
  if (fill.kind == Kind::kOrphan) {
    ++stats_.orphan_sets;
    if (set.only_if_absent) Demote(Evidence::kLock);
  }
  if (fill.kind == Kind::kFill) released_.Add(0, 1);
  Judge(now);
  return {.kind = fill.kind, .same_session = fill.same_session, .tainted = fill.tainted, .delta = fill.delta};
}

// Leaves in fill.delta what was taken as a sample.
void Learning::Sample(const SetSeen& set, OpenMisses::Fill& fill) {
  const bool sound = fill.kind == Kind::kFill && !fill.tainted && fill.delta <= options_.misses.kept_for;
  if (!sound) {
    fill.delta = std::chrono::nanoseconds(0);
    return;
  }
  fill.delta = std::max<std::chrono::nanoseconds>(fill.delta, DeltaEstimate::kLeast);
  estimate_.Add(fill.delta);
  delta_.store(estimate_.mean().count(), kRelaxed);
  p95_.store(estimate_.P95().count(), kRelaxed);
  // A recomputation that takes long beside the life of its value would be due at once.
  if (set.lifetime.count() > 0) fill.delta = std::min<std::chrono::nanoseconds>(fill.delta, set.lifetime / 4);
}

void Learning::OnTouch(std::uint64_t key, base::SteadyTime now) {
  const auto facts = history_.Find(key);
  if (!Lives(facts, now) || now - facts->set_at < kSetsOwnExpiry) return;
  const std::lock_guard lock(mutex_);
  rewritten_.Add(1, 1);
}

void Learning::OnRemove(std::uint64_t key, std::uint64_t session) {
  const std::lock_guard lock(mutex_);
  if (open_.RemovesOwnFill(key, session)) released_.Add(1, 0);
  open_.Taint(key);
  history_.OnDeleted(key);
}

void Learning::OnChange(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  open_.Taint(key);
}

void Learning::OnFlush() {
  const std::lock_guard lock(mutex_);
  open_.TaintAll();
}

void Learning::OnEvidence(Evidence evidence) {
  const std::lock_guard lock(mutex_);
  Demote(evidence);
}

bool Learning::OnUnfilled(std::uint64_t key, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  open_.End(key);
  return Strike(key, now);
}

std::optional<Learning::Change> Learning::Advance(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Judge(now);
  if (told_ == stats_.standing) return std::nullopt;
  const Change change{.from = told_, .to = stats_.standing, .why = why_};
  told_ = stats_.standing;
  return change;
}

void Learning::Reset() {
  const std::lock_guard lock(mutex_);
  filled_.Clear();
  rewritten_.Clear();
  released_.Clear();
  why_.reset();
  proof_.reset();
  const bool on = options_.coalesce == LearningOptions::Coalesce::kOn;
  stats_.standing = told_ = on ? Standing::kEligible : Standing::kLearning;
  refresh_from_.store(on ? 0 : kNever, kRelaxed);
  eligible_.store(on, std::memory_order_release);
}

void Learning::SetCoalesce(LearningOptions::Coalesce coalesce) {
  const std::lock_guard lock(mutex_);
  if (coalesce == options_.coalesce) return;
  options_.coalesce = coalesce;
  if (coalesce == LearningOptions::Coalesce::kOn) {
    Stand(Standing::kEligible, std::nullopt, {});
    refresh_from_.store(0, kRelaxed);
  } else {
    Stand(proof_ ? Standing::kDemoted : Standing::kLearning, proof_, {});
  }
  told_ = stats_.standing;
}

Learning::Stats Learning::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.open_misses = open_.size();
  stats.keys_marked = marks_.size();
  stats.delta_samples = estimate_.samples();
  return stats;
}

bool Learning::Strike(std::uint64_t key, base::SteadyTime now) {
  Mark* mark = marks_.Find(key);
  if (mark == nullptr) mark = &marks_.Put(key, {});
  // What came while it was marked has nothing new to say.
  if (mark->misses >= options_.uncacheable_after && now < mark->until) return false;
  if (mark->misses >= options_.uncacheable_after) mark->misses = 0;
  if (++mark->misses < options_.uncacheable_after) return false;
  mark->until = now + options_.uncacheable_for;
  ++stats_.uncacheable_marks;
  return true;
}

void Learning::Judge(base::SteadyTime now) {
  while (const auto verdict = open_.Next(now)) {
    filled_.Add(verdict->proven, verdict->misses);
    stats_.misses += verdict->misses;
    stats_.misses_without_set += verdict->misses - verdict->proven;
    if (!verdict->filled && !verdict->ended) Strike(verdict->key, now);
  }
  Weigh(now);
}

std::optional<Evidence> Learning::Objection() const {
  const bool now_eligible = stats_.standing == Standing::kEligible;
  if (filled_.share() < (now_eligible ? options_.keep_share : options_.min_share)) return Evidence::kNoSet;
  if (rewritten_.all() >= kFewestRewritten && rewritten_.share() > options_.max_rewritten_share)
    return Evidence::kRewritten;
  if (released_.all() >= kFewestReleased && released_.share() > options_.max_released_share) return Evidence::kLock;
  return std::nullopt;
}

void Learning::Weigh(base::SteadyTime now) {
  if (options_.coalesce != LearningOptions::Coalesce::kAuto || stats_.standing == Standing::kDemoted) return;
  if (filled_.all() < options_.min_misses) return;
  const std::optional<Evidence> objection = Objection();
  const Standing standing = objection ? Standing::kLearning : Standing::kEligible;
  if (standing == stats_.standing) return;
  if (objection) ++stats_.evidence[static_cast<std::size_t>(*objection)];
  Stand(standing, objection, now);
}

void Learning::Demote(Evidence evidence) {
  ++stats_.evidence[static_cast<std::size_t>(evidence)];
  proof_ = evidence;
  if (options_.coalesce != LearningOptions::Coalesce::kAuto || stats_.standing == Standing::kDemoted) return;
  Stand(Standing::kDemoted, evidence, {});
}

void Learning::Stand(Standing standing, std::optional<Evidence> why, base::SteadyTime now) {
  stats_.standing = standing;
  why_ = why;
  const bool is_eligible = standing == Standing::kEligible;
  refresh_from_.store(is_eligible ? (now + options_.refresh_after).time_since_epoch().count() : kNever, kRelaxed);
  eligible_.store(is_eligible, std::memory_order_release);
}

}  // namespace herdgate::stampede
