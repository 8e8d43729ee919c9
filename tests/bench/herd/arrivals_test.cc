#include "tests/bench/herd/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/bench/herd/sample.h"

namespace herdgate::bench {
namespace {

TEST(Arrivals, DistancesAreExponential) {
  Arrivals arrivals({.rate = 100, .seed = 3});
  Sample distances;
  for (double last = 0; distances.count() < 200000; arrivals.Advance()) {
    distances.Add(arrivals.next().due - last);
    last = arrivals.next().due;
  }
  EXPECT_NEAR(distances.Mean(), 0.01, 0.0001);
  // P(distance > x) = exp(-rate * x)
  EXPECT_NEAR(distances.Quantile(0.5), std::log(2) / 100, 0.0001);
  EXPECT_NEAR(distances.Quantile(0.99), std::log(100) / 100, 0.001);
}

TEST(Arrivals, TheSameSeedAsksTheSameWhateverTheNumberOfPods) {
  Arrivals one({.rate = 10, .keys = 5, .pods = 1, .seed = 7});
  Arrivals many({.rate = 10, .keys = 5, .pods = 50, .seed = 7});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_DOUBLE_EQ(one.next().due, many.next().due);
    ASSERT_EQ(one.next().key, many.next().key);
    one.Advance();
    many.Advance();
  }
}

TEST(Arrivals, KeysAndPodsAreDealtEvenly) {
  Arrivals arrivals({.rate = 1, .keys = 4, .other_keys = 10, .other_share = 0.25, .pods = 8, .seed = 1});
  std::vector<int> keys(4), pods(8);
  int others = 0;
  constexpr int kCount = 80000;
  for (int i = 0; i < kCount; ++i, arrivals.Advance()) {
    ++pods[arrivals.next().pod];
    if (arrivals.next().hot) {
      ++keys.at(arrivals.next().key);
    } else {
      ++others;
      EXPECT_LT(arrivals.next().key, 10U);
    }
  }
  EXPECT_NEAR(others, kCount * 0.25, 500);
  for (const int count : keys) EXPECT_NEAR(count, kCount * 0.75 / 4, 500);
  for (const int count : pods) EXPECT_NEAR(count, kCount / 8.0, 500);
}

}  // namespace
}  // namespace herdgate::bench
