// Tracking's connection: how it is made and armed, how it is proven, and how it is given up.
#include <algorithm>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/upstream/tracking/tracking.h"
#include "sidecar/upstream/tracking/tracking_answers.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;

// How often a lane that tries by itself to connect is looked at.
constexpr milliseconds kLookEvery{100};

}  // namespace

Tracking::Tracking(LanePool& lanes, const LaneKey& key, FillSink& sink, TrackingOptions options)
    : options_(options),
      lanes_(lanes),
      loop_(lanes.loop()),
      key_{3, key.db, key.identity},
      sink_(sink),
      random_(static_cast<std::uint64_t>(base::SystemClock().Now().time_since_epoch().count())),
      retry_timer_(lanes.loop()),
      watch_(lanes.loop(), options_.dead_after),
      calls_(options_.max_calls, options_.max_call_bytes),
      broadcasts_(lanes, key, options_, *this),
      canary_(lanes, key, options_, metrics_, *this) {}

Tracking::~Tracking() {
  Stop();
  loop_.Untouch(*this);
}

void Tracking::Start() {
  if (std::exchange(running_, true)) return;
  failures_ = 0;
  SetMode(TrackingMode::kProbing, TrackingFault::kNone, {});
  retry_timer_.After(milliseconds(0), [this] { TakeLane(3); });
}

void Tracking::Stop() {
  if (!std::exchange(running_, false)) return;
  Lose(TrackingFault::kStopped, {});
}

// ---- up

void Tracking::TakeLane(int proto) {
  proto_ = proto;
  lane_ = lanes_.TakeDedicated({proto, key_.db, key_.identity}, *this);
  if (!lane_) return Lose(TrackingFault::kConnection, "no dedicated lane is left");
  lane_->WhenReady([this, epoch = epoch_](bool) {
    if (epoch == epoch_) Await();
  });
}

// A lane that has not come up tries again by itself, and slower and slower: another would only try more often.
void Tracking::Await() {
  switch (lane_->state()) {
    case Lane::State::kReady:
      return Arm();
    case Lane::State::kRefused: {
      const std::string error = Words(lane_->RefusalError());
      if (is_pair() || !LacksResp3(error)) return Lose(TrackingFault::kRefused, error);
      lane_->Forget(*this);
      lanes_.GiveBack(std::exchange(lane_, nullptr), false);
      return TakeLane(2);
    }
    case Lane::State::kClosed:
      return Lose(TrackingFault::kConnection, Words(lane_->RefusalError()));
    default:
      SetMode(TrackingMode::kOff, TrackingFault::kConnection, Words(lane_->RefusalError()));
      retry_timer_.After(kLookEvery, [this] { Await(); });
  }
}

void Tracking::Arm() {
  const std::string& version = lane_->handshake().version;
  if (IsTooOldToTrack(version)) return LoseTooOld(version);
  up_ = true;
  watch_.Begin(*lane_, [this] { Lose(TrackingFault::kSilent, "no answer"); });
  Ask(Question::kName, {"CLIENT", "SETNAME", "herdgate-near"});
  // Of a pair the other connection tracks; it is made when this one has answered.
  if (!is_pair()) Ask(Question::kTracking, {"CLIENT", "TRACKING", "ON", "OPTIN"});
  if (!is_pair()) Ask(Question::kTrackingInfo, {"CLIENT", "TRACKINGINFO"});
  pings_.emplace_back();
  Ask(Question::kPing, {"PING"});
  Ask(Question::kServer, {"INFO", "server"});
}

void Tracking::OnArmReply(Question question, const resp::Reply& reply) {
  const bool is_error = reply.type == resp::ReplyType::kError;
  switch (question) {
    case Question::kTracking:
      if (is_error) LoseRefused("CLIENT TRACKING", reply.text);
      return;
    case Question::kTrackingInfo:
      if (is_error) return LoseRefused("CLIENT TRACKINGINFO", reply.text);
      if (SaysTrackingOn(reply)) return;
      return Lose(TrackingFault::kProtocol, "CLIENT TRACKINGINFO does not say that tracking is on");
    case Question::kServer:
      return ReadServer(reply);
    default:  // a connection without a name is as good
      return;
  }
}

// Another server than before has other values. One that doesn't say (ACL) is taken for the same: what was read before
// is of an older epoch in any case.
void Tracking::ReadServer(const resp::Reply& reply) {
  // HELLO would have said it.
  const std::string_view version = InfoField(reply, "redis_version:");
  if (is_pair() && IsTooOldToTrack(version)) return LoseTooOld(version);
  if (const std::string_view id = InfoField(reply, "run_id:"); !id.empty()) {
    const std::string before = std::exchange(run_id_, std::string(id));
    const std::uint64_t epoch = epoch_;
    if (!before.empty() && before != run_id_) sink_.OnFlush();
    if (epoch != epoch_) return;
  }
  if (is_pair()) return broadcasts_.Start();
  StartCanary();
}

// Behind an address with several servers the two might reach different ones, and nobody would say what is written to
// the one that is read.
void Tracking::OnSubscribed(const std::string& run_id) {
  if (!run_id.empty() && run_id != run_id_) {
    return Lose(TrackingFault::kProtocol, "the two connections reach different servers");
  }
  StartCanary();
}

void Tracking::StartCanary() {
  canary_at_ = loop_.Now();
  canary_.Start();
}

// ---- proof

