#include "sidecar/cache/hit_curves.h"

#include <algorithm>
#include <utility>

namespace herdgate::cache {
namespace {

using std::chrono::milliseconds;

constexpr metrics::CounterFamily kLookups{"herdgate_what_if_lookups_total",
                                          "Lookups that the estimated misses are of, by policy."};
constexpr metrics::CounterFamily kSizeMisses{
    "herdgate_what_if_size_misses_total",
    "Estimated: lookups that a near cache of so many times its size would not have answered."};
constexpr metrics::CounterFamily kTtlMisses{
    "herdgate_what_if_ttl_misses_total",
    "Estimated: lookups that would have found no value if keys lived so many times as long."};
constexpr std::array<std::string_view, kSizes> kSizeNames = {"1/8x", "1/4x", "1/2x", "1x", "2x", "4x", "8x"};
constexpr std::array<std::string_view, kLives> kLifeNames = {"1/4x", "1/2x", "1x", "2x", "4x"};

constexpr std::size_t kSizeKeys = 6144;
constexpr std::size_t kLifeKeys = 7936;
constexpr milliseconds kTick{16};
constexpr Tick kFillTime = 32;    // half a second
constexpr Tick kWriteTime = 625;  // ten
constexpr std::size_t kLeastEvents = 256;
// So few keys are not made fewer because they are asked for often.
constexpr std::size_t kFewKeys = 64;

Tick TicksOf(milliseconds time) {
  return static_cast<Tick>(std::clamp<std::int64_t>(time / kTick, 0, 1U << 30U));
}

template <std::size_t kWorlds>
std::vector<HitCurve::Point> Points(const std::array<double, kWorlds>& shares, double whole,
                                    const std::array<double, kWorlds>& ratios) {
  std::vector<HitCurve::Point> points;
  for (std::size_t i = 0; i < kWorlds; ++i) points.push_back({.at = whole * shares[i], .hit_ratio = ratios[i]});
  return points;
}

}  // namespace

HitCurves::HitCurves(std::size_t loops, std::size_t near_bytes, base::SteadyTime now)
    : began_(now), near_bytes_(near_bytes), taps_(loops), marked_{now, now} {
  for (auto& taps : taps_) {
    for (std::size_t place = 0; place < kMostCurves; ++place) {
      taps[place].gate_ = &gates_[place];
      taps[place].policy_ = place;
    }
  }
}

HitCurves::Mark HitCurves::Mark::Since(const Mark& before) const {
  return {.lookups = lookups - before.lookups,
          .not_near = not_near - before.not_near,
          .not_found = not_found - before.not_found,
          .sizes = sizes.Since(before.sizes),
          .lives = lives.Since(before.lives)};
}

Tick HitCurves::At(base::SteadyTime now) const {
  return TicksOf(std::chrono::duration_cast<milliseconds>(now - began_)) + 1;
}

// ---- policies

std::size_t HitCurves::PlaceOf(std::string_view policy) const {
  const auto found = std::ranges::find(policies_, policy, [](const Policy& known) { return known.terms.name; });
  return static_cast<std::size_t>(found - policies_.begin());
}

void HitCurves::SetPolicies(const std::vector<CurveTerms>& policies) {
  const std::lock_guard lock(mutex_);
  for (std::size_t place = 0; place < kMostCurves; ++place) {
    const std::string& name = policies_[place].terms.name;
    if (!name.empty() && std::ranges::find(policies, name, &CurveTerms::name) == policies.end()) Begin(place, {});
  }
  for (const CurveTerms& terms : policies) {
    if (!terms.sizes && !terms.lives) continue;
    std::size_t place = PlaceOf(terms.name);
    if (place == kMostCurves) place = PlaceOf("");
    if (place < kMostCurves && policies_[place].terms != terms) Begin(place, terms);
  }
  SetMostEvents();
  SetGates();
}

void HitCurves::Begin(std::size_t place, const CurveTerms& terms) {
  if (terms.sizes && !sizes_) sizes_ = std::make_unique<SizeCurve>(kSizeKeys, near_bytes_, kFillTime);
  if (terms.lives && !lives_) lives_ = std::make_unique<TtlCurve>(kLifeKeys, kWriteTime);
  if (sizes_) sizes_->Restart(place);
  if (lives_) lives_->Restart(place);
  Policy& policy = policies_[place];
  if (policy.terms.name != terms.name) policy = {};
  policy.terms = terms;
  const Mark now = MarkOf(place);
  policy.marks = {now, now};
  policy.told = now;
}

HitCurves::Tap* HitCurves::TapOf(std::size_t loop, std::string_view policy) {
  const std::lock_guard lock(mutex_);
  const std::size_t place = policy.empty() ? kMostCurves : PlaceOf(policy);
  return place < kMostCurves ? &taps_[loop][place] : nullptr;
}

// ---- what is sampled

void HitCurves::SetGates() {
  std::uint32_t near = 0;
  for (std::size_t place = 0; place < kMostCurves; ++place) {
    const Policy& policy = policies_[place];
    const std::uint32_t sizes = policy.terms.sizes ? sizes_->threshold(place) : 0;
    const std::uint32_t lives = policy.terms.lives ? lives_->threshold(place) : 0;
    near = std::max(near, sizes);
    gates_[place].store(policy.rests ? 0 : std::max(sizes, lives), std::memory_order_relaxed);
  }
  near_gate_.store(near, std::memory_order_relaxed);
}

void HitCurves::SetMostEvents() {
  const auto used = std::ranges::count_if(policies_, [](const Policy& policy) { return !policy.terms.name.empty(); });
  most_events_ = std::max(kMostEvents / static_cast<std::size_t>(std::max<std::ptrdiff_t>(used, 1)), kLeastEvents);
}

// Half as many keys are sampled, or the policy rests.
void HitCurves::Spend(std::size_t place) {
  Policy& policy = policies_[place];
  if (++policy.events < most_events_) return;
  policy.rests = true;
  const auto lower = [&](auto* curve) {
    if (curve == nullptr || curve->keys(place) <= kFewKeys) return;
    constexpr int kHalves = 5;
    for (int i = 0; i < kHalves; ++i) curve->Lower(place);
    policy.rests = false;
  };
  lower(sizes_.get());
  lower(lives_.get());
  if (!policy.rests) policy.events /= 2;
  SetGates();
}

void HitCurves::LookedUp(const Tap& tap, const Lookup& lookup, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const std::size_t place = tap.policy_;
  const CurveTerms& terms = policies_[place].terms;
  const Tick at = At(now);
  const std::uint32_t sizes = terms.sizes ? sizes_->threshold(place) : 0;
  const std::uint32_t lives = terms.lives ? lives_->threshold(place) : 0;
  if (terms.sizes) sizes_->LookedUp(place, lookup.hash, lookup.room, TicksOf(terms.near_for), at);
  if (terms.lives) lives_->LookedUp(place, lookup.hash, lookup.found, TicksOf(terms.life), at);
  const bool lowered =
      (terms.sizes && sizes_->threshold(place) != sizes) || (terms.lives && lives_->threshold(place) != lives);
  if (lowered) SetGates();
  Spend(place);
}

void HitCurves::Written(const Tap& tap, std::uint64_t hash, milliseconds life, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const CurveTerms& terms = policies_[tap.policy_].terms;
  if (terms.lives) lives_->Written(hash, TicksOf(life), TicksOf(terms.life), At(now));
  Spend(tap.policy_);
}

void HitCurves::Removed(const Tap& tap, std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (policies_[tap.policy_].terms.lives) lives_->Removed(hash);
  Spend(tap.policy_);
}

void HitCurves::NearPublished(std::uint64_t hash, std::size_t room, milliseconds fresh_for, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (sizes_) sizes_->Published(hash, room, TicksOf(fresh_for), At(now));
}

void HitCurves::NearDropped(std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (sizes_) sizes_->Dropped(hash);
}

void HitCurves::NearCleared() {
  const std::lock_guard lock(mutex_);
  if (sizes_) sizes_->Clear();
}

// ---- what was counted

HitCurves::Mark HitCurves::MarkOf(std::size_t place) const {
  Mark mark;
  for (const auto& taps : taps_) {
    mark.lookups += static_cast<double>(taps[place].lookups_.value());
    mark.not_near += static_cast<double>(taps[place].not_near_.value());
    mark.not_found += static_cast<double>(taps[place].not_found_.value());
  }
  if (sizes_) mark.sizes = sizes_->misses(place);
  if (lives_) mark.lives = lives_->misses(place);
  return mark;
}

void HitCurves::BringUpToDate(std::size_t place) {
  Policy& policy = policies_[place];
  const Mark now = MarkOf(place);
  const Mark since = now.Since(policy.told);
  const Mark window = now.Since(policy.marks[0]);
  policy.lookups += since.lookups;
  policy.sizes.Add(since.sizes, window.sizes.Correction(window.not_near));
  policy.lives.Add(since.lives, window.lives.Correction(window.not_found));
  policy.told = now;
}

void HitCurves::EverySecond(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  for (std::size_t place = 0; place < kMostCurves; ++place) {
    Policy& policy = policies_[place];
    if (policy.terms.name.empty()) continue;
    BringUpToDate(place);
    policy.most_events = std::max(policy.most_events, policy.events);
    policy.events = 0;
    policy.rests = false;
  }
  if (now - marked_[1] >= kWindow) Turn(now);
  SetGates();
}

// A sample with room takes in more keys; they count from the next window on.
void HitCurves::Turn(base::SteadyTime now) {
  marked_ = {marked_[1], now};
  const auto turn = [&](auto* curve) {
    if (curve == nullptr) return;
    curve->Sweep(At(now));
    for (std::size_t place = 0; place < kMostCurves; ++place) {
      if (!curve->settled(place)) {
        curve->Settle(place);
      } else if (curve->HasRoom() && policies_[place].most_events < most_events_ / 4) {
        curve->Raise(place);
      }
    }
  };
  turn(sizes_.get());
  turn(lives_.get());
  for (std::size_t place = 0; place < kMostCurves; ++place) {
    policies_[place].marks = {policies_[place].marks[1], MarkOf(place)};
    policies_[place].most_events = 0;
  }
}

std::vector<HitCurve> HitCurves::Snapshot(base::SteadyTime now) const {
  std::vector<HitCurve> curves;
  const std::lock_guard lock(mutex_);
  for (std::size_t place = 0; place < kMostCurves; ++place) {
    const CurveTerms& terms = policies_[place].terms;
    if (terms.name.empty()) continue;
    const Mark since = MarkOf(place).Since(policies_[place].marks[0]);
    HitCurve curve;
    curve.policy = terms.name;
    curve.lookups = since.lookups;
    curve.window = std::chrono::duration_cast<std::chrono::seconds>(now - marked_[0]);
    if (terms.sizes) curve.near_keys = sizes_->keys(place);
    if (terms.lives) curve.live_keys = lives_->keys(place);
    if (terms.sizes && since.lookups > 0)
      curve.sizes =
          Points(kSizeShares, static_cast<double>(near_bytes_), since.sizes.HitRatios(since.lookups, since.not_near));
    if (terms.lives && since.lookups > 0)
      curve.lives = Points(kLifeShares, std::chrono::duration<double>(terms.life).count(),
                           since.lives.HitRatios(since.lookups, since.not_found));
    curves.push_back(std::move(curve));
  }
  std::ranges::sort(curves, {}, &HitCurve::policy);
  return curves;
}

void HitCurves::Collect(metrics::SampleSink& sink) const {
  const std::lock_guard lock(mutex_);
  for (const Policy& policy : policies_) {
    const CurveTerms& terms = policy.terms;
    if (terms.name.empty()) continue;
    sink.Add(kLookups, {{"policy", terms.name}}, policy.lookups);
    for (std::size_t i = 0; terms.sizes && i < kSizes; ++i)
      sink.Add(kSizeMisses, {{"policy", terms.name}, {"size", kSizeNames[i]}}, policy.sizes.tried[i]);
    for (std::size_t i = 0; terms.lives && i < kLives; ++i)
      sink.Add(kTtlMisses, {{"policy", terms.name}, {"ttl", kLifeNames[i]}}, policy.lives.tried[i]);
  }
}

std::size_t HitCurves::bytes() const {
  const std::lock_guard lock(mutex_);
  return sizeof(*this) + taps_.capacity() * sizeof(taps_[0]) + (sizes_ ? sizes_->bytes() : 0) +
         (lives_ ? lives_->bytes() : 0);
}

}  // namespace herdgate::cache
