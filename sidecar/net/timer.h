// Timer: a one-shot deadline on a loop.
//
// Threads: the loop's thread. After Cancel() or destruction the callback does not run. The resolution is a millisecond.
#pragma once

#include <chrono>
#include <functional>

#include "sidecar/net/loop.h"

struct uv_timer_s;

namespace herdgate::net {

class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Runs `task` once after `delay`; an earlier deadline of this timer is forgotten.
  void After(std::chrono::milliseconds delay, std::function<void()> task);
  void Cancel();
  bool armed() const { return static_cast<bool>(task_); }

 private:
  void Fire();

  Loop& loop_;
  uv_timer_s* handle_;  // owned; freed by libuv's close callback
  std::function<void()> task_;
};

}  // namespace herdgate::net