void Tracking::EverySecond() {
  const auto now = loop_.Now();
  if (armed() && !canary_.under_way() && now - canary_at_ >= options_.canary_every) StartCanary();
  if (is_pair()) broadcasts_.EverySecond();
  if (!up_ || !watch_.quiet_for(options_.ping_after)) return;
  pings_.emplace_back();
  Ask(Question::kPing, {"PING"});
}

void Tracking::ReadCanary(const std::string& key) {
  Flight flight;
  flight.fill.key = key;
  flight.canary = true;
  SendFlight(std::move(flight));
}

void Tracking::OnCanary(Canary::Result result, const std::string& detail) {
  switch (result) {
    case Canary::Result::kPushed:
      canary_skips_ = 0;
      if (armed()) return;
      armed_at_ = loop_.Now();
      SetMode(is_pair() ? TrackingMode::kBroadcast : TrackingMode::kTracked, TrackingFault::kNone, {});
      return sink_.OnArmed();
    case Canary::Result::kMissed:
      return Lose(TrackingFault::kCanary, detail);
    case Canary::Result::kRefused:
      return OnCanaryRefused(Words(detail));
    case Canary::Result::kUnproven:
      metrics_.canary_skips.Add();
      if (!armed() || ++canary_skips_ >= options_.canary_skips) Lose(TrackingFault::kConnection, Words(detail));
      return;
  }
}

void Tracking::OnCanaryRefused(const std::string& error) {
  if (error.starts_with("READONLY")) return Lose(TrackingFault::kReadOnly, error);
  if (!armed() || error.starts_with("NOPERM") || error.starts_with("NOAUTH")) {
    return LoseRefused("SET", error);
  }
  // Out of memory, or of disk: pushes come as before.
  metrics_.canary_skips.Add();
}

// ---- down

void Tracking::OnRefused(Lane& lane, const Pending&, const std::string& error) {
  if (&lane == lane_.get()) Lose(TrackingFault::kConnection, Words(error));
}

void Tracking::OnLost(Lane& lane) {
  if (&lane != lane_.get()) return;
  const bool is_nonsense = lane.last_loss() == LaneLoss::kProtocol;
  Lose(is_nonsense ? TrackingFault::kProtocol : TrackingFault::kConnection, Words(lane.RefusalError()));
}

void Tracking::Lose(TrackingFault why, const std::string& detail) {
  const bool was_armed = armed();
  if (was_armed && loop_.Now() - armed_at_ >= options_.good_after) failures_ = 0;
  ++epoch_;
  up_ = false;
  canary_skips_ = 0;
  retry_timer_.Cancel();
  watch_.End();
  canary_.Reset();
  reply_.clear();
  too_large_ = false;
  if (lane_) {
    lane_->Forget(*this);
    lanes_.GiveBack(std::exchange(lane_, nullptr), false);
  }
  std::vector<Flight> flights;
  flights.swap(staged_);
  std::ranges::move(flying_, std::back_inserter(flights));
  std::ranges::move(queued_, std::back_inserter(flights));
  flying_.clear();
  queued_.clear();
  const std::vector<CallDone> calls = calls_.TakeAll();
  Fences fences = std::exchange(waiting_fences_, {});
  for (Fences& ping : pings_) std::ranges::move(ping, std::back_inserter(fences));
  pings_.clear();
  for (auto& fence : broadcasts_.Reset()) fences.push_back(std::move(fence));
  SetMode(TrackingMode::kOff, why, detail);
  if (running_) RetryLater(why);
  if (was_armed) {
    metrics_.losses[static_cast<std::size_t>(why)].Add();
    sink_.OnLost(why);
  }
  for (Flight& flight : flights) {
    flight.result = FillResult::kLost;
    Deliver(std::move(flight));
  }
  for (const CallDone& done : calls) done(nullptr);
  for (const auto& done : fences) done(false);
}

void Tracking::LoseRefused(std::string_view what, std::string_view error) {
  const std::string detail = std::string(what) + ": " + std::string(error);
  Lose(IsPassing(error) ? TrackingFault::kConnection : TrackingFault::kRefused, detail);
}

void Tracking::LoseTooOld(std::string_view version) {
  Lose(TrackingFault::kOldVersion, "the upstream is version " + std::string(version) + ", and 7.0 is needed");
}

void Tracking::RetryLater(TrackingFault why) {
  const bool is_connection = why == TrackingFault::kConnection || why == TrackingFault::kSilent;
  const milliseconds first = is_connection ? lanes_.options().backoff_first : options_.probe_first;
  const milliseconds last = is_connection ? lanes_.options().backoff_last : options_.probe_last;
  const auto delay = std::min(last, first * (1 << std::min(failures_, 12)));
  failures_ = std::min(failures_ + 1, 12);
  retry_timer_.After(
      milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * (0.5 + random_.Unit()))),
      [this] { TakeLane(3); });
}

// One line for a change, however often the upstream is asked in vain.
void Tracking::SetMode(TrackingMode mode, TrackingFault why, const std::string& detail) {
  const bool changed = mode != metrics_.mode() || why != metrics_.fault();
  metrics_.Set(mode, why);
  if (!changed) return;
  if (mode == TrackingMode::kTracked) base::LogInfo("near.tracked", {{"db", std::uint64_t{key_.db}}});
  if (mode == TrackingMode::kBroadcast) base::LogInfo("near.broadcast", {{"db", std::uint64_t{key_.db}}});
  if (mode == TrackingMode::kOff && why != TrackingFault::kStopped) {
    base::LogWarn("near.off", {{"reason", NameOf(why)}, {"error", detail}});
  }
}

}  // namespace herdgate::upstream
