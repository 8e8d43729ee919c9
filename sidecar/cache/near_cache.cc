#include "sidecar/cache/near_cache.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "sidecar/cache/hit_curves.h"

namespace herdgate::cache {
namespace {

constexpr std::size_t kLeastBytes = 64U << 10U;
constexpr std::size_t kLargestValuesOfAShard = 8;

NearCacheOptions Lawful(NearCacheOptions options) {
  options.max_bytes = std::max(options.max_bytes, kLeastBytes);
  options.max_value_bytes = std::min(options.max_value_bytes, Entry::kMaxValueBytes);
  return options;
}

std::size_t ShardsOf(const NearCacheOptions& options) {
  std::size_t shards = std::bit_floor(std::max(options.shards, std::size_t{1}));
  while (shards > 1 && options.max_bytes / shards < kLargestValuesOfAShard * options.max_value_bytes) shards /= 2;
  return shards;
}

}  // namespace

NearCache::NearCache(const NearCacheOptions& options) : options_(Lawful(options)) {
  const std::size_t shards = ShardsOf(options_);
  const Shard::Limits limits{.bytes = options_.max_bytes / shards,
                             .value_bytes = options_.max_value_bytes,
                             .reservations = std::max(options_.max_reservations / shards, std::size_t{1})};
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>(limits));
  shard_mask_ = shards - 1;
}

PublishResult NearCache::Publish(const HashedKey& key, Reservation reservation, const Value& value,
                                 const Lifetime& lifetime) {
  const PublishResult result = Of(key).Publish(key, reservation, value, lifetime);
  if (curves_ == nullptr || result != PublishResult::kPublished) return result;
  const auto fresh_for = std::chrono::duration_cast<std::chrono::milliseconds>(lifetime.fresh_until - lifetime.now);
  curves_->Published(key.hash, SizeCurve::Room(key.text.size(), value.bytes.size()), fresh_for, lifetime.now);
  return result;
}

void NearCache::TellDropped(const HashedKey& key) {
  curves_->Dropped(key.hash);
}

std::size_t NearCache::RemoveWhere(const std::function<bool(std::string_view)>& chosen, Removal removal) {
  std::size_t removed = 0;
  for (const auto& shard : shards_) {
    for (const ValueRef& value : shard->HoldAll()) {
      if (!chosen(value.key())) continue;
      const HashedKey key = Hash(value.key());
      removal == Removal::kStale ? MakeStale(key) : Drop(key, EvictionReason::kInvalidated);
      ++removed;
    }
  }
  return removed;
}

void NearCache::Turn(EpochReason reason, bool drops) {
  if (curves_ != nullptr) curves_->NearCleared();
  const std::lock_guard lock(epoch_mutex_);
  ++epoch_;
  ++epochs_[static_cast<std::size_t>(reason)];
  for (const auto& shard : shards_) shard->SetEpoch(epoch_, drops);
}

void NearCache::Reclaim(base::SteadyTime now, std::size_t slots) {
  for (const auto& shard : shards_) shard->Reclaim(FloorMilliseconds(now), slots);
}

NearCacheStats NearCache::Stats() const {
  NearCacheStats stats;
  for (const auto& shard : shards_) shard->AddTo(stats);
  const std::lock_guard lock(epoch_mutex_);
  stats.epochs = epochs_;
  return stats;
}

}  // namespace herdgate::cache
