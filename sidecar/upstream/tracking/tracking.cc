#include "sidecar/upstream/tracking/tracking.h"

#include <utility>

#include "sidecar/resp/encoder.h"
#include "sidecar/upstream/tracking/tracking_answers.h"

namespace herdgate::upstream {

namespace {

// Around a value in its reply: "$", the length, two line ends.
constexpr std::size_t kHeaderRoom = 32;
// A call's reply has other small things around its value.
constexpr std::size_t kCallRoom = 128;
// Answers to anything but GET are short; INFO's section is a kilobyte or two.
constexpr std::size_t kMostOther = std::size_t{64} * 1024;

bool IsOk(const resp::Reply& reply) {
  return reply.type == resp::ReplyType::kSimple && reply.text == "OK";
}

}  // namespace

// ---- asking

bool Tracking::Fill(std::string key, FillToken token) {
  if (!armed() || queued_.size() >= options_.max_queued) return false;
  Flight flight;
  flight.fill.key = std::move(key);
  flight.fill.token = token;
  queued_.push_back(std::move(flight));
  loop_.Touch(*this);
  return true;
}

void Tracking::Fence(std::function<void(bool)> done) {
  if (!armed()) return done(false);
  waiting_fences_.push_back(std::move(done));
  loop_.Touch(*this);
}

bool Tracking::Ask(Question question, std::initializer_list<std::string_view> request) {
  request_.clear();
  resp::AppendRequest(request_, request);
  return Send(question, request_);
}

bool Tracking::Send(Question question, std::string_view request) {
  if (!up_) return false;
  Pending pending;
  pending.tag = static_cast<std::uint8_t>(question);
  pending.own = true;
  pending.started_ns = loop_.Now().time_since_epoch().count();
  watch_.Asking();
  if (!lane_->Send(request, *this, pending)) {
    Lose(TrackingFault::kConnection, lane_->RefusalError());
    return false;
  }
  watch_.Asked();
  return true;
}

void Tracking::OnFlush() {
  Publish();
  SendFences();
  SendCalls();
  SendFills();
}

// One PING answers for all writes that were answered before it is sent.
void Tracking::SendFences() {
  if (waiting_fences_.empty() || !up_) return;
  if (is_pair()) return broadcasts_.Ping(std::exchange(waiting_fences_, {}));
  pings_.push_back(std::exchange(waiting_fences_, {}));
  Ask(Question::kPing, {"PING"});
}

void Tracking::SendFills() {
  while (up_ && !queued_.empty() && flying_.size() < options_.max_in_flight) {
    if (lane_->full()) return lane_->AwaitRoom(*this);
    Flight next = std::move(queued_.front());
    queued_.pop_front();
    SendFlight(std::move(next));
  }
}

void Tracking::SendFlight(Flight&& flight) {
  flight.fill.asked_at = loop_.Now();
  flying_.push_back(std::move(flight));
  // Lost on the way, the flight is not there any more.
  if (!is_pair() && !Ask(Question::kCaching, {"CLIENT", "CACHING", "YES"})) return;
  if (!Ask(Question::kGet, {"GET", flying_.back().fill.key})) return;
  Ask(Question::kTtl, {"PTTL", flying_.back().fill.key});
}

// ---- answers

void Tracking::OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) {
  if (&lane != lane_.get()) return;
  watch_.Heard();
  const auto question = static_cast<Question>(pending.tag);
  if (reply_.size() + bytes.size() > MostBytes(question)) {
    const bool is_value = question == Question::kGet && (reply_.empty() ? bytes : reply_).starts_with('$');
    if (!is_value && question != Question::kCall && !too_large_) {
      return Lose(TrackingFault::kProtocol, "an answer of unexpected length");
    }
    too_large_ = true;
  }
  if (too_large_) {
    reply_.assign(1, '$');
  } else if (!ended || !reply_.empty()) {
    reply_.append(bytes);
  }
  if (!ended) return;
  const std::string held = std::exchange(reply_, {});
  TakeAnswer(question, held.empty() ? bytes : std::string_view(held));
  too_large_ = false;
  if (!staged_.empty()) loop_.Touch(*this);
}

std::size_t Tracking::MostBytes(Question question) const {
  if (question == Question::kGet) return options_.max_value + kHeaderRoom;
  return question == Question::kCall ? options_.max_value + kCallRoom : kMostOther;
}

void Tracking::TakeAnswer(Question question, std::string_view raw) {
  if (too_large_) return TakeLongReply(question);
  const auto parsed = resp::ParseReply(raw);
  if (!parsed.ok()) return Lose(TrackingFault::kProtocol, "an answer that can't be read");
  const resp::Reply& reply = parsed.value().reply;
  switch (question) {
    case Question::kCaching:
      // Without it the value would be read untracked.
      if (IsOk(reply)) return;
      if (reply.type == resp::ReplyType::kError && IsPassing(reply.text))
        return LoseRefused("CLIENT CACHING", reply.text);
      return Lose(TrackingFault::kProtocol, "CLIENT CACHING: " + std::string(reply.text));
    case Question::kGet:
      return TakeValue(reply);
    case Question::kTtl:
      return TakeTtl(reply);
    case Question::kPing:
      return TakePong(reply);
    case Question::kCall:
      return TakeCall(reply);
    default:
      return OnArmReply(question, reply);
  }
}

