// What the tests of the near cache share: a clock that only they move, and short ways to fill and to look.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/cache/near_cache.h"

namespace herdgate::cache {

class NearFixture : public testing::Test {
 protected:
  using ms = std::chrono::milliseconds;

  Lifetime For(ms fresh, ms stale) const { return {now_, now_ + fresh, now_ + fresh + stale}; }

  PublishResult Fill(std::string_view key, std::string_view value, ms fresh = ms(5000), ms stale = ms(60000)) {
    const HashedKey hashed = cache_.Hash(key);
    return cache_.Publish(hashed, cache_.Reserve(hashed), {.bytes = value}, For(fresh, stale));
  }
  Found Look(std::string_view key) { return cache_.Lookup(cache_.Hash(key), now_); }
  Freshness FreshnessOf(std::string_view key) { return Look(key).freshness; }
  void Drop(std::string_view key) { cache_.Drop(cache_.Hash(key), EvictionReason::kInvalidated); }
  std::uint64_t Evicted(EvictionReason reason) const {
    return cache_.Stats().evictions[static_cast<std::size_t>(reason)];
  }

  base::SteadyTime now_ = base::SteadyTime(std::chrono::hours(1));
  NearCache cache_{NearCacheOptions{.max_bytes = 1U << 20U, .max_value_bytes = 4096, .seed = 7}};
};

}  // namespace herdgate::cache
