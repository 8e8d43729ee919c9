#include "sidecar/upstream/lane_pool.h"

#include <algorithm>
#include <utility>

namespace herdgate::upstream {
namespace {

// A second one bridges the time in which the first is replaced.
constexpr std::size_t kSpares = 2;

bool Spent(const Lane& lane) {
  return lane.state() == Lane::State::kRefused || lane.state() == Lane::State::kClosed;
}

}  // namespace

LanePool::LanePool(const LaneContext& context, std::atomic<std::size_t>& dedicated_in_use)
    : context_(context), dedicated_in_use_(dedicated_in_use), silence_timer_(context.loop) {
  context_.loop.EverySecond([this] { EverySecond(); });
}

LanePool::~LanePool() {
  CloseAll();
}

std::shared_ptr<Lane> LanePool::Shared(const LaneKey& key, bool slow) {
  const LaneUse use = slow ? LaneUse::kSlow : LaneUse::kShared;
  for (auto& lane : shared_) {
    if (lane->use() != use || !(lane->key() == key)) continue;
    // One that was refused a moment ago would be again: it answers for itself.
    const bool refused_now = lane->state() == Lane::State::kRefused &&
                             context_.loop.Now() - lane->refused_at() < context_.options.backoff_first;
    if (!Spent(*lane) || refused_now) return lane;
    Discard(std::exchange(lane, std::make_shared<Lane>(context_, key, use)));
    return lane;
  }
  shared_.push_back(std::make_shared<Lane>(context_, key, use));
  // Its clients may soon subscribe or block; what another client sends a moment later should not get there first.
  if (!slow) KeepSpare(key);
  return shared_.back();
}

std::shared_ptr<Lane> LanePool::TakeDedicated(const LaneKey& key, ReplySink& owner) {
  if (dedicated_in_use_.fetch_add(1, std::memory_order_relaxed) >= context_.options.max_dedicated) {
    dedicated_in_use_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  context_.metrics.dedicated_lanes.Add();
  std::shared_ptr<Lane> lane;
  // The one that came back last is the least likely to have been closed by the upstream's idle timeout.
  for (std::size_t i = idle_.size(); i-- > 0 && !lane;) {
    if (Spent(*idle_[i].lane) || !(idle_[i].lane->key() == key)) continue;
    // Redis has less patience with the replies of an older connection that is not logged in.
    if (idle_[i].lane->handshake().unauthenticated) continue;
    lane = std::move(idle_[i].lane);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    context_.metrics.idle_lanes.Sub();
  }
  if (!lane) lane = std::make_shared<Lane>(context_, key, LaneUse::kDedicated);
  lane->set_owner(&owner);
  KeepSpare(key);
  return lane;
}

// Who took one lane will take another: the next one finds a connection that is ready.
void LanePool::KeepSpare(const LaneKey& key) {
  auto spares = static_cast<std::size_t>(
      std::count_if(idle_.begin(), idle_.end(), [&](const Idle& idle) { return idle.lane->key() == key; }));
  for (; spares < std::min(kSpares, context_.options.idle_dedicated); ++spares) {
    idle_.push_back({std::make_shared<Lane>(context_, key, LaneUse::kDedicated), context_.loop.Now()});
    context_.metrics.idle_lanes.Add();
  }
}

void LanePool::GiveBack(std::shared_ptr<Lane> lane, bool clean) {
  dedicated_in_use_.fetch_sub(1, std::memory_order_relaxed);
  context_.metrics.dedicated_lanes.Sub();
  lane->set_owner(nullptr);
  lane->set_pubsub(false);
  const auto same =
      std::count_if(idle_.begin(), idle_.end(), [&](const Idle& idle) { return idle.lane->key() == lane->key(); });
  const bool room = static_cast<std::size_t>(same) < context_.options.idle_dedicated;
  if (!clean || !room || lane->state() != Lane::State::kReady || !lane->idle()) {
    Discard(std::move(lane));
    return;
  }
  lane->SetReading(true);
  idle_.push_back({std::move(lane), context_.loop.Now()});
  context_.metrics.idle_lanes.Add();
}

void LanePool::Discard(std::shared_ptr<Lane> lane) {
  if (lane->use() == LaneUse::kDedicated) lane->Close();
  context_.loop.DestroyLater(std::move(lane));
}

void LanePool::ForgetIdle() {
  context_.metrics.idle_lanes.Sub(static_cast<std::int64_t>(idle_.size()));
  for (Idle& idle : idle_) Discard(std::move(idle.lane));
  idle_.clear();
}

void LanePool::CloseAll() {
  silence_timer_.Cancel();
  ForgetIdle();
  for (auto& lane : shared_) {
    lane->Close();
    context_.loop.DestroyLater(std::move(lane));
  }
  shared_.clear();
}

void LanePool::Abandon() {
  // A callback may make lanes.
  const auto lanes = shared_;
  for (const auto& lane : lanes) lane->Abandon();
}

void LanePool::Hurry() {
  for (const auto& lane : shared_) lane->Hurry();
}

std::shared_ptr<Lane> LanePool::MakeProbe(const LaneKey& key, ReplySink& owner) {
  auto lane = std::make_shared<Lane>(context_, key, LaneUse::kDedicated, Lane::Start::kOnce);
  lane->set_owner(&owner);
  return lane;
}

void LanePool::EverySecond() {
  const auto now = context_.loop.Now();
  if (context_.breaker.watches_silence() && !silence_timer_.armed()) LookForSilence();
  for (auto& lane : shared_) lane->EverySecond();
  for (auto& idle : idle_) idle.lane->EverySecond();
  std::erase_if(shared_, [&](std::shared_ptr<Lane>& lane) {
    const bool unused =
        lane.use_count() == 1 && lane->idle() && now - lane->last_used() > context_.options.idle_timeout;
    if (unused) Discard(std::move(lane));
    return unused;
  });
  std::erase_if(idle_, [&](Idle& idle) {
    const bool stale = Spent(*idle.lane) || now - idle.since > context_.options.idle_timeout;
    if (stale) {
      context_.metrics.idle_lanes.Sub();
      Discard(std::move(idle.lane));
    }
    return stale;
  });
}

void LanePool::LookForSilence() {
  const auto period = std::max(context_.options.timeout / 8, std::chrono::milliseconds(1));
  // One that breaks tells its clients, who may make lanes.
  const auto lanes = shared_;
  for (const auto& lane : lanes) lane->LookForSilence(period);
  // Once more after it was switched off: the lanes that count as silent are told.
  if (context_.breaker.watches_silence()) silence_timer_.After(period, [this] { LookForSilence(); });
}

}  // namespace herdgate::upstream
