// Random histories of flights over several sidecars before one Redis, checked for what flights promise.
//
// Longer: HERDGATE_FLIGHT_SEEDS=100, from HERDGATE_FLIGHT_FIRST on, and --gtest_filter='FlightHistories*'.
// HERDGATE_FLIGHT_DUMP=FILE: there goes a history in which something was found.
#include <cstdlib>
#include <functional>

#include "tests/integration/flight_histories/dump.h"
#include "tests/integration/flight_histories/world.h"

namespace herdgate::integration::flights {
namespace {

// Instrumented code, and machines with other things to do, take their time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr Micros kLag = 1'500'000;
constexpr Micros kSlack = 10'000'000;
#else
constexpr Micros kLag = 400'000;
constexpr Micros kSlack = 5'000'000;
#endif

constexpr Micros kMs = 1000;

const char* Asked(const char* name) {
  return std::getenv(name);
}

class FlightHistories : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }

  // What the seed says; nothing is wrong, the near cache is off, nothing is refreshed.
  static WorldChoices ChoicesOf(std::uint64_t seed) {
    base::Random random(seed);
    WorldChoices choices{.seed = seed};
    choices.pods = 2 + static_cast<int>(random.Below(2));
    choices.loops = random.Below(2) == 0 ? 1 : 3;
    choices.px = 200 + static_cast<std::int64_t>(random.Below(500));
    choices.terms.max_wait = static_cast<Micros>(100 + random.Below(200)) * kMs;
    choices.terms.stale_set = random.Below(2) == 0 ? StaleSet::kShort : StaleSet::kDrop;
    choices.terms.lag = kLag;
    choices.terms.slack = kSlack;
    return choices;
  }

  using Change = std::function<void(WorldChoices&)>;
  using Faults = std::function<void(World&)>;
  static void Histories(std::uint64_t first, int count, const Change& change, const Faults& faults) {
    if (Asked("HERDGATE_FLIGHT_FIRST") != nullptr) first = std::strtoull(Asked("HERDGATE_FLIGHT_FIRST"), nullptr, 10);
    if (Asked("HERDGATE_FLIGHT_SEEDS") != nullptr) count = std::atoi(Asked("HERDGATE_FLIGHT_SEEDS"));
    for (int i = 0; i < count && !HasFailure(); ++i) {
      WorldChoices choices = ChoicesOf(first + static_cast<unsigned>(i));
      change(choices);
      World world(choices);
      const Findings found = world.Run([&] { faults(world); });
      Judge(world, found, choices);
    }
  }
  static void Judge(const World& world, const Findings& found, const WorldChoices& choices) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(found.violations.size(), 4); ++i)
      text += found.violations[i] + "\n";
    EXPECT_EQ(found.violations.size(), 0U) << "seed " << choices.seed << "\n" << text;
    if (!found.violations.empty() && Asked("HERDGATE_FLIGHT_DUMP") != nullptr)
      Dump(world.history(), Asked("HERDGATE_FLIGHT_DUMP"));
    EXPECT_GT(found.reads, 100U);
    EXPECT_GT(found.nils, 10U);
    EXPECT_GT(world.waited(), 10) << "a history in which nobody waited proves nothing; seed " << choices.seed;
    if (Asked("HERDGATE_FLIGHT_SEEDS") == nullptr) return;
    std::printf("seed %llu: %zu values, %zu nils, %zu leaders, %zu late, %zu in full, %zu of living keys; ",
                static_cast<unsigned long long>(choices.seed), found.reads, found.nils, found.claims, found.late,
                found.blind, found.synthetic);
    std::printf("%.0f waited, %.0f refreshed, %.0f stale, slowest %lld us\n", world.waited(), world.refreshed(),
                world.stale(), static_cast<long long>(found.slowest));
    std::fflush(stdout);
  }
  // Of what may happen at any time: leases are short, so that nobody waits long for one of a pod that is gone.
  static void Faulty(WorldChoices& choices) {
    choices.terms.undisturbed = false;
    choices.terms.lease = 500 * kMs;
    choices.terms.refresh = choices.seed % 3 == 0;
    choices.terms.near = choices.seed % 2 == 1;
    choices.terms.stale_window = choices.terms.near && choices.seed % 4 == 1 ? 150 * kMs : 0;
  }
  static void Undisturbed(World&) { World::Sleep(2000); }
};

TEST_F(FlightHistories, HoldWithoutFaults) {
  Histories(
      1000, 2, [](WorldChoices&) {}, Undisturbed);
}

TEST_F(FlightHistories, HoldWithANearCacheAndOldValues) {
  const auto change = [](WorldChoices& choices) {
    choices.terms.near = true;
    choices.terms.stale_window = choices.seed % 2 == 0 ? 0 : 300 * kMs;
    choices.calm = choices.seed % 2 == 1;
  };
  Histories(2000, 2, change, Undisturbed);
}

TEST_F(FlightHistories, HoldWhileKeysAreRefreshed) {
  const auto change = [](WorldChoices& choices) {
    choices.terms.refresh = true;
    choices.terms.near = choices.seed % 2 == 0;
    choices.calm = true;
    choices.flushes = false;
  };
  Histories(3000, 2, change, Undisturbed);
}

TEST_F(FlightHistories, HoldWhileConnectionsAreKilled) {
  Histories(5000, 1, Faulty, [](World& world) {
    for (int round = 0; round < 12; ++round) {
      world.KillOne(world.Below(3) > 0);
      if (world.Below(4) == 0) world.direct().Do({"SCRIPT", "FLUSH"});
      World::Sleep(50 + world.Below(200));
    }
  });
}

TEST_F(FlightHistories, HoldWhileConnectionsAreCut) {
  Histories(6000, 1, Faulty, [](World& world) {
    for (int round = 0; round < 10; ++round) {
      const int pod = world.AnyPod();
      const Micros from = WallNow();
      world.RelayOf(pod).Only(world.Below(2) > 0 ? "\r\nTRACKING\r\n" : "");
      world.RelayOf(pod).Cut();
      World::Sleep(50 + world.Below(200));
      world.Disturbed(pod, from);
    }
  });
}

TEST_F(FlightHistories, HoldWhileConnectionsPause) {
  Histories(7000, 1, Faulty, [](World& world) {
    for (int round = 0; round < 5; ++round) {
      const int pod = world.AnyPod();
      const Micros from = WallNow();
      world.RelayOf(pod).Only(world.Below(2) > 0 ? "\r\nTRACKING\r\n" : "");
      world.RelayOf(pod).holds = true;
      World::Sleep(20 + world.Below(400));
      if (world.Below(3) == 0) world.RelayOf(pod).Cut();
      world.RelayOf(pod).holds = false;
      world.Disturbed(pod, from);
      World::Sleep(100 + world.Below(200));
    }
  });
}

TEST_F(FlightHistories, HoldWhileASidecarStops) {
  Histories(8000, 1, Faulty, [](World& world) {
    World::Sleep(500 + world.Below(500));
    world.StopPod(0);
    World::Sleep(1500);
  });
}

TEST_F(FlightHistories, HoldWithoutScripts) {
  const auto change = [](WorldChoices& choices) { choices.terms.leases = false; };
  Histories(4000, 1, change, Undisturbed);
}

}  // namespace
}  // namespace herdgate::integration::flights
