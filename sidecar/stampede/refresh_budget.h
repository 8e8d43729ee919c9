// RefreshBudget: how many values of a policy may be refreshed early: so many a second, and a share of what is missed
// anyway. A token bucket.
//
// Bounds what an estimate gone wrong can cost: the apps never recompute much more than they would have.
// Threads: OnMiss, any; the others, one owner or a mutex.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "sidecar/base/clock.h"

namespace herdgate::stampede {

struct BudgetOptions {
  double per_second = 10;
  double miss_share = 0.05;
  double burst = 50;  // at most so many at once
};

class RefreshBudget {
 public:
  explicit RefreshBudget(const BudgetOptions& options) : options_(options), tokens_(options.per_second) {}

  void OnMiss() { misses_.fetch_add(1, std::memory_order_relaxed); }
  // Whether one more may be refreshed; takes it.
  bool Take(base::SteadyTime now) {
    Earn(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // The one taken was not used.
  void GiveBack() { tokens_ = std::min(tokens_ + 1, options_.burst); }

 private:
  void Earn(base::SteadyTime now) {
    const std::uint64_t misses = misses_.load(std::memory_order_relaxed);
    if (last_ != base::SteadyTime()) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      tokens_ += std::max(seconds, 0.0) * options_.per_second;
    }
    tokens_ += static_cast<double>(misses - seen_) * options_.miss_share;
    tokens_ = std::min(tokens_, options_.burst);
    seen_ = misses;
    last_ = now;
  }

  const BudgetOptions options_;
  std::atomic<std::uint64_t> misses_{0};
  std::uint64_t seen_ = 0;
  base::SteadyTime last_{};
  double tokens_;
};

}  // namespace herdgate::stampede
