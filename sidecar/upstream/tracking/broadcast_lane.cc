#include "sidecar/upstream/tracking/broadcast_lane.h"

#include <array>
#include <iterator>
#include <utility>

#include "sidecar/resp/encoder.h"
#include "sidecar/upstream/tracking/tracking_answers.h"

namespace herdgate::upstream {
namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";
// Answers are short; INFO's section is a kilobyte or two.
constexpr std::size_t kMostAnswer = std::size_t{64} * 1024;

}  // namespace

BroadcastLane::BroadcastLane(LanePool& lanes, const LaneKey& key, const TrackingOptions& options, Host& host)
    : lanes_(lanes),
      key_{2, key.db, key.identity},
      options_(options),
      host_(host),
      watch_(lanes.loop(), options.dead_after) {}

void BroadcastLane::Start() {
  lane_ = lanes_.TakeDedicated(key_, *this);
  if (!lane_) return Lose(TrackingFault::kConnection, "no dedicated lane is left");
  lane_->WhenReady([this, epoch = epoch_](bool ready) {
    if (epoch != epoch_) return;
    if (ready) return Arm();
    const bool is_refused = lane_->state() == Lane::State::kRefused;
    Lose(is_refused ? TrackingFault::kRefused : TrackingFault::kConnection, Words(lane_->RefusalError()));
  });
}

Fences BroadcastLane::Reset() {
  ++epoch_;
  subscribed_ = false;
  watch_.End();
  reply_.clear();
  if (lane_) {
    lane_->Forget(*this);
    lanes_.GiveBack(std::exchange(lane_, nullptr), false);
  }
  Fences left;
  for (Fences& ping : std::exchange(pings_, {})) std::ranges::move(ping, std::back_inserter(left));
  return left;
}

void BroadcastLane::Ping(Fences fences) {
  pings_.push_back(std::move(fences));
  Ask(Question::kPing, {"PING"});
}

void BroadcastLane::EverySecond() {
  if (subscribed_ && watch_.quiet_for(options_.ping_after)) Ping({});
}

bool BroadcastLane::Ask(Question question, std::initializer_list<std::string_view> request) {
  request_.clear();
  resp::AppendRequest(request_, request);
  Pending pending;
  pending.tag = static_cast<std::uint8_t>(question);
  pending.own = true;
  pending.started_ns = lanes_.loop().Now().time_since_epoch().count();
  watch_.Asking();
  if (!lane_->Send(request_, *this, pending)) {
    Lose(TrackingFault::kConnection, Words(lane_->RefusalError()));
    return false;
  }
  watch_.Asked();
  return true;
}

// ---- arming

void BroadcastLane::Arm() {
  watch_.Begin(*lane_, [this] { Lose(TrackingFault::kSilent, "no answer"); });
  if (Ask(Question::kName, {"CLIENT", "SETNAME", "herdgate-near-push"})) Ask(Question::kId, {"CLIENT", "ID"});
}

void BroadcastLane::OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) {
  if (&lane != lane_.get()) return;
  watch_.Heard();
  reply_.append(bytes);
  if (reply_.size() > kMostAnswer) return Lose(TrackingFault::kProtocol, "an answer of unexpected length");
  if (!ended) return;
  const std::string held = std::exchange(reply_, {});
  const auto parsed = resp::ParseReply(held);
  if (!parsed.ok()) return Lose(TrackingFault::kProtocol, "an answer that can't be read");
  TakeAnswer(static_cast<Question>(pending.tag), parsed.value().reply);
}

void BroadcastLane::TakeAnswer(Question question, const resp::Reply& reply) {
  const bool is_optional = question == Question::kName || question == Question::kServer;
  if (reply.type == resp::ReplyType::kError && !is_optional) return LoseRefused(question, reply.text);
  switch (question) {
    case Question::kId:
      return SwitchOn(reply);
    case Question::kTrackingInfo:
      if (SaysTrackingOn(reply)) return;
      return Lose(TrackingFault::kProtocol, "CLIENT TRACKINGINFO does not say that tracking is on");
    case Question::kServer:
      return Subscribe(reply);
    case Question::kSubscribe:
    case Question::kPing:
      // It would be an array, were it subscribed.
      return Lose(TrackingFault::kProtocol, "the upstream does not answer as to a subscriber");
    default:
      return;
  }
}

