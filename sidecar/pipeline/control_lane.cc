#include "sidecar/pipeline/control_lane.h"

#include <algorithm>
#include <utility>

#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

using std::chrono::milliseconds;

ControlLane::ControlLane(upstream::LanePool& lanes, upstream::LaneKey key, Events& events)
    : lanes_(lanes),
      key_(std::move(key)),
      events_(events),
      random_(static_cast<std::uint64_t>(base::SystemClock().Now().time_since_epoch().count())),
      retry_timer_(lanes.loop()) {
  key_.proto = 3;
}

void ControlLane::Open() {
  if (std::exchange(open_, true)) return;
  retry_timer_.After(milliseconds(0), [this] { Take(); });
}

void ControlLane::Close() {
  open_ = false;
  retry_timer_.Cancel();
  Drop();
}

void ControlLane::Take() {
  lane_ = lanes_.TakeDedicated(key_, *this);
  if (!lane_) return Fail("no dedicated lane is left");
  lane_->WhenReady([this, epoch = epoch_](bool ready) {
    if (epoch == epoch_) ready ? BecomeReady() : NotReady();
  });
}

void ControlLane::BecomeReady() {
  up_ = true;
  up_since_ = lanes_.loop().Now();
  Ask({"CLIENT", "SETNAME", "herdgate-control"}, [](const resp::Reply&) {});
  if (key_.proto == 3) {
    Ask({"CLIENT", "TRACKING", "ON", "NOLOOP"},
        [this](const resp::Reply& reply) { tracked_ = reply.type != resp::ReplyType::kError; });
  }
  if (up_) events_.OnControlUp();
}

void ControlLane::NotReady() {
  const bool refused = lane_->state() == upstream::Lane::State::kRefused;
  if (refused && key_.proto == 3) {
    // Maybe it has no RESP3; if it does not want this user, it says so again.
    key_.proto = 2;
    Drop();
    return TakeLater();
  }
  key_.proto = 3;
  Fail(lane_->RefusalError());
}

void ControlLane::Ask(std::initializer_list<std::string_view> request, Done done) {
  if (!up_) return;
  std::string bytes;
  resp::AppendRequest(bytes, request);
  upstream::Pending pending;
  pending.tag = 1;
  pending.own = true;
  pending.started_ns = lanes_.loop().Now().time_since_epoch().count();
  questions_.push_back({std::move(done), lanes_.loop().Now()});
  if (!lane_->Send(bytes, *this, pending)) Fail(lane_->RefusalError());
}

void ControlLane::EverySecond() {
  if (!up_ || questions_.empty()) return;
  if (lanes_.loop().Now() - questions_.front().asked_at > lanes_.options().timeout) Fail("no answer");
}

void ControlLane::OnTaggedReply(upstream::Lane&, const upstream::Pending&, std::string_view bytes, bool ended) {
  reply_.append(bytes);
  if (!ended || questions_.empty()) return;
  const std::string raw = std::exchange(reply_, {});
  const Done done = std::move(questions_.front().done);
  questions_.pop_front();
  const auto parsed = resp::ParseReply(raw);
  if (!parsed.ok()) return Fail("a reply that can't be read");
  done(parsed.value().reply);
}

upstream::FrameVerdict ControlLane::OnFrame(upstream::Lane&, std::string_view frame, const upstream::Pending*) {
  const auto parsed = resp::ParseReply(frame);
  if (parsed.ok() && up_) events_.OnControlPush(parsed.value().reply);
  return upstream::FrameVerdict::kPush;
}

void ControlLane::OnRefused(upstream::Lane&, const upstream::Pending&, const std::string& error) {
  Fail(error);
}

void ControlLane::OnLost(upstream::Lane& lane) {
  Fail(lane.RefusalError());
}

void ControlLane::Fail(const std::string& error) {
  if (up_ && lanes_.loop().Now() - up_since_ >= lanes_.options().backoff_last) failed_attempts_ = 0;
  key_.proto = up_ ? 3 : key_.proto;
  Drop();
  TakeLater();
  // An error line of RESP, or plain words.
  const std::string_view line(error);
  events_.OnControlDown(std::string(line.substr(line.starts_with('-') ? 1 : 0, line.find('\r') - 1)));
}

void ControlLane::Drop() {
  ++epoch_;
  up_ = false;
  tracked_ = false;
  questions_.clear();
  reply_.clear();
  if (!lane_) return;
  lane_->Forget(*this);
  lanes_.GiveBack(std::exchange(lane_, nullptr), false);
}

void ControlLane::TakeLater() {
  const auto& options = lanes_.options();
  const auto delay = std::min(options.backoff_last, options.backoff_first * (1 << std::min(failed_attempts_, 12)));
  ++failed_attempts_;
  retry_timer_.After(
      milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * (0.5 + random_.Unit()))),
      [this] { Take(); });
}

}  // namespace herdgate::pipeline
