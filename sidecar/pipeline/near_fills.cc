#include "sidecar/pipeline/near_fills.h"

#include <utility>

#include "sidecar/cache/near_cache_metrics.h"
#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/policy_stage.h"

namespace herdgate::pipeline {
namespace {

cache::Reservation ReservationOf(upstream::FillToken token) {
  return {.seq = token.first, .epoch = static_cast<std::uint32_t>(token.second)};
}

cache::EpochReason ReasonOf(upstream::TrackingFault why) {
  switch (why) {
    case upstream::TrackingFault::kSilent:
      return cache::EpochReason::kTimeout;
    case upstream::TrackingFault::kCanary:
      return cache::EpochReason::kCanary;
    case upstream::TrackingFault::kProtocol:
      return cache::EpochReason::kProtocol;
    case upstream::TrackingFault::kConnection:
      return cache::EpochReason::kConnectionLost;
    case upstream::TrackingFault::kStopped:
      return cache::EpochReason::kConfiguration;
    default:
      return cache::EpochReason::kTrackingOff;
  }
}

constexpr metrics::HistogramFamily kValueBytes{
    "herdgate_near_value_bytes", "Sizes of the values that were read for the near cache.", metrics::kValueBytesBuckets};

constexpr std::size_t kMostValueBytes = std::size_t{1} << 20U;

}  // namespace

NearFills::NearFills(cache::NearCache& cache, LoopContext& home, const upstream::IdentityPtr& identity)
    : cache_(cache),
      home_(home),
      tracking_(home.lanes, {3, home.default_db, identity}, *this, {.max_value = kMostValueBytes}) {}

void NearFills::SetWanted(bool wanted) {
  if (wanted) {
    wanted_.store(true, std::memory_order_relaxed);
    tracking_.Start();
  } else {
    tracking_.Stop();
  }
}

void NearFills::EverySecond() {
  tracking_.EverySecond();
  // Of each shard: a full table is gone through in a minute.
  constexpr std::size_t kSlots = 4096;
  cache_.Reclaim(home_.loop.Now(), kSlots);
}

void NearFills::Collect(metrics::SampleSink& sink) const {
  if (!wanted_.load(std::memory_order_relaxed)) return;
  tracking_.Collect(sink);
  cache::NearCacheMetrics(cache_).Collect(sink);
  sink.Add(kValueBytes, {}, value_bytes_);
  sink.Add(cache::kNearFillRefusals, {{"reason", "pace"}}, refused_by_budget_);
  sink.Add(cache::kNearFillRefusals, {{"reason", "connection"}}, refused_by_tracking_);
}

void NearFills::Request(Wanted wanted) {
  home_.loop.Post([this, wanted = std::move(wanted)] {
    if (!Ask(wanted)) cache_.Cancel(cache_.Hash(wanted.key), wanted.reservation);
  });
}

bool NearFills::Ask(const Wanted& wanted) {
  // What was deleted while the upstream was away may not be deleted there yet.
  if (!home_.lanes.breaker().closed()) {
    refused_by_tracking_.Add();
    return false;
  }
  if (!budget_.Take(home_.loop.Now())) {
    refused_by_budget_.Add();
    return false;
  }
  const upstream::FillToken token{.first = wanted.reservation.seq, .second = wanted.reservation.epoch};
  windows_[wanted.key] = wanted.windows;
  if (tracking_.Fill(wanted.key, token)) return true;
  windows_.erase(wanted.key);
  refused_by_tracking_.Add();
  return false;
}

void NearFills::Fence(net::Loop& loop, std::function<void()> done) {
  if (!armed()) return done();
  home_.loop.Post([this, &loop, done = std::move(done)] {
    const auto back = [&loop, done](bool) { loop.Post(done); };
    tracking_.Fence(back);
  });
}

void NearFills::OnFill(upstream::Filled&& fill) {
  const cache::HashedKey key = cache_.Hash(fill.key);
  const cache::Reservation reservation = ReservationOf(fill.token);
  FillWindows windows;
  if (const auto asked = windows_.find(fill.key); asked != windows_.end()) {
    windows = asked->second;
    windows_.erase(asked);
  }
  if (home_.flights != nullptr) home_.flights->OnRead(fill.key, fill.pttl_ms);
  const auto lifetime = LifetimeOf(fill, windows, home_.loop.Now());
  if (!lifetime || (fill.nil && IsInGrace(key, windows))) return cache_.Cancel(key, reservation);
  if (!fill.nil) value_bytes_.Observe(fill.value.size());
  (void)cache_.Publish(key, reservation, {.nil = fill.nil, .persistent = fill.pttl_ms == -1, .bytes = fill.value},
                       *lifetime);
}

// A nil that took the old value's place would answer readers while the new value is computed.
bool NearFills::IsInGrace(const cache::HashedKey& key, const FillWindows& windows) const {
  const auto expired_for = cache_.Lookup(key, home_.loop.Now()).expired_for;
  return expired_for && *expired_for < windows.stale_while_revalidate;
}

void NearFills::OnFillFailed(upstream::FillToken token, const std::string& key, upstream::FillResult) {
  windows_.erase(key);
  cache_.Cancel(cache_.Hash(key), ReservationOf(token));
}

void NearFills::OnInvalidate(std::string_view key) {
  const cache::HashedKey hashed = cache_.Hash(key);
  cache_.Invalidate(hashed, home_.loop.Now());
  // Kept as expired. A push is told once: what is written from now on must be heard of again, or a value that was
  // replaced and deleted meanwhile would be taken for the last one.
  if (cache_.Lookup(hashed, home_.loop.Now()).expired_for) ReadAgain(key);
  if (desk_ != nullptr) desk_->OnInvalidated(key);
}

void NearFills::ReadAgain(std::string_view key) {
  const policy::SnapshotPtr snapshot = home_.policies == nullptr ? nullptr : home_.policies->snapshot();
  const auto logical = snapshot ? snapshot->Visible(key) : std::nullopt;
  const std::size_t policy = logical ? snapshot->set().Match(*logical) : policy::PolicySet::kNone;
  if (policy == policy::PolicySet::kNone) return;
  const cache::HashedKey hashed = cache_.Hash(key);
  const cache::Reservation reservation = cache_.Reserve(hashed);
  const Wanted wanted{
      .key = std::string(key), .reservation = reservation, .windows = WindowsOf(snapshot->set().at(policy))};
  if (reservation && Ask(wanted)) return;
  // Nobody would hear of it.
  cache_.Drop(hashed, cache::EvictionReason::kInvalidated);
}

void NearFills::OnFlush() {
  cache_.DropAll(cache::EpochReason::kFlush);
  if (desk_ != nullptr) desk_->OnAllInvalidated();
}

void NearFills::OnLost(upstream::TrackingFault why) {
  armed_.store(false, std::memory_order_release);
  cache_.NewEpoch(ReasonOf(why));
  if (desk_ != nullptr) desk_->OnAllInvalidated();
}

void NearFills::OnArmed() {
  budget_.Begin(home_.loop.Now());
  armed_.store(true, std::memory_order_release);
  if (desk_ != nullptr) desk_->OnAllInvalidated();
}

}  // namespace herdgate::pipeline
