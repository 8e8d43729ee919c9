// The checkers notice that the publish guard, the epoch or another rule is gone, in the cache of the product itself:
// the one of the model's histories, and the one of the histories of whole sidecars.
//
// tests/CMakeLists.txt has the linker pass the calls of some of Shard's functions to those below.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/cache/shard.h"
#include "tests/integration/coherence/world.h"
#include "tests/property/near_cache_model.h"

namespace herdgate::cache {
namespace {

enum class LeftOut : std::uint8_t {
  kNothing,
  kPublishGuard,  // a fill is published whether its reservation stands or not
  kEpoch,         // a new epoch is none
  kOwnWrites,     // what the pod writes stays
  kWitness,       // what was read past the cache is not held against it
  kExpiryTime,    // a push up to three seconds before the expiry is taken for the expiry's
  kOwnExpired,    // what the pod writes stays if it has expired
  kExpiredEpoch,  // what has expired may be of any epoch
};

std::atomic<LeftOut> left_out{LeftOut::kNothing};
std::atomic<std::uint64_t> calls{0};
std::atomic<Milliseconds> last_now{0};

// Every near cache of this program is without the rule as long as one of these lives.
class Mutant {
 public:
  explicit Mutant(LeftOut rule) {
    calls = 0;
    left_out = rule;
  }
  ~Mutant() { left_out = LeftOut::kNothing; }
  Mutant(const Mutant&) = delete;
  Mutant& operator=(const Mutant&) = delete;

