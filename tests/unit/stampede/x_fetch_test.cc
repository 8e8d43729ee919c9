#include "sidecar/stampede/x_fetch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kDelta = milliseconds(200);

nanoseconds After(double seconds) {
  return std::chrono::duration_cast<nanoseconds>(Seconds(seconds));
}

TEST(XFetchTest, NeverFiresWhereItCouldNot) {
  EXPECT_FALSE(XFetchFires(std::chrono::seconds(60), kDelta, 1, 0x1.0p-53));
  EXPECT_FALSE(XFetchFires(milliseconds(1), kDelta, 1, 1.0)) << "ln(1) = 0";
  EXPECT_TRUE(XFetchFires(milliseconds(0), kDelta, 1, 1.0));
}

TEST(XFetchTest, FiresExactlyWhereTheFormulaSays) {
  // -1 * 0.2 s * ln(0.5) = 138.6 ms.
  EXPECT_TRUE(XFetchFires(milliseconds(138), kDelta, 1, 0.5));
  EXPECT_FALSE(XFetchFires(milliseconds(139), kDelta, 1, 0.5));
  EXPECT_TRUE(XFetchFires(milliseconds(277), kDelta, 2, 0.5)) << "beta stretches it";
  EXPECT_FALSE(XFetchFires(milliseconds(278), kDelta, 2, 0.5));
}

TEST(XFetchTest, FiresAsOftenAsTheLawSays) {
  base::Random random(4);
  for (const double ratio : {0.1, 1.0, 3.0}) {
    int fired = 0;
    constexpr int kReads = 200'000;
    for (int i = 0; i < kReads; ++i) {
      fired += XFetchFires(After(ratio * 0.2), kDelta, 1, 1 - random.Unit()) ? 1 : 0;
    }
    const double expected = std::exp(-ratio);
    const double deviation = std::sqrt(expected * (1 - expected) / kReads);
    EXPECT_NEAR(fired / double{kReads}, expected, 4 * deviation) << ratio;
  }
}

TEST(XFetchTest, TheGapOfAKeyReadTooSeldomIsNone) {
  EXPECT_EQ(XFetchGap(0.1, kDelta, 1).count(), 0);
  EXPECT_NEAR(XFetchGap(1000, kDelta, 2).count(), 2.63, 0.01) << "the example of the design: 2.6 s";
}

// Readers that come at random at `rate` and decide alone, until the value that the first one recomputes is there.
struct Expiry {
  std::uint64_t size = 0;
  double gap = 0;  // in seconds
};

Expiry RunExpiry(base::Random& random, double rate, double beta) {
  const double delta = Seconds(kDelta).count();
  // Nobody fires earlier than that but once in ten million expiries.
  const double start = (std::log(rate * beta * delta) + 16) * beta * delta;
  Expiry expiry;
  double filled_at = -1;
  for (double left = start; left > 0 && left > filled_at;) {
    left += std::log(1 - random.Unit()) / rate;
    if (left <= std::max(0.0, filled_at)) break;
    if (!XFetchFires(After(left), kDelta, beta, 1 - random.Unit())) continue;
    if (expiry.size++ == 0) {
      expiry.gap = left;
      filled_at = left - delta;
    }
  }
  return expiry;
}

// I21. Sizes are 1 + Geom(e^(-1/beta)) whatever the rate is: chi-square over the sizes that are expected 20 times or
// more, the rest as one; and the mean gap is beta * D * (ln(r * beta * D) + 0.577) within 5 %.
void ExpectTheLaw(double beta, double rate, std::uint64_t seed) {
  constexpr int kExpiries = 3000;
  base::Random random(seed);
  std::vector<double> seen(100);
  double gaps = 0;
  double sizes = 0;
  for (int i = 0; i < kExpiries; ++i) {
    const Expiry expiry = RunExpiry(random, rate, beta);
    ASSERT_GT(expiry.size, 0U) << "the value expired before anybody fired";
    seen[std::min<std::size_t>(expiry.size, seen.size() - 1)] += 1;
    gaps += expiry.gap;
    sizes += static_cast<double>(expiry.size);
  }
  const double theory = XFetchGap(rate, kDelta, beta).count();
  EXPECT_NEAR(gaps / kExpiries / theory, 1, 0.05);
  EXPECT_NEAR(sizes / kExpiries / XFetchSize(beta), 1, 0.06);

  const double success = std::exp(-1 / beta);
  double chi = 0;
  double rest_expected = kExpiries;
  double rest_seen = kExpiries;
  int freedom = 0;
  for (std::size_t size = 1; size < seen.size(); ++size) {
    const double expected = kExpiries * success * std::pow(1 - success, static_cast<double>(size - 1));
    if (expected < 20) break;
    chi += (seen[size] - expected) * (seen[size] - expected) / expected;
    rest_expected -= expected;
    rest_seen -= seen[size];
    ++freedom;
  }
  chi += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
  // The 99.9th percentile of chi-square (Wilson and Hilferty).
  const double spread = 2.0 / (9.0 * freedom);
  const double limit = freedom * std::pow(1 - spread + 3.09 * std::sqrt(spread), 3);
  EXPECT_GE(freedom, 3);
  EXPECT_LT(chi, limit) << "beta " << beta << " rate " << rate << " freedom " << freedom;
}

TEST(XFetchTest, SizesAndGapsFollowTheLawForBetaOne) {
  ExpectTheLaw(1, 500, 11);
  ExpectTheLaw(1, 5000, 12);
}

TEST(XFetchTest, SizesAndGapsFollowTheLawForBetaTwo) {
  ExpectTheLaw(2, 500, 21);
  ExpectTheLaw(2, 2000, 22);
}

TEST(XFetchTest, SizesAndGapsFollowTheLawForBetaThree) {
  ExpectTheLaw(3, 500, 31);
}

}  // namespace
}  // namespace herdgate::stampede
