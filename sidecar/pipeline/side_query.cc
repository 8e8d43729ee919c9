#include "sidecar/pipeline/side_query.h"

#include <utility>

#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

void SideQuery::Ask(const std::vector<std::string>& args, std::uint16_t command, Done done) {
  if (lane_ && lane_->state() == upstream::Lane::State::kClosed) Drop();
  if (!lane_) {
    lane_ = lanes_.TakeDedicated(key_, *this);
    if (!lane_) return done(std::string(texts::kMaxClients));
  }
  const std::vector<std::string_view> views(args.begin(), args.end());
  std::string request;
  resp::AppendRequest(request, views);
  upstream::Pending pending;
  pending.command = command;
  pending.tag = 1;
  pending.started_ns = lanes_.loop().Now().time_since_epoch().count();
  if (!lane_->Send(request, *this, pending)) return done(lane_->RefusalError());
  asked_.push_back(std::move(done));
}

void SideQuery::OnReplies(upstream::Lane&, std::string_view, std::size_t) {}

void SideQuery::OnTaggedReply(upstream::Lane&, const upstream::Pending&, std::string_view bytes, bool ended) {
  reply_.append(bytes);
  if (ended) Answer(std::exchange(reply_, {}));
}

void SideQuery::OnRefused(upstream::Lane&, const upstream::Pending&, const std::string& error) {
  Answer(error);
}

void SideQuery::OnLost(upstream::Lane& lane) {
  const std::string error = lane.RefusalError();
  Drop();
  while (!asked_.empty()) Answer(error);
}

void SideQuery::Answer(const std::string& reply) {
  Done done = std::move(asked_.front());
  asked_.pop_front();
  done(reply);
}

void SideQuery::Drop() {
  if (!lane_) return;
  lane_->Forget(*this);
  lanes_.GiveBack(std::exchange(lane_, nullptr), false);
}

}  // namespace herdgate::pipeline
