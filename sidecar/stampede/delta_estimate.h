// DeltaEstimate: how long the apps take to recompute a policy's values: a mean and a 95th percentile that follow the
// newest samples.
//
// The mean is an exponentially weighted one; the percentile comes from buckets whose bounds grow by 5 %, so it is true
// within 2.5 %, and whose weights fade (forward decay: Cormode and others, 2009), so that the newest 512 samples make
// two thirds of it. 2 KiB, whatever it is told. Threads: one owner.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace herdgate::stampede {

class DeltaEstimate {
 public:
  static constexpr std::chrono::nanoseconds kLeast = std::chrono::milliseconds(1);  // shorter ones count as this

  void Add(std::chrono::nanoseconds delta);

  std::uint64_t samples() const { return samples_; }
  // 0 before the first sample, as the percentile is.
  std::chrono::nanoseconds mean() const { return std::chrono::nanoseconds(static_cast<std::int64_t>(mean_)); }
  // Walks the buckets: some hundred nanoseconds.
  std::chrono::nanoseconds P95() const;

 private:
  static constexpr std::size_t kBuckets = 256;  // 1 ms to 265 s
  static constexpr double kGrowth = 1.05;
  static constexpr double kMeanShare = 1.0 / 16;  // of the newest sample
  static constexpr double kFade = 1.0 / 512;

  std::uint64_t samples_ = 0;
  double mean_ = 0;    // in nanoseconds
  double weight_ = 1;  // of the next sample
  double total_ = 0;
  std::array<double, kBuckets> buckets_{};
};

}  // namespace herdgate::stampede
