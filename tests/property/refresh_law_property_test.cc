// I21 where the pieces work together: how many of a fleet's pods recompute one value, and how early, where each pod
// has a Refresh and no lease can be had; and that jitter is uniform. (For readers that nothing at all coordinates:
// tests/unit/stampede/x_fetch_test.cc.)
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/policy/ttl_rule.h"
#include "sidecar/stampede/refresh.h"
#include "sidecar/stampede/x_fetch.h"

namespace herdgate::stampede {
namespace {

constexpr std::chrono::nanoseconds kDelta = std::chrono::milliseconds(200);
constexpr std::chrono::seconds kLifetime{60};
constexpr double kRate = 1000;  // reads a second of the whole fleet
constexpr std::uint64_t kKey = 1;

std::chrono::nanoseconds Nanoseconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(seconds));
}

struct Expiry {
  int size = 0;    // recomputes
  double gap = 0;  // before the end of the value's life, in seconds
};

class Fleet {
 public:
  Fleet(std::size_t pods, double beta, std::uint64_t seed) : beta_(beta), random_(seed) {
    for (std::size_t i = 0; i < pods; ++i) pods_.emplace_back(RefreshOptions{.beta = beta});
  }

  // One life of a value, till its first recomputation is stored; readers come at random.
  Expiry Live() {
    const double delta = Seconds(kDelta).count();
    const base::SteadyTime end = now_ + kLifetime;
    // Nobody is due earlier than that but once in ten million lives.
    double left = (std::log(kRate * beta_ * delta) + 16) * beta_ * delta;
    Expiry expiry;
    double filled = 0;  // left then
    while (true) {
      left += std::log(1 - random_.Unit()) / kRate;
      if (left <= filled) break;
      if (!Recomputes(left, end)) continue;
      if (expiry.size++ > 0) continue;
      expiry.gap = left;
      filled = left - delta;
    }
    now_ = end + std::chrono::seconds(1);
    for (Refresh& pod : pods_) pod.Filled(kKey);
    return expiry;
  }

 private:
  bool Recomputes(double left, base::SteadyTime end) {
    Refresh& pod = pods_[random_.Below(pods_.size())];
    const auto count = static_cast<double>(pods_.size());
    const Refresh::Reading reading{
        .left = Nanoseconds(left), .lifetime = kLifetime, .delta = kDelta, .rate = kRate / count, .pods = count};
    if (!pod.Due(reading, random_)) return false;
    return pod.Choose(kKey, {.session = ++session_}, end - Nanoseconds(left)) == Choice::kChosen;
  }

  const double beta_;
  base::Random random_;
  std::deque<Refresh> pods_;
  base::SteadyTime now_{std::chrono::hours(1)};
  std::uint64_t session_ = 0;
};

// The first pod, and of each other one the chance that any of its readers is due until the value is there: the number
// of those is Poisson, its mean exponential with the mean a / P, where a = e^(1/beta) - 1.
double ExpectedSize(double pods, double beta) {
  const double a = XFetchSize(beta) - 1;
  return 1 + (pods - 1) * a / (pods + a);
}

void ExpectTheLaw(std::size_t pods, double beta, std::uint64_t seed) {
  SCOPED_TRACE("pods " + std::to_string(pods) + " beta " + std::to_string(beta));
  constexpr int kLives = 3000;
  Fleet fleet(pods, beta, seed);
  double sizes = 0;
  double squares = 0;
  double gaps = 0;
  for (int i = 0; i < kLives; ++i) {
    const Expiry expiry = fleet.Live();
    ASSERT_GT(expiry.size, 0) << "the value ended before anybody was due";
    sizes += expiry.size;
    squares += expiry.size * expiry.size;
    gaps += expiry.gap;
  }
  const double mean = sizes / kLives;
  const double deviation = std::sqrt((squares / kLives - mean * mean) / kLives);
  EXPECT_NEAR(mean, ExpectedSize(static_cast<double>(pods), beta), 4 * deviation + 1e-9);
  EXPECT_NEAR(gaps / kLives / XFetchGap(kRate, kDelta, beta).count(), 1, 0.05);
}

TEST(RefreshLawPropertyTest, OnePodRecomputesOnce) {
  ExpectTheLaw(1, 1, 1);
  ExpectTheLaw(1, 2, 2);
}

TEST(RefreshLawPropertyTest, WithoutLeasesAFleetStaysBelowTheBoundOfUncoordinatedReaders) {
  ExpectTheLaw(10, 1, 3);
  ExpectTheLaw(50, 1, 4);
  ExpectTheLaw(10, 2, 5);
  EXPECT_LT(ExpectedSize(1e6, 1), XFetchSize(1) + 1e-9);
}

// Kolmogorov and Smirnov, at one in a thousand.
TEST(RefreshLawPropertyTest, JitterIsUniform) {
  base::Random random(6);
  for (const double jitter : {0.1, 0.5, 1.0}) {
    constexpr int kDraws = 50'000;
    constexpr std::chrono::milliseconds kAsked{1'000'000'000};
    std::vector<double> units;
    for (int i = 0; i < kDraws; ++i) {
      const auto applied = policy::ApplyTtl({.jitter = jitter}, kAsked, random).applied;
      units.push_back(static_cast<double>((kAsked - applied).count()) / (jitter * static_cast<double>(kAsked.count())));
    }
    std::sort(units.begin(), units.end());
    double distance = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double unit = units[static_cast<std::size_t>(i)];
      distance = std::max({distance, unit - i / double{kDraws}, (i + 1) / double{kDraws} - unit});
    }
    EXPECT_LT(distance * std::sqrt(kDraws), 1.95) << jitter;
  }
}

}  // namespace
}  // namespace herdgate::stampede
