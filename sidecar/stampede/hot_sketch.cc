#include "sidecar/stampede/hot_sketch.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace herdgate::stampede {
namespace {

std::int64_t MinuteOf(base::SteadyTime now) {
  return std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
}

}  // namespace

void HotSketch::Touch(const cache::HashedKey& key, const HotLookup& lookup, base::SteadyTime now) {
  assert(lookup.weight > 0);
  const std::int64_t minute = MinuteOf(now);
  const std::lock_guard lock(mutex_);
  HalveAt(minute);
  lookups_ += lookup.weight;
  Index slot = body_ == nullptr ? kNone : Find(key.hash);
  if (slot == kNone) slot = Enter(key, minute);
  Facts& facts = body_->facts[slot];
  (lookup.hit ? facts.hits : facts.misses) += lookup.weight;
  facts.policy = lookup.policy;
  if (facts.minute < minute) Turn(facts, minute);
  std::uint32_t& count = facts.minutes[static_cast<std::size_t>(minute) % kMinutes];
  count += std::min(lookup.weight, std::numeric_limits<std::uint32_t>::max() - count);
  const std::size_t place = body_->places[slot];
  body_->heap[place].count += lookup.weight;
  Sink(place);
}

HotSketch::Counts HotSketch::CountsAt(base::SteadyTime now) {
  Counts counts;
  counts.keys.reserve(kKeys);
  const std::lock_guard lock(mutex_);
  HalveAt(MinuteOf(now));
  counts.lookups = lookups_;
  if (used_ == kKeys) counts.absent = body_->heap[0].count;
  for (std::size_t i = 0; i < used_; ++i) {
    const Place& place = body_->heap[i];
    const Facts& facts = body_->facts[place.slot];
    counts.keys.push_back({body_->hashes[place.slot], place.count, facts.hits + facts.misses});
  }
  return counts;
}

std::vector<std::optional<HotSketch::Detail>> HotSketch::Details(const std::vector<std::uint64_t>& hashes,
                                                                 base::SteadyTime now) {
  std::vector<std::optional<Detail>> details(hashes.size());
  const std::lock_guard lock(mutex_);
  if (body_ == nullptr) return details;
  HalveAt(MinuteOf(now));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (const Index slot = Find(hashes[i]); slot != kNone) details[i] = DetailOf(slot, MinuteOf(now));
  }
  return details;
}

double HotSketch::RateOf(std::uint64_t hash, base::SteadyTime now) {
  const std::int64_t minute = MinuteOf(now);
  const std::lock_guard lock(mutex_);
  const Index slot = body_ == nullptr ? kNone : Find(hash);
  if (slot == kNone) return 0;
  Facts& facts = body_->facts[slot];
  if (facts.minute < minute) Turn(facts, minute);
  const double present = facts.minutes[static_cast<std::size_t>(minute) % kMinutes];
  const double before = facts.minutes[(static_cast<std::size_t>(minute) + kMinutes - 1) % kMinutes];
  const std::chrono::duration<double> elapsed = now.time_since_epoch() - std::chrono::minutes(minute);
  return std::max(present / std::max(elapsed.count(), 10.0), (before + present) / (60 + elapsed.count()));
}

void HotSketch::ForgetPolicies() {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < used_; ++i) body_->facts[i].policy = kNoPolicy;
}

HotSketch::Detail HotSketch::DetailOf(Index slot, std::int64_t minute) const {
  Facts facts = body_->facts[slot];
  if (facts.minute < minute) Turn(facts, minute);
  Detail detail{.key = std::string(body_->keys[slot].data(), facts.key_bytes),
                .key_cut = facts.key_cut,
                .policy = facts.policy,
                .hits = facts.hits,
                .misses = facts.misses};
  for (std::size_t i = 0; i < kMinutes; ++i) {
    detail.minutes[i] = facts.minutes[(static_cast<std::size_t>(facts.minute) + 1 + i) % kMinutes];
  }
  return detail;
}

// Empties the minutes that nothing was counted in.
void HotSketch::Turn(Facts& facts, std::int64_t minute) {
  const std::int64_t first = std::max(facts.minute + 1, minute + 1 - static_cast<std::int64_t>(kMinutes));
  for (std::int64_t m = first; m <= minute; ++m) facts.minutes[static_cast<std::size_t>(m) % kMinutes] = 0;
  facts.minute = minute;
}

HotSketch::Index HotSketch::Find(std::uint64_t hash) const {
  Index slot = body_->chains[ChainOf(hash)];
  while (slot != kNone && body_->hashes[slot] != hash) slot = body_->next[slot];
  return slot;
}

// A new slot while there are any, else that of the least counted key, whose count it keeps.
HotSketch::Index HotSketch::Enter(const cache::HashedKey& key, std::int64_t minute) {
  if (body_ == nullptr) {
    static_assert(sizeof(Body) == 384U << 10U, "the header says how much it is");
    body_ = std::make_unique<Body>();
    body_->chains.fill(kNone);
  }
  Index slot = 0;
  if (used_ < kKeys) {
    slot = static_cast<Index>(used_);
    // Every other count is greater than 0, so the new one is the least: it goes where the root was, and that one down.
    std::size_t place = used_++;
    for (; place > 0; place = (place - 1) / 2) Put(place, body_->heap[(place - 1) / 2]);
    Put(0, {.count = 0, .slot = slot});
  } else {
    slot = body_->heap[0].slot;
    Leave(slot);
  }
  const std::size_t chain = ChainOf(key.hash);
  body_->hashes[slot] = key.hash;
  body_->next[slot] = body_->chains[chain];
  body_->chains[chain] = slot;
  const std::size_t bytes = key.text.copy(body_->keys[slot].data(), kMaxKeyBytes);
  body_->facts[slot] = {
      .minute = minute, .key_bytes = static_cast<std::uint16_t>(bytes), .key_cut = bytes < key.text.size()};
  return slot;
}

void HotSketch::Leave(Index slot) {
  Index* at = &body_->chains[ChainOf(body_->hashes[slot])];
  while (*at != slot) at = &body_->next[*at];
  *at = body_->next[slot];
}

// The heap's order, where the count at `place` has grown.
void HotSketch::Sink(std::size_t place) {
  const Place moving = body_->heap[place];
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= used_) break;
    if (child + 1 < used_ && body_->heap[child + 1].count < body_->heap[child].count) ++child;
    if (body_->heap[child].count >= moving.count) break;
    Put(place, body_->heap[child]);
    place = child;
  }
  Put(place, moving);
}

void HotSketch::Put(std::size_t place, const Place& what) {
  body_->heap[place] = what;
  body_->places[what.slot] = static_cast<Index>(place);
}

// Counts are rounded up and what is sure down, so both stay bounds. That changes no order.
void HotSketch::HalveAt(std::int64_t minute) {
  const std::int64_t turns = minute / kHalveEvery.count();
  const std::int64_t times = lookups_ == 0 ? 0 : std::min<std::int64_t>(turns - halved_, 63);
  halved_ = std::max(halved_, turns);
  for (std::int64_t time = 0; time < times; ++time) {
    lookups_ = (lookups_ + 1) / 2;
    for (std::size_t i = 0; i < used_; ++i) {
      body_->heap[i].count = (body_->heap[i].count + 1) / 2;
      body_->facts[i].hits /= 2;
      body_->facts[i].misses /= 2;
    }
  }
}

}  // namespace herdgate::stampede
