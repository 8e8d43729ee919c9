#include "sidecar/cache/size_curve.h"

#include <utility>

#include "sidecar/cache/entry.h"

namespace herdgate::cache {
namespace {

// Of the table and of the ghost, on the average of their growing.
constexpr std::size_t kTableBytes = 14;
constexpr std::size_t kGhostBytes = 6;

template <std::size_t... kSize>
std::array<MiniFifo, kSizes> Caches(double max_bytes, std::index_sequence<kSize...>) {
  return {MiniFifo(kSize, max_bytes * kSizeShares[kSize])...};
}

}  // namespace

std::size_t SizeCurve::Room(std::size_t key_size, std::size_t value_size) {
  return Entry::BytesFor(key_size, value_size) + kTableBytes + kGhostBytes;
}

SizeCurve::SizeCurve(std::size_t keys, std::size_t max_bytes, Tick fill_time)
    : fill_time_(fill_time),
      sample_(keys),
      caches_(Caches(static_cast<double>(max_bytes), std::make_index_sequence<kSizes>())) {}

void SizeCurve::LookedUp(std::size_t policy, std::uint64_t hash, std::size_t room, Tick fresh_for, Tick now) {
  if (!sample_.Samples(policy, hash)) return;
  Index key = sample_.Find(hash);
  if (key == sample_.kNone) {
    if (sample_.full()) MakeRoom(now);
    if (!sample_.Samples(policy, hash)) return;
    key = sample_.Add(policy, hash);
  }
  sample_[key].touched = now;
  if (room > 0) SetRoom(key, room);
  const double weight = sample_.Counts(policy, hash) ? sample_.Weight(policy) : 0;
  if (room == 0) misses_[policy].real += weight;
  for (std::size_t size = 0; size < kSizes; ++size) {
    MiniPlace& place = sample_[key].places[size];
    if (place.resident && place.frequency < Entry::kMaxFrequency) ++place.frequency;
    if (place.resident && now < place.fresh_until) continue;
    misses_[policy].tried[size] += weight;
    if (room > 0) Keep(key, size, now + fresh_for);
  }
}

void SizeCurve::Published(std::uint64_t hash, std::size_t room, Tick fresh_for, Tick now) {
  const Index key = sample_.Find(hash);
  if (key == sample_.kNone) return;
  SetRoom(key, room);
  for (std::size_t size = 0; size < kSizes; ++size) {
    const MiniPlace& place = sample_[key].places[size];
    // One that has it would not have asked.
    if (!place.resident || now >= place.fresh_until) Keep(key, size, now + fresh_for);
  }
}

void SizeCurve::Dropped(std::uint64_t hash) {
  const Index key = sample_.Find(hash);
  if (key == sample_.kNone) return;
  for (std::size_t size = 0; size < kSizes; ++size) {
    if (sample_[key].places[size].resident) caches_[size].Remove(sample_, key);
  }
}

void SizeCurve::Clear() {
  sample_.Clear();
  for (MiniFifo& cache : caches_) cache.Clear();
}

// A newer value of a key takes its place in the queue.
void SizeCurve::Keep(Index key, std::size_t size, Tick fresh_until) {
  MiniPlace& place = sample_[key].places[size];
  place.fresh_until = fresh_until;
  if (!place.resident) caches_[size].Insert(sample_, key);
}

void SizeCurve::SetRoom(Index key, std::size_t room) {
  SizedKey& record = sample_[key];
  const auto bytes = static_cast<float>(static_cast<double>(room) * sample_.Scale(record.policy));
  const double by = static_cast<double>(bytes) - static_cast<double>(record.bytes);
  if (by == 0) return;
  record.bytes = bytes;
  for (std::size_t size = 0; size < kSizes; ++size) {
    if (record.places[size].resident) caches_[size].Resize(record.places[size], by);
  }
  for (MiniFifo& cache : caches_) cache.Shrink(sample_);
}

void SizeCurve::Free(Index key) {
  Dropped(sample_[key].hash);
  sample_.Remove(key);
}

bool SizeCurve::IsKnown(const SizedKey& record) const {
  for (std::size_t size = 0; size < kSizes; ++size) {
    if (record.places[size].resident || caches_[size].Remembers(record.places[size])) return true;
  }
  return false;
}

void SizeCurve::Sweep(Tick now) {
  sample_.Each([&](Index key, const SizedKey& record) {
    if (now - record.touched > fill_time_ && !IsKnown(record)) Free(key);
  });
}

void SizeCurve::MakeRoom(Tick now) {
  Sweep(now);
  // A sweep that brings little would soon be needed again.
  while (sample_.free_keys() < sample_.records().size() / 16) Lower(sample_.Largest());
}

void SizeCurve::Lower(std::size_t policy) {
  Rescale(policy, sample_.Lower(policy));
}

void SizeCurve::Raise(std::size_t policy) {
  Rescale(policy, sample_.Raise(policy));
}

void SizeCurve::Rescale(std::size_t policy, double factor) {
  sample_.Each([&](Index key, SizedKey& record) {
    if (record.policy != policy) return;
    if (!sample_.Samples(policy, record.hash)) return Free(key);
    record.bytes = static_cast<float>(static_cast<double>(record.bytes) * factor);
  });
  for (MiniFifo& cache : caches_) {
    cache.Recount(sample_);
    cache.Shrink(sample_);
  }
}

void SizeCurve::Restart(std::size_t policy) {
  sample_.Each([&](Index key, const SizedKey& record) {
    if (record.policy == policy) Free(key);
  });
  sample_.Restart(policy);
}

}  // namespace herdgate::cache
