#include "sidecar/pipeline/batch_query.h"

#include <string_view>
#include <utility>

#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

BatchQuery::BatchQuery(upstream::LanePool& lanes, upstream::LaneKey key)
    : lanes_(lanes), key_(std::move(key)), patience_(lanes.loop()) {}

void BatchQuery::Ask(const std::vector<Words>& requests, Done done) {
  done_ = std::move(done);
  answer_ = {};
  asked_ = requests.size();
  lanes_.loop().RefreshNow();
  asked_at_ = lanes_.loop().Now();
  patience_.After(lanes_.options().timeout, [this] { Lose("no answer"); });
  if (!connected()) {
    Drop();
    ++connection_;
    lane_ = lanes_.TakeDedicated(key_, *this);
  }
  std::string refusal = lane_ ? "" : "no connection is left";
  for (const Words& words : requests) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    std::string bytes;
    resp::AppendRequest(bytes, views);
    upstream::Pending pending;
    pending.tag = 1;
    pending.own = true;
    pending.started_ns = asked_at_.time_since_epoch().count();
    if (lane_ && !lane_->Send(bytes, *this, pending)) refusal = lane_->RefusalError();
    if (refusal.empty()) continue;
    // In a turn of its own.
    patience_.After(std::chrono::milliseconds(0), [this, refusal] { Lose(refusal); });
    return;
  }
}

void BatchQuery::OnTaggedReply(upstream::Lane&, const upstream::Pending&, std::string_view bytes, bool ended) {
  reply_.append(bytes);
  if (!ended || !done_) return;
  answered_ = true;
  answer_.replies.push_back(std::exchange(reply_, {}));
  if (answer_.replies.size() < asked_) return;
  patience_.Cancel();
  answer_.took = lanes_.loop().Now() - asked_at_;
  const Done done = std::exchange(done_, nullptr);
  done(std::move(answer_));
}

void BatchQuery::OnRefused(upstream::Lane&, const upstream::Pending&, const std::string& error) {
  Lose(error);
}

void BatchQuery::OnLost(upstream::Lane& lane) {
  Lose(lane.RefusalError());
}

void BatchQuery::Lose(const std::string& why) {
  // First: it may be the lane's.
  std::string lost = texts::WordsOfError(why);
  patience_.Cancel();
  losses_ += answered_ ? 1 : 0;
  Drop();
  answer_.lost = std::move(lost);
  if (answer_.lost.empty()) answer_.lost = "the connection broke";
  const Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(answer_));
}

void BatchQuery::Drop() {
  reply_.clear();
  answered_ = false;
  if (!lane_) return;
  lane_->Forget(*this);
  lanes_.GiveBack(std::exchange(lane_, nullptr), false);
}

void BatchQuery::Close() {
  done_ = nullptr;
  patience_.Cancel();
  Drop();
}

}  // namespace herdgate::pipeline
