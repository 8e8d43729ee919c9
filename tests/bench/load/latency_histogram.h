// LatencyHistogram counts durations in log-linear buckets, as HdrHistogram does.
//
// Every power of two is cut into 64 equal buckets, so a percentile is off by less than 1 % of its value from 1 ns to
// 2^63 ns. Recording is an index and an increment. The memory is fixed (about 30 KiB). Threads: one writer; merge after
// the writers have ended.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace herdgate::bench {

class LatencyHistogram {
 public:
  void Record(uint64_t nanoseconds) {
    ++buckets_[IndexOf(nanoseconds)];
    ++count_;
  }
  void Merge(const LatencyHistogram& other);

  // The middle of the bucket that holds the given quantile (0 to 1), in nanoseconds; 0 when nothing was recorded.
  uint64_t ValueAt(double quantile) const;
  uint64_t count() const { return count_; }

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr size_t kSubBuckets = size_t{1} << kSubBits;
  static constexpr size_t kBuckets = (65 - kSubBits) * kSubBuckets;

  // Values below 2 * kSubBuckets have a bucket each. Above, a bucket is (power of two, the next kSubBits bits).
  static size_t IndexOf(uint64_t value) {
    if (value < kSubBuckets) return static_cast<size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return (shift + 1) * kSubBuckets + (static_cast<size_t>(value >> shift) - kSubBuckets);
  }
  static uint64_t MiddleOf(size_t index);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
};

}  // namespace herdgate::bench
