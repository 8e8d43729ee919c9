// Tracking's calls: commands of others on the tracked connection.
#include <utility>

#include "sidecar/upstream/tracking/tracking.h"

namespace herdgate::upstream {

bool Tracking::Call(const std::vector<std::string>& arguments, bool tracked, CallDone done) {
  if (!armed() || !calls_.Push(arguments, tracked, std::move(done))) return false;
  loop_.Touch(*this);
  return true;
}

void Tracking::SendCalls() {
  while (up_ && calls_.has_unsent()) {
    if (lane_->full()) return lane_->AwaitRoom(*this);
    // Lost on the way, its continuation has been called.
    const CallQueue::Request request = calls_.TakeUnsent();
    if (request.tracked && !is_pair() && !Ask(Question::kCaching, {"CLIENT", "CACHING", "YES"})) return;
    if (!Send(Question::kCall, request.bytes)) return;
  }
}

// At once, not with the fills at the end of the read: what is behind the reply on the connection came later.
void Tracking::TakeCall(const resp::Reply& reply) {
  const CallDone done = calls_.TakeAnswered();
  done(&reply);
}

void Tracking::TakeLongReply(Question question) {
  if (question == Question::kGet) return TakeValue({});
  resp::Reply error;
  error.type = resp::ReplyType::kError;
  error.text = kTooLongReply;
  TakeCall(error);
}

}  // namespace herdgate::upstream
