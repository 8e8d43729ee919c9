// ProcessorSharing is the simulated origin: a database with a number of slots that all running jobs share.
//
// With n jobs at work each progresses at the rate min(1, slots / n). Exact: the ends are computed, not stepped
// through. All jobs progress at one rate, so the work done per job (virtual time) orders their ends; a job that starts
// at virtual time v with cost d ends at v + d. Times are seconds since the start of the run and never go back.
//
// Threads: one. Starting or ending a job costs O(log n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace herdgate::bench {

class ProcessorSharing {
 public:
  struct Ended {
    std::uint64_t id = 0;
    double at = 0;  // when it ended, which is before the caller asked
  };
  // From `at` on this many jobs are at work.
  struct Step {
    double at = 0;
    std::size_t jobs = 0;
  };

  // slots: 0 for no limit.
  explicit ProcessorSharing(double slots) : slots_(slots) {}

  // REQUIRES cost > 0. `id` comes back from TakeEnded.
  void Start(double now, std::uint64_t id, double cost);
  // The jobs that have ended by `now` and were not taken yet, in the order of their ends.
  std::vector<Ended> TakeEnded(double now);
  // When the next job ends if none starts before; empty: none is at work.
  std::optional<double> NextEnd() const;

  std::size_t jobs() const { return running_.size(); }
  std::size_t peak() const { return peak_; }
  // Seconds since `from` in which more than this many jobs were at work.
  double SecondsAbove(double jobs, double from) const;
  // Every change of the number of jobs, in order.
  const std::vector<Step>& steps() const { return steps_; }

 private:
  struct Job {
    double end = 0;  // in virtual time
    std::uint64_t order = 0;
    std::uint64_t id = 0;
    bool operator>(const Job& other) const { return end != other.end ? end > other.end : order > other.order; }
  };

  double Speed() const;
  void Advance(double now);

  double slots_;
  double now_ = 0;
  double virtual_now_ = 0;
  std::uint64_t started_ = 0;
  std::priority_queue<Job, std::vector<Job>, std::greater<>> running_;
  std::vector<Ended> ended_;
  std::vector<Step> steps_;
  std::size_t peak_ = 0;
};

}  // namespace herdgate::bench
