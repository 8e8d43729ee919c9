// PaceMeter: how fast a job is now and how long it takes still, from what was seen of it in the last seconds.
//
// Threads: one owner. Times are given.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace herdgate::app {

struct Pace {
  std::optional<double> per_second;    // keys
  std::optional<double> seconds_left;  // of running
};

class PaceMeter {
 public:
  static constexpr std::chrono::seconds kWindow{5};
  // Less says nothing.
  static constexpr std::chrono::milliseconds kLeast{700};

  // What is so at `now`: keys done, and the share of the whole, 0 to 1, if it is known. REQUIRES: `now` never goes
  // back.
  void Add(std::chrono::milliseconds now, std::uint64_t done, std::optional<double> share);
  // It does not run: what was seen says nothing of what comes.
  void Forget() { seen_.clear(); }
  Pace Get() const;

 private:
  struct Sample {
    std::chrono::milliseconds at;
    std::uint64_t done = 0;
    std::optional<double> share;
  };
  std::deque<Sample> seen_;
};

}  // namespace herdgate::app
