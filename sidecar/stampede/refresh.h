// Refresh: early refresh of one policy's keys: whether a read that found its value is to recompute it, and by whom.
//
// Due says when: XFetch (x_fetch.h), only in the last part of the value's life, so that an outlier among the deltas
// costs little, and only for keys read so often that the fleet would see a stampede. Choose says who (victims.h),
// within the budget. A chosen one is answered nil, once the fleet's lease is held, while all others keep the living
// value. Whether the policy may be refreshed at all is Learning's to say. Threads: Due, any, with the caller's own
// Random: it takes no lock and allocates nothing. The others, any; a leaf mutex, taken only for reads that are due,
// misses and SETs of keys.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"
#include "sidecar/stampede/refresh_budget.h"
#include "sidecar/stampede/victims.h"

namespace herdgate::stampede {

struct RefreshOptions {
  // Greater: earlier and rather in time; with a lease it costs no recomputes but those of the shorter life.
  // REQUIRES > 0
  double beta = 2;
  // The last share of a value's life in which it may be refreshed.
  double window = 0.3;
  BudgetOptions budget{};
  VictimOptions victims{};
};

class Refresh {
 public:
  // What is known of a value that was just read.
  struct Reading {
    std::chrono::nanoseconds left{0};      // of its life, as the app counts it
    std::chrono::nanoseconds lifetime{0};  // that it was given; 0: not known, then it isn't refreshed
    std::chrono::nanoseconds delta{0};     // how long its recomputation takes; 0: not known, then it isn't refreshed
    double rate = 0;                       // reads of the key a second, in this pod
    double pods = 1;                       // sidecars in the fleet; REQUIRES >= 1
  };

  explicit Refresh(const RefreshOptions& options = {});

  bool Due(const Reading& reading, base::Random& random) const;

  // A synthetic miss for this caller? If kChosen: Filled, Unfilled or Cancel must follow.
  Choice Choose(std::uint64_t key, const Victims::Candidate& candidate, base::SteadyTime now);
  void Cancel(std::uint64_t key);
  void Filled(std::uint64_t key);
  void Unfilled(std::uint64_t key, base::SteadyTime now);
  // A read that found nothing, not one that was shown a synthetic miss.
  void Missed(std::uint64_t key);
  void Closed(std::uint64_t session);

  // Any thread. REQUIRES > 0
  void SetBeta(double beta) { beta_.store(beta, std::memory_order_relaxed); }
  double beta() const { return beta_.load(std::memory_order_relaxed); }
  std::array<std::uint64_t, kChoices> Choices() const;

 private:
  const RefreshOptions options_;
  std::atomic<double> beta_;
  mutable std::mutex mutex_;
  Victims victims_;
  RefreshBudget budget_;
  std::array<std::uint64_t, kChoices> choices_{};
};

}  // namespace herdgate::stampede
