#include "sidecar/upstream/prober.h"

#include <algorithm>
#include <utility>

namespace herdgate::upstream {

using std::chrono::milliseconds;

Prober::Prober(LanePool& lanes, LaneKey key, Host& host)
    : lanes_(lanes), breaker_(lanes.breaker()), key_(std::move(key)), host_(host), timer_(lanes.loop()) {}

Prober::~Prober() {
  Stop();
}

void Prober::Start() {
  if (started()) return;
  delay_ = kFirstDelay;
  ProbeLater();
}

void Prober::Done() {
  // It may have opened again before the host closed it.
  if (breaker_.closed()) return Stop();
  GiveUpLane();
  ProbeLater();
}

void Prober::Again() {
  breaker_.Reopen(Breaker::kReplayFailed);
  GiveUpLane();
  ProbeLater();
}

void Prober::Stop() {
  timer_.Cancel();
  GiveUpLane();
  stage_ = Stage::kIdle;
}

void Prober::ProbeLater() {
  stage_ = Stage::kWaiting;
  const double factor = 0.5 + lanes_.random().Unit();
  const auto jittered = milliseconds(static_cast<std::int64_t>(static_cast<double>(delay_.count()) * factor));
  delay_ = std::min(delay_ * 2, kLastDelay);
  timer_.After(jittered, [this] { Probe(); });
}

void Prober::Probe() {
  if (breaker_.closed()) return Stop();
  if (lane_) return Ask();  // it was answered, but lanes were silent
  stage_ = Stage::kConnecting;
  timer_.After(std::min(lanes_.options().timeout, kPatience), [this] { Fail(); });
  lane_ = lanes_.MakeProbe(key_, *this);
  lane_->WhenReady([this, lane = lane_.get()](bool ready) {
    if (lane_.get() != lane || stage_ != Stage::kConnecting) return;
    if (ready) return Ask();
    if (lane->state() == Lane::State::kRefused) return OnAnswer(false);
    Fail();
  });
}

// A connection may be had of an upstream that carries out nothing yet.
void Prober::Ask() {
  stage_ = Stage::kAsking;
  reply_.clear();
  timer_.After(std::min(lanes_.options().timeout, kPatience), [this] { Fail(); });
  Pending pending;
  pending.started_ns = lanes_.loop().Now().time_since_epoch().count();
  pending.tag = 1;
  pending.own = true;
  lane_->Send("*1\r\n$4\r\nPING\r\n", *this, pending);
}

void Prober::OnTaggedReply(Lane&, const Pending&, std::string_view bytes, bool ended) {
  reply_.append(bytes);
  if (!ended || stage_ != Stage::kAsking) return;
  OnAnswer(!reply_.starts_with("-LOADING") && !reply_.starts_with("-NOAUTH"));
}

void Prober::OnAnswer(bool for_us) {
  timer_.Cancel();
  const bool half_open = breaker_.TryHalfOpen();
  if (breaker_.closed()) return Stop();
  if (half_open && for_us) {
    stage_ = Stage::kReachable;
    return host_.OnReachable(*lane_);
  }
  // If only another lane is silent, this one is kept and asked again: that makes no attempts.
  if (for_us) {
    delay_ = kAskEvery;
  } else {
    GiveUpLane();
  }
  ProbeLater();
}

void Prober::Fail() {
  GiveUpLane();
  breaker_.Reopen(Breaker::kProbeFailed);
  ProbeLater();
}

void Prober::OnRefused(Lane&, const Pending&, const std::string&) {}

void Prober::OnLost(Lane&) {
  const bool was_reachable = stage_ == Stage::kReachable;
  Fail();
  if (was_reachable) host_.OnProbeLost();
}

void Prober::GiveUpLane() {
  if (!lane_) return;
  const auto lane = std::exchange(lane_, nullptr);
  lane->set_owner(nullptr);
  lane->Close();
  lanes_.loop().DestroyLater(lane);
}

}  // namespace herdgate::upstream
