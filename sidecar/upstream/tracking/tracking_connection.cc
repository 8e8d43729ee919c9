// Tracking's connection: how it is made and armed, how it is proven, and how it is given up.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/upstream/tracking/tracking.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;

// Before it a push could stand inside another reply, and expiries and full tables went unpushed.
constexpr int kLeastMajor = 7;
// How often a lane that tries by itself to connect is looked at.
constexpr milliseconds kLookEvery{100};

// An error line of RESP, or plain words.
std::string Words(std::string_view line) {
  line.remove_prefix(line.starts_with('-') ? 1 : 0);
  return std::string(line.substr(0, line.find('\r')));
}

bool SaysOn(const resp::Reply& info) {
  for (std::size_t i = 0; i + 1 < info.elements.size(); i += 2) {
    if (info.elements[i].text != "flags") continue;
    return std::ranges::any_of(info.elements[i + 1].elements,
                               [](const resp::Reply& flag) { return flag.text == "on"; });
  }
  return false;
}

// Whether it will be over soon, whatever was asked: tried again as soon as a lost connection.
bool IsPassing(std::string_view error) {
  return error.starts_with("LOADING") || error.starts_with("BUSY") || error.starts_with("MASTERDOWN");
}

}  // namespace

Tracking::Tracking(LanePool& lanes, const LaneKey& key, FillSink& sink, TrackingOptions options)
    : options_(options),
      lanes_(lanes),
      loop_(lanes.loop()),
      key_{3, key.db, key.identity},
      sink_(sink),
      random_(static_cast<std::uint64_t>(base::SystemClock().Now().time_since_epoch().count())),
      retry_timer_(lanes.loop()),
      silence_timer_(lanes.loop()),
      canary_(lanes, key, options_, metrics_, *this) {}

Tracking::~Tracking() {
  Stop();
  loop_.Untouch(*this);
}

void Tracking::Start() {
  if (std::exchange(running_, true)) return;
  failures_ = 0;
  SetMode(TrackingMode::kProbing, TrackingFault::kNone, {});
  retry_timer_.After(milliseconds(0), [this] { TakeLane(); });
}

void Tracking::Stop() {
  if (!std::exchange(running_, false)) return;
  Lose(TrackingFault::kStopped, {});
}

// ---- up

void Tracking::TakeLane() {
  lane_ = lanes_.TakeDedicated(key_, *this);
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
      const bool is_old = error.starts_with("NOPROTO") || error.starts_with("ERR unknown command");
      return Lose(is_old ? TrackingFault::kNoResp3 : TrackingFault::kRefused, error);
    }
    case Lane::State::kClosed:
      return Lose(TrackingFault::kConnection, Words(lane_->RefusalOrUnavailable()));
    default:
      SetMode(TrackingMode::kOff, TrackingFault::kConnection, Words(lane_->RefusalOrUnavailable()));
      retry_timer_.After(kLookEvery, [this] { Await(); });
  }
}

void Tracking::Arm() {
  const std::string& version = lane_->handshake().version;
  const int major = std::atoi(version.c_str());
  if (major > 0 && major < kLeastMajor) {
    return Lose(TrackingFault::kOldVersion, "the upstream is version " + version + ", and 7.0 is needed");
  }
  up_ = true;
  heard_at_ = owed_since_ = loop_.Now();
  Ask(Question::kName, {"CLIENT", "SETNAME", "herdgate-near"});
  Ask(Question::kTracking, {"CLIENT", "TRACKING", "ON", "OPTIN"});
  Ask(Question::kTrackingInfo, {"CLIENT", "TRACKINGINFO"});
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
      if (!SaysOn(reply)) Lose(TrackingFault::kProtocol, "CLIENT TRACKINGINFO does not say that tracking is on");
      return;
    case Question::kServer:
      return ReadServer(reply);
    default:  // a connection without a name is as good
      return;
  }
}

