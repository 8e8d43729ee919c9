#include "sidecar/app/signal_loop.h"

#include <uv.h>

#include <array>
#include <csignal>
#include <utility>

namespace herdgate::app {
namespace {

constexpr std::array<int, 3> kSignals = {SIGTERM, SIGINT, SIGHUP};

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

struct SignalLoop::Handles {
  uv_loop_t loop{};
  std::array<uv_signal_t, kSignals.size()> signals{};
};

void BlockSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

SignalLoop::SignalLoop() : handles_(std::make_unique<Handles>()) {
  uv_loop_init(&handles_->loop);
  for (uv_signal_t& handle : handles_->signals) {
    handle.data = this;
    uv_signal_init(&handles_->loop, &handle);
  }
}

SignalLoop::~SignalLoop() {
  for (uv_signal_t& handle : handles_->signals) uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
  uv_run(&handles_->loop, UV_RUN_DEFAULT);
  uv_loop_close(&handles_->loop);
}

uv_loop_s* SignalLoop::uv() {
  return &handles_->loop;
}

int SignalLoop::Run(std::function<void()> on_hangup) {
  on_hangup_ = std::move(on_hangup);
  ended_by_ = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    uv_signal_start(
        &handles_->signals[i],
        [](uv_signal_t* handle, int signal) {
          auto* const self = static_cast<SignalLoop*>(handle->data);
          if (signal == SIGHUP) return self->on_hangup_();
          self->ended_by_ = signal;
          uv_stop(handle->loop);
        },
        kSignals[i]);
  }
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  while (ended_by_ == 0) uv_run(&handles_->loop, UV_RUN_DEFAULT);
  // A second signal must not end the process while it drains.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (uv_signal_t& handle : handles_->signals) uv_signal_stop(&handle);
  return ended_by_;
}

}  // namespace herdgate::app
