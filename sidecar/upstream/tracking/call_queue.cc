#include "sidecar/upstream/tracking/call_queue.h"

#include <utility>

#include "sidecar/resp/encoder.h"

namespace herdgate::upstream {

bool CallQueue::Push(const std::vector<std::string>& arguments, bool tracked, CallDone done) {
  if (calls_.size() >= max_calls_) return false;
  const std::vector<std::string_view> words(arguments.begin(), arguments.end());
  Call call{.request = {.bytes = {}, .tracked = tracked}, .done = std::move(done)};
  resp::AppendRequest(call.request.bytes, words);
  call.bytes = call.request.bytes.size();
  if (call.bytes > max_bytes_ - bytes_) return false;
  bytes_ += call.bytes;
  calls_.push_back(std::move(call));
  return true;
}

CallQueue::Request CallQueue::TakeUnsent() {
  return std::exchange(calls_[sent_++].request, {});
}

CallDone CallQueue::TakeAnswered() {
  Call call = std::move(calls_.front());
  calls_.pop_front();
  --sent_;
  bytes_ -= call.bytes;
  return std::move(call.done);
}

std::vector<CallDone> CallQueue::TakeAll() {
  std::vector<CallDone> all;
  all.reserve(calls_.size());
  for (Call& call : calls_) all.push_back(std::move(call.done));
  calls_.clear();
  sent_ = bytes_ = 0;
  return all;
}

}  // namespace herdgate::upstream