// Another server than before has other values. One that doesn't say (ACL) is taken for the same: what was read before
// is of an older epoch in any case.
void Tracking::ReadServer(const resp::Reply& reply) {
  constexpr std::string_view kField = "run_id:";
  const std::size_t at = reply.is_text() ? reply.text.find(kField) : std::string_view::npos;
  if (at != std::string_view::npos) {
    const std::string_view id = reply.text.substr(at + kField.size());
    const std::string before = std::exchange(run_id_, std::string(id.substr(0, id.find('\r'))));
    const std::uint64_t epoch = epoch_;
    if (!before.empty() && before != run_id_) sink_.OnFlush();
    if (epoch != epoch_) return;
  }
  canary_at_ = loop_.Now();
  canary_.Start();
}

// ---- proof

void Tracking::EverySecond() {
  const auto now = loop_.Now();
  if (armed() && !canary_.under_way() && now - canary_at_ >= options_.canary_every) {
    canary_at_ = now;
    canary_.Start();
  }
  if (!up_ || !lane_->idle() || now - heard_at_ < options_.ping_after) return;
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
      SetMode(TrackingMode::kTracked, TrackingFault::kNone, {});
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

void Tracking::WatchSilence() {
  if (silence_timer_.armed()) return;
  const auto silent = std::chrono::duration_cast<milliseconds>(loop_.Now() - std::max(heard_at_, owed_since_));
  silence_timer_.After(std::max(milliseconds(1), options_.dead_after - silent), [this] {
    if (!up_ || lane_->idle()) return;
    const auto since = loop_.Now() - std::max(heard_at_, owed_since_);
    if (since >= options_.dead_after) return Lose(TrackingFault::kSilent, "no answer");
    WatchSilence();
  });
}

// ---- down

void Tracking::OnRefused(Lane& lane, const Pending&, const std::string& error) {
  if (&lane == lane_.get()) Lose(TrackingFault::kConnection, Words(error));
}

void Tracking::OnLost(Lane& lane) {
  if (&lane != lane_.get()) return;
  const bool is_nonsense = lane.last_loss() == LaneLoss::kProtocol;
  Lose(is_nonsense ? TrackingFault::kProtocol : TrackingFault::kConnection, Words(lane.RefusalOrUnavailable()));
}

void Tracking::Lose(TrackingFault why, const std::string& detail) {
  const bool was_armed = armed();
  if (was_armed && loop_.Now() - armed_at_ >= options_.good_after) failures_ = 0;
  ++epoch_;
  up_ = false;
  canary_skips_ = 0;
  retry_timer_.Cancel();
  silence_timer_.Cancel();
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
  Fences fences = std::exchange(waiting_fences_, {});
  for (Fences& ping : pings_) std::ranges::move(ping, std::back_inserter(fences));
  pings_.clear();
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
  for (const auto& done : fences) done(false);
}

void Tracking::LoseRefused(std::string_view what, std::string_view error) {
  const std::string detail = std::string(what) + ": " + std::string(error);
  Lose(IsPassing(error) ? TrackingFault::kConnection : TrackingFault::kRefused, detail);
}

void Tracking::RetryLater(TrackingFault why) {
  const bool is_connection = why == TrackingFault::kConnection || why == TrackingFault::kSilent;
  const milliseconds first = is_connection ? lanes_.options().backoff_first : options_.probe_first;
  const milliseconds last = is_connection ? lanes_.options().backoff_last : options_.probe_last;
  const auto delay = std::min(last, first * (1 << std::min(failures_, 12)));
  failures_ = std::min(failures_ + 1, 12);
  retry_timer_.After(
      milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * (0.5 + random_.Unit()))),
      [this] { TakeLane(); });
}

// One line for a change, however often the upstream is asked in vain.
void Tracking::SetMode(TrackingMode mode, TrackingFault why, const std::string& detail) {
  const bool changed = mode != metrics_.mode() || why != metrics_.fault();
  metrics_.Set(mode, why);
  if (!changed) return;
  if (mode == TrackingMode::kTracked) base::LogInfo("near.tracked", {{"db", std::uint64_t{key_.db}}});
  if (mode == TrackingMode::kOff && why != TrackingFault::kStopped) {
    base::LogWarn("near.off", {{"reason", NameOf(why)}, {"error", detail}});
  }
}

}  // namespace herdgate::upstream
