// Flights hold what they promise in every order of events, and each rule that their callers must keep is needed: where
// one is left out, the checker notices (a mutation test of flights and checker both).
#include <gtest/gtest.h>

#include <string>

#include "tests/property/flight_model.h"

namespace herdgate::stampede {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSlower = 10;
#else
constexpr int kSlower = 1;
#endif

struct Histories {
  std::string violation;  // the first, with the end of its history; empty: none
  int count = 0;
  std::uint64_t waited = 0;
  std::uint64_t computed = 0;
  std::uint64_t shorts = 0;
};

Histories Tried(FlightMutation mutation, const FlightWeather& weather, std::uint64_t seed, int count) {
  constexpr int kSteps = 1500;
  constexpr std::size_t kShown = 60;
  Histories histories;
  for (; histories.count < count; ++histories.count) {
    FlightModel model(mutation, weather, seed * 1'000'000 + static_cast<std::uint64_t>(histories.count));
    model.Run(kSteps);
    histories.waited += model.waited();
    histories.computed += model.computed();
    histories.shorts += model.shorts();
    if (model.violation().empty()) continue;
    histories.violation = model.violation() + " (history " + std::to_string(histories.count) + ")";
    const auto& log = model.log();
    for (std::size_t i = log.size() > kShown ? log.size() - kShown : 0; i < log.size(); ++i) {
      histories.violation += "\n  " + log[i];
    }
    break;
  }
  return histories;
}

constexpr FlightWeather kStorm{};
constexpr FlightWeather kLosses{.losses = true};
constexpr FlightWeather kRefreshes{.refreshes = true};
constexpr FlightWeather kRefused{.waits_while_leading = false};
constexpr FlightWeather kOneKey{.keys = 1, .lease_time = std::chrono::milliseconds(1000)};
// Nothing fails, and nobody is too slow.
constexpr FlightWeather kCalm{
    .faults = false, .max_wait = std::chrono::milliseconds(60000), .lease_time = std::chrono::milliseconds(60000)};
constexpr FlightWeather kCalmRefreshes{.faults = false,
                                       .refreshes = true,
                                       .max_wait = std::chrono::milliseconds(60000),
                                       .lease_time = std::chrono::milliseconds(60000)};

struct Case {
  const char* name;
  FlightWeather weather;
};

class FlightModelTest : public testing::TestWithParam<Case> {};

TEST_P(FlightModelTest, NoOrderOfEventsBreaksAPromise) {
  const Histories histories = Tried(FlightMutation::kNone, GetParam().weather, 1, 2000 / kSlower);
  EXPECT_EQ(histories.violation, "");
  EXPECT_GT(histories.waited, static_cast<std::uint64_t>(histories.count)) << "waiters are what is checked";
  if (GetParam().weather.faults) {
    EXPECT_GT(histories.shorts, static_cast<std::uint64_t>(histories.count) / 10);
  }
}

INSTANTIATE_TEST_SUITE_P(Weathers, FlightModelTest,
                         testing::Values(Case{"Storm", kStorm}, Case{"Losses", kLosses}, Case{"Refreshes", kRefreshes},
                                         Case{"Refused", kRefused}, Case{"OneKey", kOneKey}, Case{"Calm", kCalm},
                                         Case{"CalmRefreshes", kCalmRefreshes}),
                         [](const auto& param_info) { return param_info.param.name; });

struct Left {
  const char* name;
  FlightMutation mutation;
  FlightWeather weather;
};

class FlightMutationTest : public testing::TestWithParam<Left> {};

TEST_P(FlightMutationTest, TheCheckerNotices) {
  const Histories histories = Tried(GetParam().mutation, GetParam().weather, 1, 3000);
  EXPECT_NE(histories.violation, "");
  RecordProperty("histories", histories.count);
}

INSTANTIATE_TEST_SUITE_P(Rules, FlightMutationTest,
                         testing::Values(Left{"NoTaint", FlightMutation::kNoTaint, kStorm},
                                         Left{"NoCallerGone", FlightMutation::kNoCallerGone, kOneKey},
                                         Left{"NoInvalidated", FlightMutation::kNoInvalidated, kOneKey},
                                         Left{"NoSetDone", FlightMutation::kNoSetDone, kStorm},
                                         Left{"NoDue", FlightMutation::kNoDue, kStorm},
                                         Left{"NoUnpark", FlightMutation::kNoUnpark, kStorm},
                                         Left{"NoReleases", FlightMutation::kNoReleases, kCalm}),
                         [](const auto& param_info) { return param_info.param.name; });

// It saves a look: what overtakes is noticed by the pushes that it causes.
TEST(FlightModelRulesTest, TheOrderOfCallsIsNotNeededForAnyPromise) {
  EXPECT_EQ(Tried(FlightMutation::kCallsReorder, kStorm, 1, 1000 / kSlower).violation, "");
  EXPECT_EQ(Tried(FlightMutation::kCallsReorder, kCalm, 1, 1000 / kSlower).violation, "");
}

}  // namespace
}  // namespace herdgate::stampede
