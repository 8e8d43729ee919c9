// Random histories of several sidecars before one Redis, checked for what a coherent near cache promises.
//
// Longer: HERDGATE_COHERENCE_SEEDS=100 and --gtest_filter='*Coherence*'.
#include <cstdlib>

#include "tests/integration/coherence/world.h"

namespace herdgate::integration::coherence {
namespace {

using std::chrono::milliseconds;

// Instrumented code, and machines with other things to do, take their time; the lag is not what is checked here.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr milliseconds kLag{1500};
#else
constexpr milliseconds kLag{400};
#endif

int Seeds(int otherwise) {
  const char* const asked = std::getenv("HERDGATE_COHERENCE_SEEDS");
  return asked == nullptr ? otherwise : std::atoi(asked);
}

class Coherence : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  static void Judge(World& world, const Findings& found, std::uint64_t seed) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(found.violations.size(), 5); ++i)
      text += found.violations[i] + "\n";
    EXPECT_EQ(found.violations.size(), 0U) << "seed " << seed << "\n" << text;
    const double hits = world.NearHits();
    EXPECT_GT(hits, 50) << "a history without hits proves nothing; seed " << seed;
    EXPECT_GT(found.reads, 500U);
    if (std::getenv("HERDGATE_COHERENCE_SEEDS") == nullptr) return;
    std::printf("seed %llu: %zu reads, %.0f near hits, %zu behind, at most %lld us, %zu errors, %zu lines\n",
                static_cast<unsigned long long>(seed), found.reads, hits, found.behind,
                static_cast<long long>(found.most_behind), world.errors(), world.history().log.size());
  }
  template <typename Faults>
  static void Histories(int count, WorldChoices choices, Faults faults) {
    const auto first = choices.seed;
    const Habits habits = choices.habits;
    for (int i = 0; i < Seeds(count) && !HasFailure(); ++i) {
      choices.seed = first + static_cast<unsigned>(i);
      choices.habits = habits;
      // Reads of other kinds, and pipelines, hold what is in the cache against Redis: every third history has none.
      if (choices.seed % 3 == 2) choices.habits.only_gets = true;
      if (choices.seed % 3 == 2) choices.habits.pipelines = 0;
      choices.loops = 1 + static_cast<unsigned>(choices.seed + 1) % 3;
      World world(choices);
      world.Lag(kLag);
      const Findings found = world.Run([&] { faults(world); });
      Judge(world, found, choices.seed);
    }
  }
};

TEST_F(Coherence, HoldsWithoutFaults) {
  Histories(1, {.seed = 1000, .pods = 3}, [](World&) { World::Sleep(milliseconds(1200)); });
}

// A pod's own writes must be seen before any push of theirs.
TEST_F(Coherence, HoldsWhilePushesAreLate) {
  Histories(2, {.seed = 2000, .writer_pause_us = 20000, .habits = {.writes = 60}}, [](World& world) {
    world.Lag(kLag + milliseconds(60));
    for (int round = 0; round < 20; ++round) {
      world.RelayOf(world.AnyPod()).delay_ms = static_cast<int>(world.random().Below(60));
      World::Sleep(milliseconds(80));
    }
  });
}

TEST_F(Coherence, HoldsWhileConnectionsAreKilled) {
  Histories(1, {.seed = 3000}, [](World& world) {
    for (int round = 0; round < 25; ++round) {
      world.KillOne(world.random().Below(3) > 0);
      World::Sleep(milliseconds(20 + world.random().Below(100)));
    }
  });
}

TEST_F(Coherence, HoldsWhileTheTrackedConnectionIsCut) {
  Histories(1, {.seed = 4000}, [](World& world) {
    for (int round = 0; round < 15; ++round) {
      herdgate::testing::Relay& relay = world.RelayOf(world.AnyPod());
      relay.Only(world.random().Below(4) > 0 ? "\r\nTRACKING\r\n" : "");
      relay.Cut();
      World::Sleep(milliseconds(20 + world.random().Below(150)));
    }
  });
}

TEST_F(Coherence, HoldsWhileTheTrackedConnectionPauses) {
  Histories(1, {.seed = 5000}, [](World& world) {
    for (int round = 0; round < 4; ++round) {
      const int pod = world.AnyPod();
      const Micros from = WallNow();
      world.RelayOf(pod).holds = true;
      World::Sleep(milliseconds(50 + world.random().Below(600)));
      if (world.random().Below(3) == 0) world.RelayOf(pod).Cut();
      world.RelayOf(pod).holds = false;
      world.Disturbed(pod, from);
      World::Sleep(milliseconds(100 + world.random().Below(300)));
    }
  });
}

// Longer than a connection may be silent while it owes an answer: what was held from before is not shown any more,
// neither while it hangs nor when it is back.
TEST_F(Coherence, HoldsWhenTheTrackedConnectionHangs) {
  Histories(1, {.seed = 6000, .habits = {.pause_us = 3000}}, [](World& world) {
    World::Sleep(milliseconds(300));
    const Micros from = WallNow();
    const Micros given_up = from + 6'000'000;  // a PING within 2 s, 3 s of patience, looked at each second
    world.RelayOf(0).holds = true;
    World::Sleep(milliseconds(8000));
    world.RelayOf(0).holds = false;
    world.Disturbed(0, from, given_up);
    EXPECT_TRUE(world.AllTrack());
    World::Sleep(milliseconds(300));
  });
}

// Redis tells nobody of a SWAPDB: the pod through which it went knows, the others as soon as their entries are old.
TEST_F(Coherence, HoldsAcrossSwapdb) {
  constexpr milliseconds kTtl{500};
  const WorldChoices choices{.seed = 7000, .near_ttl = kTtl, .habits = {.swaps = 3}};
  Histories(1, choices, [&](World& world) {
    world.Lag(kLag + kTtl);
    World::Sleep(milliseconds(1800));
  });
}

TEST_F(Coherence, ManyFlushes) {
  Histories(1, {.seed = 8000, .habits = {.flushes = 30}}, [](World&) { World::Sleep(milliseconds(1200)); });
}

// The checker is not blind: where pushes are swallowed, and no canary has told yet, values stay that must not.
TEST_F(Coherence, SwallowedPushesAreFound) {
  World world({.seed = 9000});
  world.Lag(milliseconds(200));
  const Findings found = world.Run([&] {
    for (int pod = 0; pod < 2; ++pod) world.RelayOf(pod).drops_pushes = true;
    World::Sleep(milliseconds(2000));
  });
  EXPECT_GT(found.violations.size(), 0U);
}

}  // namespace
}  // namespace herdgate::integration::coherence