void Tracking::TakeValue(const resp::Reply& reply) {
  Flight& flight = flying_.front();
  if (too_large_) {
    flight.result = FillResult::kTooLarge;
  } else if (reply.type == resp::ReplyType::kBulk) {
    if (reply.text.size() > options_.max_value) {
      flight.result = FillResult::kTooLarge;
    } else {
      flight.fill.value = reply.text;
    }
  } else if (reply.type == resp::ReplyType::kNull) {
    flight.fill.nil = true;
    flight.result = FillResult::kNil;
  } else if (reply.type == resp::ReplyType::kError) {
    flight.result = FillResult::kError;
    flight.error = reply.text;
  } else {
    Lose(TrackingFault::kProtocol, "GET was answered with something that is no string");
  }
}

void Tracking::TakeTtl(const resp::Reply& reply) {
  Flight& front = flying_.front();
  const bool is_number = reply.type == resp::ReplyType::kInteger;
  if (!is_number && reply.type != resp::ReplyType::kError) {
    return Lose(TrackingFault::kProtocol, "PTTL was answered with something that is no number");
  }
  if (is_number) {
    front.fill.pttl_ms = reply.integer;
  } else if (front.error.empty()) {
    front.result = FillResult::kError;
    front.error = reply.text;
  }
  // It ran out in between: what GET read is not there any more.
  if (front.result == FillResult::kValue && front.fill.pttl_ms == -2) front.result = FillResult::kError;
  front.fill.rtt = loop_.Now() - front.fill.asked_at;
  Flight flight = std::move(front);
  flying_.pop_front();
  if (!queued_.empty()) loop_.Touch(*this);
  if (!flight.canary) return staged_.push_back(std::move(flight));
  if (!flight.error.empty()) return LoseRefused("GET", flight.error);
  canary_.OnRead();
}

void Tracking::TakePong(const resp::Reply& reply) {
  if (reply.type == resp::ReplyType::kError) return LoseRefused("PING", reply.text);
  if (reply.text != "PONG") return Lose(TrackingFault::kProtocol, "PING was not answered with PONG");
  const Fences fences = std::move(pings_.front());
  pings_.pop_front();
  for (const auto& done : fences) done(true);
}

FrameVerdict Tracking::OnFrame(Lane& lane, std::string_view frame, const Pending*) {
  if (&lane != lane_.get()) return FrameVerdict::kPush;
  watch_.Heard();
  const auto parsed = resp::ParseReply(frame);
  if (!parsed.ok() || is_pair()) {
    Lose(TrackingFault::kProtocol, is_pair() ? "a push over RESP2" : "a push that can't be read");
  } else if (const resp::Reply& push = parsed.value().reply;
             !push.elements.empty() && push.elements[0].text == "invalidate") {
    TakePush(push);
  }
  if (!staged_.empty()) loop_.Touch(*this);
  return FrameVerdict::kPush;
}

void Tracking::TakePush(const resp::Reply& push) {
  if (push.elements.size() == 2) return OnWritten(push.elements[1]);
  Lose(TrackingFault::kProtocol, "an invalidation that names no keys");
}

void Tracking::OnWritten(const resp::Reply& keys) {
  metrics_.pushes.Add();
  const std::uint64_t epoch = epoch_;
  if (keys.type == resp::ReplyType::kNull) return sink_.OnFlush();
  if (keys.type != resp::ReplyType::kArray) {
    return Lose(TrackingFault::kProtocol, "an invalidation that names no keys");
  }
  for (const resp::Reply& key : keys.elements) {
    if (!key.is_text()) return Lose(TrackingFault::kProtocol, "an invalidation of something that is no key");
    if (!canary_.OnPush(key.text)) sink_.OnInvalidate(key.text);
    if (epoch != epoch_) return;
  }
}

// ---- publishing

// A read that ends within a reply was cut: the push that revokes a value may be in the rest, which is there already.
void Tracking::Publish() {
  if (staged_.empty() || lane_->mid_reply()) return;
  std::vector<Flight> batch;
  batch.swap(staged_);
  const std::uint64_t epoch = epoch_;
  for (Flight& flight : batch) {
    if (epoch != epoch_) flight.result = FillResult::kLost;
    Deliver(std::move(flight));
  }
}

void Tracking::Deliver(Flight&& flight) {
  if (flight.canary) return;
  metrics_.fills[static_cast<std::size_t>(flight.result)].Add();
  if (flight.result == FillResult::kValue || flight.result == FillResult::kNil) {
    sink_.OnFill(std::move(flight.fill));
  } else {
    sink_.OnFillFailed(flight.fill.token, flight.fill.key, flight.result);
  }
}

}  // namespace herdgate::upstream
