#include "sidecar/stampede/refresh.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sidecar/stampede/x_fetch.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(5)};

// A hot key a moment before the end of its life: due for nearly every draw.
Refresh::Reading HotReading() {
  return {.left = milliseconds(1), .lifetime = seconds(60), .delta = milliseconds(200), .rate = 1000, .pods = 1};
}

int DueOf(const Refresh& refresh, const Refresh::Reading& reading, int reads = 1000) {
  base::Random random(5);
  int due = 0;
  for (int i = 0; i < reads; ++i) due += refresh.Due(reading, random) ? 1 : 0;
  return due;
}

TEST(RefreshTest, AHotKeyNearItsEndIsDue) {
  EXPECT_GT(DueOf(Refresh(), HotReading()), 990);
}

TEST(RefreshTest, AnotherBetaHoldsAtOnce) {
  Refresh refresh;
  Refresh::Reading reading = HotReading();
  reading.left = milliseconds(600);  // exp(-600 / (beta * 200)) of the reads
  EXPECT_NEAR(DueOf(refresh, reading, 10'000), 2231, 200);
  refresh.SetBeta(1);
  EXPECT_NEAR(DueOf(refresh, reading, 10'000), 498, 100);
}

TEST(RefreshTest, NothingIsDueBeforeTheWindow) {
  Refresh::Reading reading = HotReading();
  reading.lifetime = seconds(10);
  reading.delta = seconds(30);  // an outlier: without the window nearly every read were due
  reading.left = milliseconds(3001);
  EXPECT_EQ(DueOf(Refresh(), reading), 0);
  reading.left = milliseconds(3000);
  EXPECT_GT(DueOf(Refresh(), reading), 900);
}

TEST(RefreshTest, ColdKeysAreNotRefreshed) {
  Refresh::Reading reading = HotReading();
  reading.rate = 2.4;  // * 2 * 0.2 s = 0.96 reads in that time
  EXPECT_EQ(DueOf(Refresh(), reading), 0);
  reading.rate = 2.6;
  EXPECT_GT(DueOf(Refresh(), reading), 990);
}

TEST(RefreshTest, AKeyThatIsColdInEachPodMayBeHotInTheFleet) {
  Refresh::Reading reading = HotReading();
  reading.rate = 0.06;
  reading.pods = 50;
  EXPECT_GT(DueOf(Refresh(), reading), 990);
  reading.pods = 40;
  EXPECT_EQ(DueOf(Refresh(), reading), 0);
}

TEST(RefreshTest, NothingIsDueWhereSomethingIsNotKnown) {
  for (int unknown = 0; unknown < 3; ++unknown) {
    Refresh::Reading reading = HotReading();
    if (unknown == 0) reading.lifetime = nanoseconds(0);
    if (unknown == 1) reading.delta = nanoseconds(0);
    if (unknown == 2) reading.left = nanoseconds(0);
    EXPECT_EQ(DueOf(Refresh(), reading), 0) << unknown;
  }
}

TEST(RefreshTest, TheBudgetBoundsWhatIsShown) {
  Refresh refresh;
  int chosen = 0;
  for (std::uint64_t i = 1; i <= 100; ++i)
    chosen += refresh.Choose(i, {.session = i}, kStart) == Choice::kChosen ? 1 : 0;
  EXPECT_EQ(chosen, 10);
  EXPECT_EQ(refresh.Choices()[static_cast<std::size_t>(Choice::kChosen)], 10U);
  EXPECT_EQ(refresh.Choices()[static_cast<std::size_t>(Choice::kBudget)], 90U);
  for (std::uint64_t i = 0; i < 100; ++i) refresh.Missed(1000 + i);
  chosen = 0;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    chosen += refresh.Choose(200 + i, {.session = 200 + i}, kStart) == Choice::kChosen ? 1 : 0;
  }
  EXPECT_EQ(chosen, 5) << "one for twenty misses";
}

TEST(RefreshTest, WhoIsRefusedByTheBudgetOwesNothing) {
  Refresh refresh({.budget = {.per_second = 1, .miss_share = 0, .burst = 5}});
  EXPECT_EQ(refresh.Choose(1, {.session = 1}, kStart), Choice::kChosen);
  EXPECT_EQ(refresh.Choose(2, {.session = 2}, kStart), Choice::kBudget);
  EXPECT_EQ(refresh.Choose(2, {.session = 2}, kStart + seconds(1)), Choice::kChosen);
}

TEST(RefreshTest, ALostLeaseCostsNoBudget) {
  Refresh refresh({.budget = {.per_second = 1, .miss_share = 0, .burst = 5}});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(refresh.Choose(1, {.session = 1}, kStart), Choice::kChosen);
    refresh.Cancel(1);
    refresh.Cancel(1);
  }
  EXPECT_EQ(refresh.Choose(1, {.session = 1}, kStart), Choice::kChosen);
  EXPECT_EQ(refresh.Choose(2, {.session = 2}, kStart), Choice::kBudget);
}

// The whole cycle with one pod, 50 sessions and readers that come at random, for 300 lives of a value: exactly one
// synthetic miss for each life, never the same session twice in a row, as early as the formula says, nobody ever
// misses.
TEST(RefreshTest, AHotKeyIsRecomputedOnceForEachLifeAndNeverMissed) {
  constexpr double kRate = 200;
  constexpr nanoseconds kLife = seconds(20);
  constexpr nanoseconds kDelta = milliseconds(200);
  Refresh refresh;
  base::Random random(6);
  base::SteadyTime now = kStart;
  base::SteadyTime expires = now + kLife;
  base::SteadyTime fill_at{};
  std::uint64_t last = 0;
  int shown = 0;
  double gaps = 0;
  while (shown < 300) {
    now += std::chrono::duration_cast<nanoseconds>(Seconds(-std::log(1 - random.Unit()) / kRate));
    if (fill_at != base::SteadyTime() && now >= fill_at) {
      refresh.Filled(1);
      expires = fill_at + kLife;
      fill_at = {};
    }
    ASSERT_LT(now, expires) << "a miss, after " << shown;
    const Refresh::Reading reading{.left = expires - now, .lifetime = kLife, .delta = kDelta, .rate = kRate, .pods = 1};
    if (!refresh.Due(reading, random)) continue;
    const std::uint64_t session = 1 + random.Below(50);
    if (refresh.Choose(1, {.session = session}, now) != Choice::kChosen) continue;
    ASSERT_EQ(fill_at, base::SteadyTime()) << "two at once";
    ASSERT_NE(session, last);
    last = session;
    ++shown;
    gaps += Seconds(expires - now).count();
    fill_at = now + kDelta;
  }
  EXPECT_NEAR(gaps / shown / XFetchGap(kRate, kDelta, 2).count(), 1, 0.05);
}

}  // namespace
}  // namespace herdgate::stampede