  // Calls to which the rule applied: 0 if the linker does not pass them here.
  static std::uint64_t Calls() { return calls; }
};

}  // namespace

// What the linker makes of the names: __real_ is the product's, __wrap_ is what is called instead.
#define HERDGATE_PASSED(Result, Name, mangled, ...)                              \
  Result Real##Name(__VA_ARGS__) asm("__real__ZN8herdgate5cache5Shard" mangled); \
  Result Our##Name(__VA_ARGS__) asm("__wrap__ZN8herdgate5cache5Shard" mangled)

HERDGATE_PASSED(void, Invalidate, "10InvalidateERKNS0_9HashedKeyEm", Shard* shard, const HashedKey& key,
                Milliseconds now);

HERDGATE_PASSED(PublishResult, Publish, "7PublishERKNS0_9HashedKeyENS0_11ReservationERKNS0_5ValueERKNS0_8LifetimeE",
                Shard* shard, const HashedKey& key, Reservation reservation, const Value& value,
                const Lifetime& lifetime);
HERDGATE_PASSED(void, SetEpoch, "8SetEpochEjb", Shard* shard, std::uint32_t epoch, bool drops);
HERDGATE_PASSED(void, Drop, "4DropERKNS0_9HashedKeyENS0_14EvictionReasonE", Shard* shard, const HashedKey& key,
                EvictionReason reason);
HERDGATE_PASSED(void, Witness, "7WitnessERKNS0_9HashedKeyERKNS0_5ValueEm", Shard* shard, const HashedKey& key,
                const Value& value, Milliseconds now);

PublishResult OurPublish(Shard* shard, const HashedKey& key, Reservation reservation, const Value& value,
                         const Lifetime& lifetime) {
  last_now = FloorMilliseconds(lifetime.now);
  if (left_out != LeftOut::kPublishGuard) return RealPublish(shard, key, reservation, value, lifetime);
  ++calls;
  RealDrop(shard, key, EvictionReason::kInvalidated);
  const Reservation standing = shard->Reserve(key);
  // The epoch is another rule.
  return RealPublish(shard, key, standing.epoch == reservation.epoch ? standing : reservation, value, lifetime);
}

void OurSetEpoch(Shard* shard, std::uint32_t epoch, bool drops) {
  if (left_out != LeftOut::kEpoch || drops) return RealSetEpoch(shard, epoch, drops);
  ++calls;
}

void OurDrop(Shard* shard, const HashedKey& key, EvictionReason reason) {
  const bool own = reason == EvictionReason::kOwnWrite;
  if (own && left_out == LeftOut::kOwnExpired) {
    ++calls;
    return RealWitness(shard, key, {.nil = true}, last_now);  // spares what has expired
  }
  if (!own || left_out != LeftOut::kOwnWrites) return RealDrop(shard, key, reason);
  ++calls;
}

void OurInvalidate(Shard* shard, const HashedKey& key, Milliseconds now) {
  last_now = now;
  if (left_out != LeftOut::kExpiryTime) return RealInvalidate(shard, key, now);
  ++calls;
  RealInvalidate(shard, key, now + 3000);
}

std::optional<Milliseconds> RealExpiredFor(const Entry* entry, std::uint32_t epoch,
                                           Milliseconds now) asm("__real__ZNK8herdgate5cache5Entry10ExpiredForEjm");
std::optional<Milliseconds> OurExpiredFor(const Entry* entry, std::uint32_t epoch,
                                          Milliseconds now) asm("__wrap__ZNK8herdgate5cache5Entry10ExpiredForEjm");

std::optional<Milliseconds> OurExpiredFor(const Entry* entry, std::uint32_t epoch, Milliseconds now) {
  if (left_out != LeftOut::kExpiredEpoch) return RealExpiredFor(entry, epoch, now);
  ++calls;
  return RealExpiredFor(entry, entry->epoch(), now);
}

void OurWitness(Shard* shard, const HashedKey& key, const Value& value, Milliseconds now) {
  last_now = now;
  if (left_out != LeftOut::kWitness) return RealWitness(shard, key, value, now);
  ++calls;
}

namespace {

// Histories that begin with `first`.
std::string ViolationOfAWalk(int histories, const ModelBounds& bounds = {}, const std::vector<ModelStep>& first = {}) {
  constexpr std::size_t kSteps = 150;
  base::Random random(1);
  for (int history = 0; history < histories; ++history) {
    NearCacheModel model(Mutation::kNone, bounds);
    for (std::size_t i = 0; i < kSteps; ++i) {
      const std::vector<ModelStep> enabled = model.Enabled();
      if (enabled.empty()) break;
      model.Do(i < first.size() ? first[i] : enabled[random.Below(enabled.size())]);
      if (!model.violation().empty()) return model.violation();
    }
  }
  return {};
}

TEST(NearCacheMutant, ModelHoldsWhenNothingIsLeftOut) {
  const Mutant mutant(LeftOut::kNothing);
  EXPECT_EQ(ViolationOfAWalk(2000), "");
}

TEST(NearCacheMutant, ModelNoticesWhateverIsLeftOut) {
  for (const LeftOut rule : {LeftOut::kPublishGuard, LeftOut::kEpoch, LeftOut::kOwnWrites, LeftOut::kWitness}) {
    const Mutant mutant(rule);
    EXPECT_NE(ViolationOfAWalk(20000), "") << static_cast<int>(rule);
    EXPECT_GT(Mutant::Calls(), 0U);
  }
}

TEST(NearCacheMutant, ModelNoticesWhateverIsLeftOutAtAnExpiry) {
  const std::vector<ModelStep> first = ExpiringSoon();
  for (const LeftOut rule : {LeftOut::kNothing, LeftOut::kExpiryTime, LeftOut::kOwnExpired, LeftOut::kExpiredEpoch}) {
    const Mutant mutant(rule);
    EXPECT_EQ(ViolationOfAWalk(20000, kAroundAnExpiry, first).empty(), rule == LeftOut::kNothing)
        << static_cast<int>(rule);
    EXPECT_EQ(Mutant::Calls() > 0, rule != LeftOut::kNothing);
  }
}

// ---- whole sidecars

using integration::coherence::Findings;
using integration::coherence::World;
using integration::coherence::WorldChoices;
using std::chrono::milliseconds;

class SidecarMutant : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!integration::RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  // What is found in the first of `seeds` histories that breaks a promise; nothing if none does.
  template <typename Faults>
  static std::vector<std::string> Found(int seeds, WorldChoices choices, Faults faults) {
    for (int i = 0; i < seeds; ++i, ++choices.seed) {
      World world(choices);
      world.Lag(milliseconds(1000));
      Findings found = world.Run([&] { faults(world); });
      if (!found.violations.empty()) return found.violations;
    }
    return {};
  }
  // Fills are long under way, and own writes overtake them.
  static std::vector<std::string> FoundWhilePushesAreLate(int seeds) {
    return Found(seeds, {.seed = 1, .pods = 1, .writer_pause_us = 20000, .habits = {.writes = 40}}, [](World& world) {
      for (int round = 0; round < 15; ++round) {
        world.RelayOf(0).delay_ms = static_cast<int>(world.random().Below(40));
        World::Sleep(milliseconds(100));
      }
    });
  }
  // What was held before a loss would be shown as long as nobody of the pod writes it, or reads it past the cache while
  // that has no connection: so the reads are few.
  static std::vector<std::string> FoundWhileConnectionsAreKilled(int seeds) {
    const WorldChoices choices{
        .seed = 1,
        .pods = 1,
        .writer_pause_us = 20000,
        .habits = {.writes = 0, .flushes = 0, .pipelines = 0, .pause_us = 20000, .only_gets = true}};
    return Found(seeds, choices, [](World& world) {
      World::Sleep(milliseconds(500));
      world.KillOne(true);
      World::Sleep(milliseconds(1800));
    });
  }
};

TEST_F(SidecarMutant, HistoriesHoldWhenNothingIsLeftOut) {
  const Mutant mutant(LeftOut::kNothing);
  EXPECT_EQ(FoundWhilePushesAreLate(1), std::vector<std::string>());
  EXPECT_EQ(FoundWhileConnectionsAreKilled(1), std::vector<std::string>());
}

TEST_F(SidecarMutant, HistoriesShowThatThePublishGuardIsGone) {
  const Mutant mutant(LeftOut::kPublishGuard);
  EXPECT_NE(FoundWhilePushesAreLate(5), std::vector<std::string>());
  EXPECT_GT(Mutant::Calls(), 0U);
}

TEST_F(SidecarMutant, HistoriesShowThatOwnWritesAreNotSeen) {
  const Mutant mutant(LeftOut::kOwnWrites);
  EXPECT_NE(FoundWhilePushesAreLate(5), std::vector<std::string>());
  EXPECT_GT(Mutant::Calls(), 0U);
}

// One history in three shows it.
TEST_F(SidecarMutant, HistoriesShowThatReadsPastTheCacheAreNotHeldAgainstIt) {
  const Mutant mutant(LeftOut::kWitness);
  EXPECT_NE(FoundWhilePushesAreLate(30), std::vector<std::string>());
  EXPECT_GT(Mutant::Calls(), 0U);
}

TEST_F(SidecarMutant, HistoriesShowThatTheEpochIsGone) {
  const Mutant mutant(LeftOut::kEpoch);
  EXPECT_NE(FoundWhileConnectionsAreKilled(5), std::vector<std::string>());
  EXPECT_GT(Mutant::Calls(), 0U);
}

}  // namespace
}  // namespace herdgate::cache
