#include "sidecar/pipeline/invalidation_pacer.h"

#include <algorithm>

namespace herdgate::pipeline {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSaved = std::chrono::milliseconds(50);
constexpr nanoseconds kNoise = std::chrono::milliseconds(1);
constexpr double kLeastShare = 1.0 / 64;
constexpr double kStep = 1.0 / 32;

}  // namespace

nanoseconds InvalidationPacer::DelayUntil(Work work, base::SteadyTime now) const {
  return std::max(nanoseconds(0), nanoseconds(next_[static_cast<std::size_t>(work)] - now));
}

void InvalidationPacer::Sent(Work work, std::size_t keys, base::SteadyTime now) {
  const auto index = static_cast<std::size_t>(work);
  const double seconds = static_cast<double>(keys) / (rates_[index] * share_);
  // A rate near zero must not overflow the clock.
  const auto cost = nanoseconds(static_cast<std::int64_t>(std::min(seconds, 86400.0) * 1e9));
  next_[index] = std::max(next_[index], now - kSaved) + cost;
}

void InvalidationPacer::Answered(Work work, nanoseconds round_trip) {
  Trips& trips = trips_[static_cast<std::size_t>(work)];
  const bool known = trips.count >= kLeastSamples;
  const bool slow = known && round_trip > kNoise && round_trip > 4 * MedianOf(trips);
  trips.last[trips.count++ % kSamples] = round_trip;
  share_ = slow ? std::max(kLeastShare, share_ / 2) : std::min(1.0, share_ + kStep);
}

nanoseconds InvalidationPacer::MedianOf(const Trips& trips) {
  auto sorted = trips.last;
  const std::size_t count = std::min(trips.count, kSamples);
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(count));
  return *middle;
}

std::size_t InvalidationPacer::batch() const {
  return static_cast<std::size_t>(std::clamp(rate() / 100, 1.0, static_cast<double>(kMostChanges)));
}

std::size_t InvalidationPacer::page() const {
  return static_cast<std::size_t>(std::clamp(rates_[1] * share_ / 4000, 10.0, static_cast<double>(kMostPage)));
}

}  // namespace herdgate::pipeline
