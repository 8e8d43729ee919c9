#include "sidecar/cache/ttl_curve.h"

#include <algorithm>
#include <limits>

namespace herdgate::cache {
namespace {

constexpr Tick kDoubt = 8;
constexpr Tick kDoubtShare = 16;

}  // namespace

Tick TtlCurve::After(Tick now, Tick life, std::size_t which) {
  const double until = static_cast<double>(now) + static_cast<double>(life) * kLifeShares[which];
  return static_cast<Tick>(std::min(until, static_cast<double>(std::numeric_limits<Tick>::max())));
}

void TtlCurve::LookedUp(std::size_t policy, std::uint64_t hash, bool found, Tick life, Tick now) {
  if (!sample_.Samples(policy, hash)) return;
  Index key = sample_.Find(hash);
  if (key == sample_.kNone) {
    if (sample_.full()) MakeRoom(now);
    if (!sample_.Samples(policy, hash)) return;
    key = sample_.Add(policy, hash);
    sample_[key].life = life;
  }
  LivingKey& record = sample_[key];
  Correct(record, found, now);
  const double weight = sample_.Counts(policy, hash) ? sample_.Weight(policy) : 0;
  if (!found) misses_[policy].real += weight;
  for (std::size_t i = 0; i < kLives; ++i) {
    if (now < record.until[i]) continue;
    misses_[policy].tried[i] += weight;
    if (found) record.until[i] = After(now, record.life, i);
  }
  if (!found) record.missed = now;
}

void TtlCurve::Correct(LivingKey& record, bool found, Tick now) {
  Tick& real = record.until[kReal];
  const bool lives = now < real;
  if (found == lives) return;
  // The upstream's clock and ours, and what jitter takes: near its end nothing follows from what is seen.
  const Tick doubt = kDoubt + record.life / kDoubtShare;
  const Tick apart = lives ? real - now : now - real;
  if (found) {
    real = apart <= doubt ? now + 1 : After(now, record.life, kReal);
    for (std::size_t i = kReal + 1; apart > doubt && i < kLives; ++i) record.until[i] = After(now, record.life, i);
  } else if (apart <= doubt) {
    real = now;
  } else {
    record.until = {};
  }
}

void TtlCurve::Written(std::uint64_t hash, Tick life, Tick fallback, Tick now) {
  const Index key = sample_.Find(hash);
  if (key == sample_.kNone) return;
  LivingKey& record = sample_[key];
  record.life = life > 0 ? life : fallback;
  for (std::size_t i = 0; i < kLives; ++i) {
    if (record.missed == 0 || record.until[i] <= now) record.until[i] = After(now, record.life, i);
  }
  record.missed = 0;
}

void TtlCurve::Removed(std::uint64_t hash) {
  const Index key = sample_.Find(hash);
  if (key == sample_.kNone) return;
  sample_[key].until = {};
  sample_[key].missed = 0;
}

void TtlCurve::Sweep(Tick now) {
  sample_.Each([&](Index key, const LivingKey& record) {
    const bool awaited = record.missed > 0 && now - record.missed <= write_time_;
    if (!awaited && std::ranges::all_of(record.until, [now](Tick until) { return until <= now; })) sample_.Remove(key);
  });
}

void TtlCurve::MakeRoom(Tick now) {
  Sweep(now);
  while (sample_.free_keys() < sample_.records().size() / 16) Lower(sample_.Largest());
}

void TtlCurve::Lower(std::size_t policy) {
  sample_.Lower(policy);
  sample_.Each([&](Index key, const LivingKey& record) {
    if (record.policy == policy && !sample_.Samples(policy, record.hash)) sample_.Remove(key);
  });
}

void TtlCurve::Restart(std::size_t policy) {
  sample_.Each([&](Index key, const LivingKey& record) {
    if (record.policy == policy) sample_.Remove(key);
  });
  sample_.Restart(policy);
}

}  // namespace herdgate::cache
