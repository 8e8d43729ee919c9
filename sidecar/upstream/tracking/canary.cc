#include "sidecar/upstream/tracking/canary.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "sidecar/resp/encoder.h"

namespace herdgate::upstream {
namespace {

// Where DEL is refused.
constexpr std::string_view kLifeMs = "60000";
constexpr std::uint8_t kWrite = 1;
constexpr std::uint8_t kDelete = 2;

std::string UniqueName() {
  std::uint64_t id = 0;
  if (getentropy(&id, sizeof id) != 0) id = static_cast<std::uint64_t>(getpid());
  return fmt::format("__herdgate:canary:{:016x}", id);
}

}  // namespace

Canary::Canary(LanePool& lanes, const LaneKey& key, const TrackingOptions& options, TrackingMetrics& metrics,
               Host& host)
    : lanes_(lanes),
      key_{2, key.db, key.identity},
      options_(options),
      metrics_(metrics),
      host_(host),
      name_(UniqueName()),
      overdue_timer_(lanes.loop()) {}

void Canary::Start() {
  stage_ = Stage::kReading;
  if (lane_) return Finish(Result::kUnproven, "an earlier canary is not written yet");
  host_.ReadCanary(name_);
}

void Canary::OnRead() {
  if (stage_ != Stage::kReading) return;
  stage_ = Stage::kWriting;
  written_at_ = lanes_.loop().Now();
  auto lane = lanes_.Shared(key_, false);
  std::string request;
  resp::AppendRequest(request, {"SET", name_, "1", "PX", kLifeMs});
  if (!Send(*lane, request, kWrite)) return Finish(Result::kUnproven, lane->RefusalError());
  request.clear();
  resp::AppendRequest(request, {"DEL", name_});
  Send(*lane, request, kDelete);
  lane_ = std::move(lane);
  stale_write_ = false;
  overdue_timer_.After(options_.canary_within, [this] { OnOverdue(); });
}

bool Canary::Send(Lane& lane, std::string_view request, std::uint8_t tag) {
  Pending pending;
  pending.tag = tag;
  pending.own = true;
  pending.started_ns = written_at_.time_since_epoch().count();
  const bool sent = lane.Send(request, *this, pending);
  owed_ += sent ? 1 : 0;
  return sent;
}

bool Canary::OnPush(std::string_view key) {
  if (key != name_) return false;
  // Before the write it is an earlier canary's, or its expiry.
  if (stage_ != Stage::kWriting && stage_ != Stage::kWritten) return true;
  metrics_.push_lag.Record(lanes_.loop().Now() - written_at_);
  Finish(Result::kPushed, {});
  return true;
}

void Canary::OnOverdue() {
  if (stage_ == Stage::kWritten) return Finish(Result::kMissed, "a write was not pushed in time");
  Finish(Result::kUnproven, "the canary's write is not answered");
}

void Canary::Reset() {
  stage_ = Stage::kIdle;
  stale_write_ = true;
  overdue_timer_.Cancel();
}

void Canary::Finish(Result result, const std::string& detail) {
  Reset();
  host_.OnCanary(result, detail);
}

void Canary::OnTaggedReply(Lane&, const Pending& pending, std::string_view bytes, bool ended) {
  reply_.append(bytes.substr(0, 512));
  if (!ended) return;
  const std::string reply = std::exchange(reply_, {});
  AnswerEnded();
  // A key that can't be deleted expires.
  if (pending.tag == kWrite) WriteEnded(reply.starts_with('+') ? std::string() : reply);
}

void Canary::AnswerEnded() {
  if (--owed_ == 0) lanes_.loop().DestroyLater(std::exchange(lane_, nullptr));
}

// The push may have come before the reply.
void Canary::WriteEnded(const std::string& error) {
  if (stale_write_) return;
  if (!error.empty()) return Finish(Result::kRefused, error.substr(0, error.find('\r')));
  stage_ = Stage::kWritten;
  overdue_timer_.After(options_.canary_within, [this] { OnOverdue(); });
}

void Canary::OnRefused(Lane&, const Pending& pending, const std::string& error) {
  AnswerEnded();
  if (pending.tag == kWrite && !stale_write_) Finish(Result::kUnproven, error.substr(0, error.find('\r')));
}

void Canary::OnLost(Lane&) {
  reply_.clear();
  owed_ = 0;
  lanes_.loop().DestroyLater(std::exchange(lane_, nullptr));
  if (!stale_write_) Finish(Result::kUnproven, "the connection of the canary's write was lost");
}

}  // namespace herdgate::upstream
