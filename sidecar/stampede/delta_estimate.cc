#include "sidecar/stampede/delta_estimate.h"

#include <algorithm>
#include <cmath>

namespace herdgate::stampede {

void DeltaEstimate::Add(std::chrono::nanoseconds delta) {
  const auto value = static_cast<double>(std::max(delta, kLeast).count());
  mean_ = samples_ == 0 ? value : mean_ + kMeanShare * (value - mean_);
  ++samples_;
  const double place = std::log(value / static_cast<double>(kLeast.count())) / std::log(kGrowth);
  buckets_[std::min(static_cast<std::size_t>(place), kBuckets - 1)] += weight_;
  total_ += weight_;
  // Newer samples weigh more, rather than older ones less: it comes to the same and touches one bucket.
  weight_ *= 1 + kFade;
  if (weight_ < 1e100) return;
  for (double& bucket : buckets_) bucket /= weight_;
  total_ /= weight_;
  weight_ = 1;
}

std::chrono::nanoseconds DeltaEstimate::P95() const {
  if (samples_ == 0) return std::chrono::nanoseconds(0);
  double above = 0;
  std::size_t at = kBuckets - 1;
  while (at > 0 && above + buckets_[at] < 0.05 * total_) above += buckets_[at--];
  // The bucket's middle.
  const double value = static_cast<double>(kLeast.count()) * std::pow(kGrowth, static_cast<double>(at) + 0.5);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(value));
}

}  // namespace herdgate::stampede
