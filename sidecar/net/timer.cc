#include "sidecar/net/timer.h"

#include <uv.h>

#include <utility>

namespace herdgate::net {

Timer::Timer(Loop& loop) : loop_(loop), handle_(new uv_timer_s) {
  uv_timer_init(loop.uv(), handle_);
  handle_->data = this;
}

Timer::~Timer() {
  handle_->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(handle_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
}

void Timer::After(std::chrono::milliseconds delay, std::function<void()> task) {
  task_ = std::move(task);
  uv_update_time(loop_.uv());
  uv_timer_start(
      handle_, [](uv_timer_t* handle) { static_cast<Timer*>(handle->data)->Fire(); },
      static_cast<std::uint64_t>(delay.count()), 0);
}

void Timer::Cancel() {
  task_ = nullptr;
  uv_timer_stop(handle_);
}

void Timer::Fire() {
  loop_.RefreshNow();
  auto task = std::exchange(task_, nullptr);
  if (task) task();
}

}  // namespace herdgate::net
