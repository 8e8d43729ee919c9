#include "sidecar/metrics/buckets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::metrics {
namespace {

// The definition of "le": the first bound that is not below the value.
std::size_t BucketBySearch(const BucketLayout& layout, std::uint64_t value) {
  std::size_t i = 0;
  while (i < layout.size() && value > layout.bound(i)) ++i;
  return i;
}

class BucketLayoutTest : public testing::TestWithParam<const BucketLayout*> {};

TEST_P(BucketLayoutTest, LookUpAgreesWithSearchAroundEveryBound) {
  const BucketLayout& layout = *GetParam();
  for (std::size_t i = 0; i < layout.size(); ++i) {
    for (const std::uint64_t value : {layout.bound(i) - 1, layout.bound(i), layout.bound(i) + 1}) {
      EXPECT_EQ(layout.IndexOf(value), BucketBySearch(layout, value)) << value;
    }
  }
}

TEST_P(BucketLayoutTest, LookUpAgreesWithSearchForRandomValuesOfEveryWidth) {
  const BucketLayout& layout = *GetParam();
  base::Random random(20261120);
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (int n = 0; n < 200; ++n) {
      const std::uint64_t value = random.Next() >> shift;
      ASSERT_EQ(layout.IndexOf(value), BucketBySearch(layout, value)) << value;
    }
  }
}

TEST_P(BucketLayoutTest, ZeroIsInTheFirstBucketAndTheLargestBeyondTheLast) {
  const BucketLayout& layout = *GetParam();
  EXPECT_EQ(layout.IndexOf(0), 0U);
  EXPECT_EQ(layout.IndexOf(std::numeric_limits<std::uint64_t>::max()), layout.size());
}

INSTANTIATE_TEST_SUITE_P(Standard, BucketLayoutTest,
                         testing::Values(&kCommandDurationBuckets, &kProxyOverheadBuckets, &kDepthBuckets));

TEST(BucketLayoutBoundsTest, ShownBoundsAreExactlyTheDecimalsOfTheDesign) {
  const std::vector<double> command{0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015,
                                    0.0025,  0.005,  0.01,   0.025,  0.05,   0.1,     0.25,  1.5};
  const std::vector<double> overhead{1e-06, 2e-06, 5e-06, 1e-05, 2e-05, 5e-05, 0.0001, 0.00025, 0.0005, 0.001, 0.005};
  const auto shown = [](const BucketLayout& layout) {
    std::vector<double> all;
    for (std::size_t i = 0; i < layout.size(); ++i) all.push_back(layout.Shown(layout.bound(i)));
    return all;
  };
  EXPECT_EQ(shown(kCommandDurationBuckets), command);
  EXPECT_EQ(shown(kProxyOverheadBuckets), overhead);
}

TEST(BucketLayoutBoundsTest, ALayoutOfRunTimeIsThatOfCompileTime) {
  const std::vector<std::chrono::nanoseconds> bounds{std::chrono::microseconds(100), std::chrono::milliseconds(1),
                                                     std::chrono::microseconds(1500), std::chrono::milliseconds(2)};
  const BucketLayout made = BucketLayout::FromSeconds(bounds);
  constexpr BucketLayout kSame = BucketLayout::Seconds({std::chrono::microseconds(100), std::chrono::milliseconds(1),
                                                        std::chrono::microseconds(1500), std::chrono::milliseconds(2)});
  ASSERT_EQ(made.size(), kSame.size());
  for (std::uint64_t ns = 0; ns < 3'000'000; ns += 10'007) EXPECT_EQ(made.IndexOf(ns), kSame.IndexOf(ns)) << ns;
}

TEST(BucketLayoutBoundsTest, NoDurationBoundIsAWholeSecond) {
  for (const BucketLayout* layout : {&kCommandDurationBuckets, &kProxyOverheadBuckets}) {
    for (std::size_t i = 0; i < layout->size(); ++i) EXPECT_NE(layout->bound(i) % 1'000'000'000, 0U);
  }
}

}  // namespace
}  // namespace herdgate::metrics
