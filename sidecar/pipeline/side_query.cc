#include "sidecar/pipeline/side_query.h"

#include <utility>

#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

void SideQuery::Ask(const std::vector<std::string>& args, std::uint16_t command, Done done) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  Question question;
  resp::AppendRequest(question.request, views);
  question.pending.command = command;
  question.pending.tag = 1;
  question.pending.own = command == 0;
  question.pending.started_ns = lanes_.loop().Now().time_since_epoch().count();
  question.done = std::move(done);
  questions_.push_back(std::move(question));
  SendNext();
}

void SideQuery::SendNext() {
  while (!questions_.empty() && !asked_) {
    if (lane_ && lane_->state() == upstream::Lane::State::kClosed) Drop();
    if (!lane_) lane_ = lanes_.TakeDedicated(key_, *this);
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    if (!lane_) {
      question.done(std::string(texts::kMaxClients));
    } else if (!lane_->Send(question.request, *this, question.pending)) {
      question.done(lane_->RefusalError());
    } else {
      asked_ = question.done;
    }
  }
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
  reply_.clear();
  Drop();
  if (asked_) Answer(error);
}

void SideQuery::Answer(const std::string& reply) {
  const Done done = std::exchange(asked_, nullptr);
  done(reply);
  SendNext();
}

void SideQuery::Drop() {
  if (!lane_) return;
  lane_->Forget(*this);
  lanes_.GiveBack(std::exchange(lane_, nullptr), false);
}

}  // namespace herdgate::pipeline
