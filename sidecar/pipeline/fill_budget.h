// FillBudget: how fast the near cache may be filled when it starts from nothing, so that an upstream that has just come
// back is not asked for every hot key at once. A token bucket that counts for a while and then lets all pass.
//
// Threads: one owner. A plain value; `now` is the caller's steady clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "sidecar/base/clock.h"

namespace herdgate::pipeline {

class FillBudget {
 public:
  struct Options {
    double per_second = 1000;
    double burst = 200;
    // How long it counts after a Begin.
    std::chrono::seconds lasts{10};
  };

  FillBudget() = default;
  explicit FillBudget(const Options& options) : options_(options) {}

  // From now on it counts, with a full burst.
  void Begin(base::SteadyTime now) {
    tokens_ = options_.burst;
    filled_at_ = now;
    ends_at_ = now + options_.lasts;
  }
  // Whether one more may be asked for now.
  bool Take(base::SteadyTime now) {
    if (now >= ends_at_) return true;
    const std::chrono::duration<double> passed = now - filled_at_;
    tokens_ = std::min(options_.burst, tokens_ + std::max(passed.count(), 0.0) * options_.per_second);
    filled_at_ = std::max(filled_at_, now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  Options options_{};
  double tokens_ = 0;
  base::SteadyTime filled_at_{};
  base::SteadyTime ends_at_{};
};

}  // namespace herdgate::pipeline
