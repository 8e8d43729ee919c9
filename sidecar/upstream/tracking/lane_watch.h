// LaneWatch: notices a lane that owes an answer and says nothing for too long.
//
// Threads: the loop's. Ownership: the lane's borrower holds it, and ends it before it gives the lane back.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/lane.h"

namespace herdgate::upstream {

class LaneWatch {
 public:
  LaneWatch(net::Loop& loop, std::chrono::milliseconds dead_after)
      : loop_(loop), dead_after_(dead_after), timer_(loop) {}

  // From now on, until End or one call of `on_silent`.
  void Begin(const Lane& lane, std::function<void()> on_silent) {
    lane_ = &lane;
    on_silent_ = std::move(on_silent);
    heard_at_ = owed_since_ = loop_.Now();
  }
  // Around each question: before it is queued, and when it is.
  void Asking() {
    if (lane_->idle()) owed_since_ = loop_.Now();
  }
  void Asked() {
    if (timer_.armed()) return;
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(Silence());
    timer_.After(std::max(std::chrono::milliseconds(1), dead_after_ - silent), [this] { Look(); });
  }
  // Bytes came.
  void Heard() { heard_at_ = loop_.Now(); }
  void End() {
    timer_.Cancel();
    lane_ = nullptr;
  }
  // Nothing is owed, and nothing came for that long.
  bool quiet_for(std::chrono::milliseconds span) const { return lane_->idle() && loop_.Now() - heard_at_ >= span; }

 private:
  std::chrono::nanoseconds Silence() const { return loop_.Now() - std::max(heard_at_, owed_since_); }
  void Look() {
    if (lane_ == nullptr || lane_->idle()) return;
    if (Silence() < dead_after_) return Asked();
    // The call may end the watch.
    const auto on_silent = on_silent_;
    on_silent();
  }

  net::Loop& loop_;
  const std::chrono::milliseconds dead_after_;
  net::Timer timer_;
  const Lane* lane_ = nullptr;
  std::function<void()> on_silent_;
  base::SteadyTime heard_at_;
  base::SteadyTime owed_since_;
};

}  // namespace herdgate::upstream
