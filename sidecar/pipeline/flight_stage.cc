#include "sidecar/pipeline/flight_stage.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sidecar/command/table.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/policy/expiry_options.h"

namespace herdgate::pipeline {
namespace {

using command::CommandSpec;
using stampede::KeyUse;
using stampede::SetOutcome;
using std::chrono::milliseconds;

// Where a SET of this name has the value of the key at argument `key`; 0: not at hand.
std::size_t ValueArgument(const CommandSpec& spec, std::size_t key) {
  if (spec.name == "set" || spec.name == "setnx" || spec.name == "getset" || spec.name.starts_with("mset"))
    return spec.name == "msetex" ? 0 : key + 1;
  return spec.name == "setex" || spec.name == "psetex" ? key + 2 : 0;
}

NearNote::SetReply SetReplyOf(const CommandSpec& spec, const resp::Request& request) {
  using SetReply = NearNote::SetReply;
  if (spec.name == "setnx" || spec.name.starts_with("msetn")) return SetReply::kStoredIfOne;
  if (spec.name == "getset") return SetReply::kUnknown;  // says what was there
  const bool gets =
      spec.name == "set" && std::ranges::any_of(request.args.subspan(std::min<std::size_t>(request.args.size(), 3)),
                                                [](std::string_view word) {
                                                  return word.size() == 3 && (word[0] | 0x20) == 'g' &&
                                                         (word[1] | 0x20) == 'e' && (word[2] | 0x20) == 't';
                                                });
  return gets ? SetReply::kUnknown : SetReply::kStoredUnlessNil;
}

SetOutcome OutcomeOf(const NearNote& note, const NearNote::Key& key, std::optional<std::string_view> reply) {
  using SetReply = NearNote::SetReply;
  if (!reply || reply->starts_with('-') || reply->starts_with('!')) return SetOutcome::kNotStored;
  const bool nil = reply->starts_with("$-1") || reply->starts_with('_') || reply->starts_with("*-1");
  const SetOutcome stored = key.value ? SetOutcome::kStored : SetOutcome::kStoredUnknown;
  switch (note.set_reply) {
    case SetReply::kStoredUnlessNil:
      return nil ? SetOutcome::kNotStored : stored;
    case SetReply::kStoredIfOne:
      return reply->starts_with(":1") ? stored : SetOutcome::kNotStored;
    case SetReply::kNone:  // EXEC and others
      if (reply->starts_with('_') || reply->starts_with("*-1")) return SetOutcome::kNotStored;
      break;
    case SetReply::kUnknown:
      break;
  }
  return SetOutcome::kStoredUnknown;
}

// The expiry that the request itself gives; 0: none, or not known.
milliseconds AskedLifetime(const CommandSpec& spec, std::span<const std::string_view> args) {
  std::optional<std::int64_t> time;
  if (spec.name == "setex" && args.size() == 4) time = policy::ReadExpiry(args[2], policy::ExpiryUnit::kSeconds);
  if (spec.name == "psetex" && args.size() == 4) time = policy::ReadExpiry(args[2], policy::ExpiryUnit::kMilliseconds);
  if (spec.name == "set" && args.size() > 4) {
    const policy::ExpiryOptions options = policy::ReadSetOptions(args);
    if (options.kind != policy::ExpiryOptions::Kind::kExpiry || options.at + 1 >= args.size()) return milliseconds(0);
    time = policy::ReadExpiry(args[options.at + 1], options.unit);
    if (time && policy::IsAbsolute(options.unit)) {
      const auto now = base::SystemClock().Wall().time_since_epoch();
      *time -= std::chrono::duration_cast<milliseconds>(now).count();
    }
  }
  return milliseconds(std::max<std::int64_t>(time.value_or(0), 0));
}

// The expiry that the key has in the end.
milliseconds LifetimeOf(const CommandSpec& spec, std::span<const std::string_view> args,
                        const policy::RequestPlan* plan, std::size_t policy) {
  if (plan != nullptr) {
    for (const policy::TtlJudgement& judgement : plan->judgements) {
      if (judgement.policy == policy && judgement.applied.count() > 0) return judgement.applied;
    }
  }
  return AskedLifetime(spec, args);
}

}  // namespace

FlightStage::FlightStage(LoopContext& context, FlightDesk& desk, stampede::HotList& hot, std::uint64_t seed)
    : context_(context),
      desk_(desk),
      hot_(hot),
      shadows_(context, desk.shadows(), desk.guards()),
      uses_(command::BuiltIn()),
      random_(seed),
      guards_(std::make_shared<const stampede::Guards::List>()) {}

void FlightStage::SetGuards(std::shared_ptr<const stampede::Guards::List> guards) {
  guards_ = std::move(guards);
  active_ = std::ranges::any_of(*guards_, [](const GuardPtr& guard) { return guard != nullptr; });
  if (active_) wanted_.store(true, std::memory_order_relaxed);
  refreshes_ = std::ranges::any_of(*guards_, [](const GuardPtr& guard) { return guard && guard->refreshes(); });
  shadows_.SetUsed(
      std::ranges::any_of(*guards_, [](const GuardPtr& guard) { return guard && guard->keeps_shadows(); }));
}

void FlightStage::Carry(const FlightValue& value) {
  desk_.Carry(context_, todo_, value);
}

// ---- reads

bool FlightStage::Coalesces(std::size_t policy, std::string_view logical) {
  stampede::Guard* const guard = policy < guards_->size() ? (*guards_)[policy].get() : nullptr;
  if (guard == nullptr || !guard->learning().eligible()) return false;
  return !guard->learning().IsUncacheable(Hash(logical).hash, context_.loop.Now());
}

void FlightStage::OnNil(std::size_t policy, std::string_view logical, std::uint64_t session) {
  if (const GuardPtr guard = GuardOf(policy)) guard->learning().OnNil(Hash(logical).hash, session, context_.loop.Now());
}

void FlightStage::Looked(std::size_t policy, std::string_view logical, bool hit) {
  if (!active_) return;
  const std::uint32_t weight = sampler_.Weight(context_.loop.Now());
  if (weight == 0) return;
  const cache::HashedKey key = Hash(logical);
  hot_.Touch(static_cast<std::size_t>(context_.loop.index()), key,
             {.policy = static_cast<std::uint16_t>(policy), .hit = hit, .weight = weight}, context_.loop.Now());
  stampede::Guard* const guard = hit && policy < guards_->size() ? (*guards_)[policy].get() : nullptr;
  if (guard != nullptr) shadows_.OnHit(*guard, policy, logical, key.hash, weight);
}

// Other pods' SETs aren't seen here; without this, only the pod that wrote a value could refresh it.
void FlightStage::OnRead(std::string_view physical, std::int64_t pttl_ms) {
  if (!refreshes_ || pttl_ms <= 0) return;
  const policy::SnapshotPtr& snapshot = context_.policies->snapshot();
  const auto logical = snapshot ? snapshot->Visible(physical) : std::nullopt;
  if (logical) OnLife(*logical, milliseconds(pttl_ms));
}

void FlightStage::OnLife(std::string_view logical, milliseconds left) {
  const policy::SnapshotPtr& snapshot = context_.policies->snapshot();
  if (!refreshes_ || left.count() <= 0 || !snapshot) return;
  const GuardPtr guard = GuardOf(snapshot->set().Match(logical));
  if (!guard || !guard->refreshes()) return;
  desk_.guards().history().OnLeft(Hash(logical).hash, left, context_.loop.Now());
}

bool FlightStage::IsDue(const policy::Snapshot& snapshot, std::string_view key) {
  const std::size_t policy = snapshot.set().Match(key);
  const auto& now = context_.loop.Now();
  stampede::Guard* const guard = Find(policy);
  if (guard == nullptr || !guard->refreshes() || !guard->learning().MayRefresh(now)) return false;
  const std::uint64_t hash = Hash(key).hash;
  const double rate = RateOf(hash);
  const auto facts = FactsOf(hash);
  if (!facts) return false;
  const auto known = std::chrono::nanoseconds(facts->delta);
  const stampede::Refresh::Reading reading{.left = facts->set_at + facts->lifetime - now,
                                           .lifetime = facts->lifetime,
                                           .delta = known.count() > 0 ? known : guard->learning().DeltaOf(hash),
                                           .rate = rate,
                                           .pods = 1};
  return guard->refresh().Due(reading, random_);
}

double FlightStage::RateOf(std::uint64_t key) {
  return rates_.Touch(key, context_.loop.Now()) * static_cast<double>(context_.peers.size());
}

double FlightStage::RateOfMissed(std::uint64_t key) {
  const auto loop = static_cast<std::size_t>(context_.loop.index());
  const double hot = hot_.RateOf(loop, key, context_.loop.Now()) * static_cast<double>(context_.peers.size());
  return std::max(RateOf(key), hot);
}

std::optional<stampede::KeyFacts> FlightStage::FactsOf(std::uint64_t key) const {
  const auto facts = desk_.guards().history().Find(key);
  if (!facts || facts->deleted || facts->lifetime.count() <= 0) return std::nullopt;
  if (facts->set_at + facts->lifetime <= context_.loop.Now()) return std::nullopt;
  return facts;
}

milliseconds FlightStage::PatienceFor(stampede::Guard& guard, std::uint64_t key, milliseconds max_wait,
                                      base::SteadyTime now) {
  stampede::Companions& companions = guard.companions();
  if (const milliseconds soon = companions.Patience(now); soon.count() > 0) return soon;
  const std::string companion = companions.CompanionOf(key, now);
  if (companion.empty() || !desk_.table().IsComputed(Hash(companion))) return milliseconds(0);
  const auto computing = std::chrono::duration_cast<milliseconds>(guard.learning().p95());
  return computing.count() > 0 ? std::min(computing + stampede::Companions::kSoon, max_wait) : max_wait;
}

// ---- what is sent

namespace {

// Whether the key has another value afterwards, or none.
bool IsWrite(KeyUse::Kind use) {
  return use != KeyUse::Kind::kNothing && use != KeyUse::Kind::kLookup && use != KeyUse::Kind::kTouch;
}

}  // namespace

void FlightStage::Classify(const CommandSpec& spec, const resp::Request& request, NearNote& note) {
  if (!active_) return;
  note.use = uses_.Of(spec, request.args);
  for (NearNote::Key& key : note.keys) {
    if (Find(key.policy) == nullptr) continue;
    key.use = note.use.kind;
    if (key.use == KeyUse::Kind::kSet) key.value_argument = ValueArgument(spec, key.argument);
    // What a command writes without setting it whole is another value all the same.
    if (key.use == KeyUse::Kind::kEvidence && !key.written) key.use = KeyUse::Kind::kNothing;
  }
  if (note.use.kind == KeyUse::Kind::kSet) note.set_reply = SetReplyOf(spec, request);
}

bool FlightStage::Sending(const resp::Request& request, const stampede::Caller& caller, bool may_drop,
                          policy::RequestPlan* plan, NearNote& note) {
  if (!active_) return false;
  const auto now = context_.loop.Now();
  if (note.kind == NearNote::Kind::kFlush) {
    desk_.table().TaintWhere([](std::string_view) { return true; }, now, todo_);
    desk_.shadows().ForgetAll();
    Carry(nullptr);
  }
  bool dropped = false;
  bool told = false;
  for (NearNote::Key& key : note.keys) {
    if (!IsWrite(key.use)) continue;
    const bool tells = key.use == KeyUse::Kind::kRemove || !desk_.table().empty();
    if (!tells && !shadows_.Keeps(key.policy)) continue;
    const cache::HashedKey hashed = Hash(key.logical());
    shadows_.OnWriteSent(key, hashed.hash, plan, note.own_user);
    if (!tells) continue;
    told = told || !desk_.table().empty();
    if (key.use == KeyUse::Kind::kRemove) {
      const bool known = desk_.table().Taint(hashed, now, todo_);
      if (!known && (*guards_)[key.policy]->learning().eligible()) desk_.DropLease(std::string(key.logical()));
      continue;
    }
    key.fill = desk_.table().OnSetSent(hashed, caller, now, todo_);
    if (key.fill.fill == 0) continue;
    if (key.value_argument > 0 && key.value_argument < request.args.size())
      key.value = std::make_shared<const std::string>(request.args[key.value_argument]);
    if (!key.fill.tainted) continue;
    stampede::Guard& guard = *(*guards_)[key.policy];
    const policy::StaleSet rule = context_.policies->snapshot()->set().at(key.policy).stampede.stale_set;
    if (rule == policy::StaleSet::kPass) {
      guard.OnSuspectSet(stampede::SuspectSet::kPassed);
    } else if (rule == policy::StaleSet::kDrop && may_drop && key.fill.own_miss && note.keys.size() == 1) {
      guard.OnSuspectSet(stampede::SuspectSet::kDropped);
      dropped = true;
    } else {
      guard.OnSuspectSet(stampede::SuspectSet::kShortened);
      if (plan != nullptr) std::ranges::move(CutShort(key), std::back_inserter(plan->follow_ups));
    }
  }
  if (told) Carry(nullptr);
  return dropped;
}

bool FlightStage::Refreshes(const NearNote& note) {
  return std::ranges::any_of(note.keys, [](const NearNote::Key& key) { return key.fill.refresh; });
}

// ---- what that teaches

void FlightStage::Learn(const CommandSpec& spec, std::span<const std::string_view> args,
                        const policy::RequestPlan* plan, std::uint64_t session, bool in_transaction,
                        const NearNote& note) {
  if (!active_) return;
  const auto now = context_.loop.Now();
  if (note.kind == NearNote::Kind::kFlush) {
    for (const GuardPtr& guard : *guards_) {
      if (guard) guard->learning().OnFlush();
    }
  }
  for (const NearNote::Key& key : note.keys) {
    stampede::Guard* const guard = Find(key.policy);
    if (guard == nullptr) continue;
    stampede::Learning& learning = guard->learning();
    switch (note.use.kind) {
      case KeyUse::Kind::kNothing:
      case KeyUse::Kind::kLookup:
        break;
      case KeyUse::Kind::kSet:
        LearnSet(spec, args, plan,
                 {.session = session, .only_if_absent = note.use.only_if_absent, .in_transaction = in_transaction},
                 key);
        break;
      case KeyUse::Kind::kTouch:
        learning.OnTouch(Hash(key.logical()).hash, now);
        break;
      case KeyUse::Kind::kRemove:
        learning.OnRemove(Hash(key.logical()).hash, session);
        context_.near->Removed(key);
        break;
      case KeyUse::Kind::kChange:
        learning.OnChange(Hash(key.logical()).hash);
        break;
      case KeyUse::Kind::kEvidence:
        learning.OnEvidence(note.use.evidence);
        break;
    }
  }
}

void FlightStage::LearnSet(const CommandSpec& spec, std::span<const std::string_view> args,
                           const policy::RequestPlan* plan, stampede::Learning::SetSeen seen,
                           const NearNote::Key& key) {
  stampede::Guard& guard = *(*guards_)[key.policy];
  seen.lifetime = LifetimeOf(spec, args, plan, key.policy);
  context_.near->Written(key, seen.lifetime);
  guard.OnFill(guard.learning().OnSet(Hash(key.logical()).hash, seen, context_.loop.Now()));
}

void FlightStage::Closed(std::uint64_t session) {
  for (const GuardPtr& guard : *guards_) {
    if (guard) guard->refresh().Closed(session);
  }
}

// ---- what is answered

std::vector<policy::FollowUp> FlightStage::CutShort(const NearNote::Key& key) const {
  std::vector<policy::FollowUp> follow_ups = shadows_.KeepOut(key, kLateLife);
  follow_ups.push_back({.key = key.name, .ttl = kLateLife, .cap = true});
  return follow_ups;
}

std::vector<policy::FollowUp> FlightStage::Answered(const NearNote& note, std::optional<std::string_view> reply) {
  std::vector<policy::FollowUp> late;
  for (const NearNote::Key& key : note.keys) {
    if (IsWrite(key.use)) shadows_.OnWriteAnswered(key, !reply);
    if (key.fill.fill == 0) continue;
    const SetOutcome outcome = OutcomeOf(note, key, reply);
    if (desk_.table().OnSetDone(Hash(key.logical()), key.fill, outcome, context_.loop.Now(), todo_))
      std::ranges::move(CutShort(key), std::back_inserter(late));
    Carry(key.value);
  }
  return late;
}

}  // namespace herdgate::pipeline
