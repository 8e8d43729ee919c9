// Laws of the estimated hit ratios: on the average over all sizes or lifetimes they are within 0.01 of what full
// simulations count, whatever the traffic and whichever keys are sampled; and their memory never grows.
#include <gtest/gtest.h>

#include <malloc.h>

#include "sidecar/cache/hit_curves.h"
#include "tests/property/hit_curve_worlds.h"

namespace herdgate::cache {
namespace {

constexpr double kMostError = 0.01;
constexpr std::size_t kKeys = 200'000;
constexpr std::size_t kRequests = 800'000;

class HitCurveTest : public testing::TestWithParam<Traffic> {};

TEST_P(HitCurveTest, OfSizesIsThatOfFullSimulation) {
  const auto trace = TraceOf(GetParam(), kKeys, kRequests);
  EXPECT_LE(RunSizes(trace, {.seed = 2}).MeanError(), kMostError);
}

TEST_P(HitCurveTest, OfLivesIsThatOfFullSimulation) {
  const auto trace = TraceOf(GetParam(), kKeys, kRequests);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    EXPECT_LE(RunLives(trace, {.seed = seed}).MeanError(), kMostError) << seed;
    EXPECT_LE(RunLives(trace, {.seed = seed, .written_every = 10, .removed_every = 30}).MeanError(), kMostError)
        << seed << ", with keys written and removed";
    EXPECT_LE(RunLives(trace, {.seed = seed, .removed_every = 30, .removals_are_heard = false}).MeanError(), kMostError)
        << seed << ", with keys removed by others";
  }
}

INSTANTIATE_TEST_SUITE_P(Traffic, HitCurveTest,
                         testing::Values(Traffic{"Skewed", 1.0}, Traffic{"Flat", 0.8},
                                         Traffic{.name = "SkewedWithScan", .skew = 1.0, .scan_every = 3},
                                         Traffic{.name = "Shifting", .skew = 0.9, .shift_every = 200'000}),
                         [](const auto& param_info) { return param_info.param.name; });

constexpr Traffic kSkewed{"Skewed", 1.0};

TEST(HitCurvePropertyTest, OfSizesFollowsInvalidations) {
  EXPECT_LE(RunSizes(TraceOf(kSkewed, kKeys, kRequests), {.seed = 3, .dropped_every = 5}).MeanError(), kMostError);
}

TEST(HitCurvePropertyTest, IsCloserWhereAllKeysAreSeen) {
  const auto trace = TraceOf(kSkewed, 5000, kRequests / 2);
  EXPECT_LE(RunSizes(trace, {.seed = 3, .max_bytes = std::size_t{512} << 10U}).MeanError(), kMostError / 2);
  EXPECT_LE(RunLives(trace, {.seed = 3, .written_every = 10}).MeanError(), kMostError / 10);
}

TEST(HitCurvePropertyTest, ThirtyPoliciesOfTenMillionKeysFitAMegabyte) {
  constexpr std::size_t kLoops = 4;
  constexpr std::uint64_t kPolicies = 30;
  constexpr std::size_t kMost = std::size_t{1} << 20U;
  const std::size_t heap = mallinfo2().uordblks;
  base::SteadyTime now{std::chrono::hours(1)};
  const auto curves = std::make_unique<HitCurves>(kLoops, kMost, now);
  std::vector<CurveTerms> terms;
  for (std::uint64_t i = 0; i < kPolicies; ++i)
    terms.push_back({"p" + std::to_string(i), true, true, std::chrono::seconds(5), std::chrono::hours(1)});
  curves->SetPolicies(terms);
  for (std::uint64_t key = 0; key < 10'000'000; ++key) {
    const HitCurves::Lookup lookup{.hash = base::Random(key).Next()};
    const std::uint64_t policy = key % kPolicies;
    HitCurves::Tap& tap = *curves->TapOf(key % kLoops, terms[policy].name);
    if (tap.Counts(lookup.hash, false, false)) curves->LookedUp(tap, lookup, now);
    curves->Published(lookup.hash, 200, std::chrono::seconds(5), now);
    if (tap.Samples(lookup.hash)) curves->Written(tap, lookup.hash, std::chrono::hours(1), now);
    if (key % 20'000 == 0) curves->EverySecond(now += std::chrono::seconds(1));
  }
  EXPECT_LE(curves->bytes(), kMost);
  EXPECT_LE(mallinfo2().uordblks - std::min(heap, mallinfo2().uordblks), kMost + sizeof(CurveTerms) * kPolicies);
  for (const HitCurve& curve : curves->Snapshot(now)) {
    EXPECT_GT(curve.near_keys, 50U) << curve.policy;
    EXPECT_GT(curve.live_keys, 50U) << curve.policy;
  }
}

// The law above can fail: an estimator whose keys take no more room than their own is far off.
TEST(HitCurvePropertyTest, WouldBeWrongIfKeysDidNotStandForOthers) {
  constexpr double kScale = 24;  // about what it comes to
  EXPECT_GT(RunSizes(TraceOf(kSkewed, kKeys, kRequests), {.seed = 2, .believed = kScale}).MeanError(), 10 * kMostError);
}

}  // namespace
}  // namespace herdgate::cache
