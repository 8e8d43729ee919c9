#include "sidecar/pipeline/near_fills.h"

#include <algorithm>
#include <utility>

#include "sidecar/cache/near_cache_metrics.h"
#include "sidecar/pipeline/loop_context.h"

namespace herdgate::pipeline {
namespace {

// Redis pushes the creation of a missing key too; a nil is still kept for a short time only, because it costs most when
// it is wrong.
constexpr std::chrono::milliseconds kMostForNil{1000};

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
  sink.Add(cache::kNearFillRefusals, {{"reason", "pace"}}, refused_by_budget_);
  sink.Add(cache::kNearFillRefusals, {{"reason", "connection"}}, refused_by_tracking_);
}

void NearFills::Request(Wanted wanted) {
  home_.loop.Post([this, wanted = std::move(wanted)] {
    if (!Ask(wanted)) cache_.Cancel(cache_.Hash(wanted.key), wanted.reservation);
  });
}

bool NearFills::Ask(const Wanted& wanted) {
  if (!budget_.Take(home_.loop.Now())) {
    refused_by_budget_.Add();
    return false;
  }
  const upstream::FillToken token{.first = wanted.reservation.seq, .second = wanted.reservation.epoch};
  windows_[wanted.key] = {.max_ttl = wanted.max_ttl, .stale_if_error = wanted.stale_if_error};
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
  Windows windows;
  if (const auto asked = windows_.find(fill.key); asked != windows_.end()) {
    windows = asked->second;
    windows_.erase(asked);
  }
  const auto most = fill.nil ? std::min(windows.max_ttl, kMostForNil) : windows.max_ttl;
  if (most.count() == 0 || (!fill.nil && fill.pttl_ms == -2)) return cache_.Cancel(key, reservation);
  const base::SteadyTime now = home_.loop.Now();
  base::SteadyTime fresh = now + most;
  if (fill.pttl_ms >= 0) fresh = std::min(fresh, fill.asked_at + std::chrono::milliseconds(fill.pttl_ms));
  if (fresh <= now) return cache_.Cancel(key, reservation);
  // What is known to be missing is no better than a miss when it is stale.
  const auto stale = fresh + (fill.nil ? std::chrono::milliseconds(0) : windows.stale_if_error);
  (void)cache_.Publish(key, reservation, {.nil = fill.nil, .persistent = fill.pttl_ms == -1, .bytes = fill.value},
                       {.now = now, .fresh_until = fresh, .stale_until = stale});
}

void NearFills::OnFillFailed(upstream::FillToken token, const std::string& key, upstream::FillResult) {
  windows_.erase(key);
  cache_.Cancel(cache_.Hash(key), ReservationOf(token));
}

void NearFills::OnInvalidate(std::string_view key) {
  cache_.Drop(cache_.Hash(key), cache::EvictionReason::kInvalidated);
}

void NearFills::OnFlush() {
  cache_.DropAll(cache::EpochReason::kFlush);
}

void NearFills::OnLost(upstream::TrackingFault why) {
  armed_.store(false, std::memory_order_release);
  cache_.NewEpoch(ReasonOf(why));
}

void NearFills::OnArmed() {
  budget_.Begin(home_.loop.Now());
  armed_.store(true, std::memory_order_release);
}

}  // namespace herdgate::pipeline