void BroadcastLane::SwitchOn(const resp::Reply& id) {
  if (id.type != resp::ReplyType::kInteger) {
    return Lose(TrackingFault::kProtocol, "CLIENT ID was answered with something that is no number");
  }
  const std::string self = std::to_string(id.integer);
  if (!Ask(Question::kTracking, {"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST"})) return;
  if (!Ask(Question::kTrackingInfo, {"CLIENT", "TRACKINGINFO"})) return;
  Ask(Question::kServer, {"INFO", "server"});
}

// Behind all answers that may be arrays: from here on arrays are frames.
void BroadcastLane::Subscribe(const resp::Reply& server) {
  run_id_ = InfoField(server, "run_id:");
  lane_->set_pubsub(true);
  Ask(Question::kSubscribe, {"SUBSCRIBE", kChannel});
}

// ---- frames

FrameVerdict BroadcastLane::OnFrame(Lane& lane, std::string_view frame, const Pending* oldest) {
  if (&lane != lane_.get()) return FrameVerdict::kPush;
  watch_.Heard();
  const auto parsed = resp::ParseReply(frame);
  if (!parsed.ok() || parsed.value().reply.elements.empty()) return LoseNonsense();
  const resp::Reply& reply = parsed.value().reply;
  const std::string_view kind = reply.elements[0].text;
  const auto asked = oldest == nullptr ? Question{} : static_cast<Question>(oldest->tag);
  if (kind == "message" && subscribed_) return TakeMessage(reply);
  if (kind == "pong" && asked == Question::kPing) return TakePong();
  if (kind == "subscribe" && asked == Question::kSubscribe) {
    subscribed_ = true;
    host_.OnSubscribed(run_id_);
    return FrameVerdict::kAnswer;
  }
  return LoseNonsense();
}

FrameVerdict BroadcastLane::TakeMessage(const resp::Reply& message) {
  if (message.elements.size() != 3 || message.elements[1].text != kChannel) return LoseNonsense();
  const resp::Reply& keys = message.elements[2];
  // Any client may PUBLISH a text there, and nothing but a text; Redis itself sends an array or null.
  if (!keys.is_text()) host_.OnWritten(keys);
  return FrameVerdict::kPush;
}

FrameVerdict BroadcastLane::TakePong() {
  const Fences fences = std::move(pings_.front());
  pings_.pop_front();
  for (const auto& done : fences) done(true);
  return FrameVerdict::kAnswer;
}

// ---- down

FrameVerdict BroadcastLane::LoseNonsense() {
  Lose(TrackingFault::kProtocol, "a message that a subscriber does not get");
  return FrameVerdict::kPush;
}

void BroadcastLane::LoseRefused(Question question, std::string_view error) {
  constexpr std::array<std::string_view, 8> kAsked = {
      "", "", "CLIENT ID", "CLIENT TRACKING", "CLIENT TRACKINGINFO", "", "SUBSCRIBE", "PING"};
  const std::string detail = std::string(kAsked[static_cast<std::size_t>(question)]) + ": " + std::string(error);
  if (IsPassing(error)) return Lose(TrackingFault::kConnection, detail);
  Lose(IsUnknownCommand(error) ? TrackingFault::kNoResp3 : TrackingFault::kRefused, detail);
}

void BroadcastLane::OnRefused(Lane& lane, const Pending&, const std::string& error) {
  if (&lane == lane_.get()) Lose(TrackingFault::kConnection, Words(error));
}

void BroadcastLane::OnLost(Lane& lane) {
  if (&lane != lane_.get()) return;
  const bool is_nonsense = lane.last_loss() == LaneLoss::kProtocol;
  Lose(is_nonsense ? TrackingFault::kProtocol : TrackingFault::kConnection, Words(lane.RefusalError()));
}

}  // namespace herdgate::upstream
