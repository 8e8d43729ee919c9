#include "sidecar/upstream/overhead_probe.h"

#include <utility>

namespace herdgate::upstream {

std::uint8_t OverheadProbe::Start(net::Loop& loop) {
  countdown_ = kEvery;
  // One that was sent and not answered since may never be: its connection was lost, or it blocks.
  if (state_ == State::kSending || state_ == State::kAnswering) return 0;
  loop_ = &loop;
  if (++id_ == 0) ++id_;
  AwaitEndOfTurn(State::kSending);
  return id_;
}

void OverheadProbe::OnReply(std::uint8_t id) {
  if (id != id_ || state_ != State::kSent) return;
  AwaitEndOfTurn(State::kAnswering);
}

void OverheadProbe::AwaitEndOfTurn(State state) {
  state_ = state;
  behind_ = false;
  from_ = loop_->Now();
  loop_->Touch(*this);
}

void OverheadProbe::OnFlush() {
  if (!std::exchange(behind_, true)) {
    loop_->Touch(*this);
    return;
  }
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - from_;
  if (state_ == State::kSending) {
    sending_ = took;
    state_ = State::kSent;
    return;
  }
  histogram_.Record(sending_ + took);
  state_ = State::kIdle;
}

}  // namespace herdgate::upstream
