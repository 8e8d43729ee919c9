// OverheadProbe: how long Herdgate itself holds up a command: from the read that brought it to the end of that turn, by
// when it was sent, and from the read that brought its reply to the end of that turn, by when the client has it. The
// upstream's time between the two is left out; what other work of the loop the command had to wait for is in it.
//
// Looks at one command in kEvery, one at a time, and reads the clock twice for it: measuring each would cost more than
// what is measured. It is flushed with the loop's other objects; touched again at its first flush, it comes after all
// that the turn had to write.
// Threads: its loop; the histogram, any. Ownership: the loop outlives it.
#pragma once

#include <chrono>
#include <cstdint>

#include "sidecar/metrics/buckets.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/net/loop.h"

namespace herdgate::upstream {

class OverheadProbe final : public net::Flushable {
 public:
  static constexpr std::uint32_t kEvery = 256;

  OverheadProbe() = default;
  ~OverheadProbe() override {
    if (loop_ != nullptr) loop_->Untouch(*this);
  }
  OverheadProbe(const OverheadProbe&) = delete;
  OverheadProbe& operator=(const OverheadProbe&) = delete;

  // A command goes to a lane in this turn. 0: it is not looked at; else OnReply is to be told this number.
  std::uint8_t Begin(net::Loop& loop) {
    if constexpr (!metrics::kCounts) return 0;
    return --countdown_ != 0 ? std::uint8_t{0} : Start(loop);
  }
  // Its reply was read in this turn.
  void OnReply(std::uint8_t id);

  const metrics::Histogram& histogram() const { return histogram_; }

  void OnFlush() override;

 private:
  enum class State : std::uint8_t { kIdle, kSending, kSent, kAnswering };

  std::uint8_t Start(net::Loop& loop);
  void AwaitEndOfTurn(State state);

  net::Loop* loop_ = nullptr;
  std::uint32_t countdown_ = kEvery;
  State state_ = State::kIdle;
  bool behind_ = false;  // the others of the turn
  std::uint8_t id_ = 0;
  base::SteadyTime from_;
  std::chrono::nanoseconds sending_{0};
  metrics::Histogram histogram_{metrics::kProxyOverheadBuckets};
};

}  // namespace herdgate::upstream
