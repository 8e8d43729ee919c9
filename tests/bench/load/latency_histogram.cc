#include "tests/bench/load/latency_histogram.h"

namespace herdgate::bench {

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

uint64_t LatencyHistogram::ValueAt(double quantile) const {
  if (count_ == 0) return 0;
  // The rank of the wanted sample, counted from 1.
  const double wanted = quantile * static_cast<double>(count_);
  uint64_t rank = static_cast<uint64_t>(wanted);
  if (static_cast<double>(rank) < wanted || rank == 0) ++rank;
  if (rank > count_) rank = count_;
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return MiddleOf(i);
  }
  return MiddleOf(kBuckets - 1);
}

uint64_t LatencyHistogram::MiddleOf(size_t index) {
  if (index < kSubBuckets) return index;
  const unsigned shift = static_cast<unsigned>(index / kSubBuckets) - 1;
  const uint64_t low = static_cast<uint64_t>(kSubBuckets + index % kSubBuckets) << shift;
  return low + ((uint64_t{1} << shift) >> 1);
}

}  // namespace herdgate::bench
